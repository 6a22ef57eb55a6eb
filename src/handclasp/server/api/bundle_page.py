"""One-time links for people: a page with a button (programs that look at links in messages press no buttons), then the file."""

import asyncio
from urllib.parse import quote

from handclasp.app.bundle_link import take_bundle
from handclasp.app.home import Home
from handclasp.model.errors import PolicyError
from handclasp.server.api.problem import ProblemError
from handclasp.server.http import Answer, Scope

_PAGE = (
    b'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    b"<title>Your certificate</title></head><body><main><h1>Your certificate</h1>"
    b'<form method="post"><p>This link works once. <button>Download</button></p></form>'
    b'<p lang="zh">\xe6\xad\xa4\xe9\x93\xbe\xe6\x8e\xa5\xe4\xbb\x85\xe8\x83\xbd\xe4\xbd\xbf\xe7\x94\xa8\xe4\xb8\x80'
    b"\xe6\xac\xa1\xe3\x80\x82</p></main></body></html>\n"
)
_GUARD = (
    (b"cache-control", b"no-store"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; form-action 'self'; frame-ancestors 'none'"),
)


class BundlePages:
    """Serves the links. Only connections that a certificate could come by carry them: TLS, or the proxy's socket."""

    def __init__(self, home: Home) -> None:
        self._home = home

    async def answer(self, scope: Scope, token: str) -> Answer:
        """GET: the page, whether the token works or not; POST: the bundle, once."""
        state = scope.get("state") or {}
        if not (state.get("proxy") or scope["scheme"] == "https"):
            raise ProblemError(404)
        if scope["method"] == "GET":
            return Answer(status=200, headers=((b"content-type", b"text/html; charset=utf-8"), *_GUARD), body=_PAGE)
        if scope["method"] != "POST":
            raise ProblemError(405, "", (b"allow", b"GET, POST"))
        try:
            name, content = await asyncio.to_thread(take_bundle, self._home, token)
        except PolicyError as error:
            raise ProblemError(404, error.what) from error
        disposition = f"attachment; filename*=UTF-8''{quote(name)}.p12".encode()
        kind = (b"content-type", b"application/x-pkcs12")
        return Answer(status=200, headers=(kind, (b"content-disposition", disposition), *_GUARD), body=content)
