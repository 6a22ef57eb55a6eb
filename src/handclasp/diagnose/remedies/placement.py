"""Verification put where it takes place: switched on, insisted upon, on a TLS port, for the name of the handshake."""

from collections.abc import Iterator

from handclasp.diagnose.case import Case
from handclasp.diagnose.entrances import bypasses, meant_open, open_places
from handclasp.diagnose.reach import ASKING, Place, behind_tls, block_at, http_sockets, places
from handclasp.diagnose.remedies.change import RELOAD, Change
from handclasp.diagnose.remedies.config_edit import set_in, with_edits
from handclasp.diagnose.remedies.guard_met import met
from handclasp.diagnose.rule import say
from handclasp.diagnose.rules.error_page import pages
from handclasp.diagnose.rules.other_door import Door, doors
from handclasp.diagnose.rules.placement import listen_at
from handclasp.diagnose.rules.split import guests
from handclasp.model.finding import Applicability, FileEdit, Finding, Where
from handclasp.model.nginx import NginxVersion, TlsServer
from handclasp.model.origin import Origin
from handclasp.model.text import Text
from handclasp.nginxconf.edit import TextEdit, add_argument, insert_ahead, remove, set_arguments
from handclasp.nginxconf.tree import Directive, walk

_GUARD = ("if ($ssl_client_verify != SUCCESS) {", "    return 403;", "}")
_SAME_NAME = ("if ($ssl_server_name != $host) {", "    return 421;", "}")
_TO_TLS = ("if ($scheme = http) {", "    return 301 https://$host$request_uri;", "}")
_EVERYBODY = Text(
    en="every client of this server then needs a certificate: health checks and browsers too",
    zh="此后该 server 的所有客户端都需要证书，包括健康检查和浏览器",
)
_REJECTING = "server {{ listen {address} ssl default_server; ssl_reject_handshake on; return 444; }}"
_REJECT_SINCE = NginxVersion(1, 19, 4)


def insist(case: Case, finding: Finding) -> Iterator[Change]:
    """A guard where there is none, or where it is met; or `on` for the whole server."""
    for socket, server in behind_tls(case):
        for one in bypasses(case, socket, server):
            if _about(finding, one.guard.origin):
                yield from met(case, one)
                yield _switched_on(case, server)
                return
        found = open_places(case, socket, server)
        public = meant_open(case, server, found)
        if any(_about(finding, place.location.origin if place.location else server.origin) for place in public):
            yield _left_open(public)
            return
        if not _about(finding, server.verify_client.origin or server.origin):
            continue
        found = [place for place in found if place not in public]
        everything = {id(place.location) for place in found} >= {id(place.location) for place in places(server)}
        blocks = [server.origin] if everything else [place.location.origin for place in found if place.location]
        yield _inserted(
            case, "guard-requests",
            Text(en="refuse requests without a verified certificate there", zh="在那里拒绝没有经过验证证书的请求"),
            [block for block in blocks if block is not None], _GUARD,
        )  # fmt: skip
        if not public:
            yield _switched_on(case, server)


def _left_open(public: list[Place]) -> Change:
    """Only the owner knows whether a place beside those that are checked is public."""
    return Change(
        id="check-there-too",
        title=say(
            "if it is not public, check there too: {places}", "若并非公开内容，也要在那里检查：{places}",
            places=", ".join(place.uri for place in public[:5]),
        ),
        applicability=Applicability.MANUAL,
        commands=(" ".join(line.strip() for line in _GUARD), RELOAD),
    )  # fmt: skip


def switch_on(case: Case, finding: Finding) -> Iterator[Change]:
    """ssl_verify_client on; in a server beside the one that verifies, with that one's CAs and lists."""
    for door in doors(case):
        if door.socket.listen.tls and _about(finding, door.listen.origin):
            yield _verifies_too(case, door)
            return
    for _, server in behind_tls(case):
        if _about(finding, server.verify_client.origin or server.client_certificate.origin):
            yield _switched_on(case, server)


def _switched_on(case: Case, server: TlsServer) -> Change:
    return Change(
        id="switch-on",
        title=say("set ssl_verify_client on for {server}", "为 {server} 设置 ssl_verify_client on", server=server.label),
        applicability=Applicability.REVIEW,
        edits=set_in(case, server.origin, ("ssl_verify_client", ("on",))),
        commands=(RELOAD,),
        note=_EVERYBODY,
    )


def _verifies_too(case: Case, door: Door) -> Change:
    server = door.server
    files = (server.client_certificate, server.trusted_certificate, server.crl)
    names = ("ssl_client_certificate", "ssl_trusted_certificate", "ssl_crl")
    same = [(name, (each.value,)) for name, each in zip(names, files, strict=True) if each.value]
    depth = [("ssl_verify_depth", (str(server.verify_depth.value),))] if server.verify_depth.origin else []
    return Change(
        id="switch-on",
        title=say(
            "verify on {address} as well, with the same files", "在 {address} 上也用同样的文件验证", address=door.address
        ),
        applicability=Applicability.REVIEW,
        edits=set_in(case, door.other.origin, *same, *depth, ("ssl_verify_client", ("on",))),
        commands=(RELOAD,),
        note=_EVERYBODY,
    )


def listen_tls(case: Case, finding: Finding) -> Iterator[Change]:
    """TLS on that port; or, beside a TLS port, a redirect."""
    for door in doors(case):
        if not door.socket.listen.tls and _about(finding, door.listen.origin):
            yield _to_tls(case, door.other)
            return
    for socket in http_sockets(case, tls=False):
        for server in socket.servers:
            listen = listen_at(server, socket)
            if listen is None or not _about(finding, listen.origin) or server.verify_client.value not in ASKING:
                continue
            if any(one.ssl for one in server.listens):
                yield _to_tls(case, server)
            elif server.certificates.value:
                directive = _directive_at(case, listen.origin)
                yield Change(
                    id="listen-ssl",
                    title=say("add ssl to listen {address}:{port}", "在 listen {address}:{port} 上加 ssl",
                              address=listen.address, port=listen.port),
                    applicability=Applicability.REVIEW,
                    edits=with_edits(case, add_argument(directive, "ssl")) if directive else (),
                    commands=(RELOAD,),
                )  # fmt: skip


def _to_tls(case: Case, server: TlsServer) -> Change:
    title = Text(en="send plain HTTP requests to https", zh="把明文 HTTP 请求转到 https")
    return _inserted(case, "redirect-to-tls", title, [server.origin], _TO_TLS)


def refusal_page(case: Case, finding: Finding) -> Iterator[Change]:
    """Without the codes 495 and 496 nginx refuses by itself."""
    del finding
    edits: list[TextEdit] = []
    for _, server in behind_tls(case):
        for page in pages(server):
            directive = _directive_at(case, page.origin)
            if directive is None:
                continue
            kept = [word for word in directive.args if word not in {"495", "496"}]
            codes = [word for word in kept[:-1] if word.isdigit()]
            edits += set_arguments(directive, kept) if codes else remove(directive)
    if edits:
        yield Change(
            id="refuse-plainly",
            title=Text(en="take 495 and 496 out of error_page", zh="从 error_page 中去掉 495 和 496"),
            applicability=Applicability.REVIEW,
            edits=with_edits(case, edits),
            commands=(RELOAD,),
            note=Text(
                en="a page that explains the refusal may stay, as error_page 495 496 =403 to a location with its own text",
                zh="可以保留说明拒绝原因的页面：用 error_page 495 496 =403 指向一个只含说明文字的 location",
            ),
        )


def same_name(case: Case, finding: Finding) -> Iterator[Change]:
    """Requests for another name than that of the handshake are refused; or handshakes without a known name are."""
    for socket, server in guests(case):
        if not _about(finding, server.origin):
            continue
        yield _inserted(
            case, "compare-sni-and-host",
            Text(en="refuse requests whose Host is not the name of the handshake", zh="拒绝 Host 与握手服务器名不一致的请求"),
            [server.origin], _SAME_NAME,
        )  # fmt: skip
        if case.stage.version >= _REJECT_SINCE:
            yield Change(
                id="reject-unknown-names",
                title=say("give {address} a default server that rejects handshakes", "为 {address} 设置拒绝握手的默认服务器",
                          address=f"{socket.address}:{socket.port}"),
                applicability=Applicability.MANUAL,
                commands=(_REJECTING.format(address=f"{socket.address}:{socket.port}"), RELOAD),
            )  # fmt: skip
        return


def nothing_there(case: Case, finding: Finding) -> Iterator[Change]:
    """Whoever reaches a server that rejects handshakes is sent away."""
    for socket in http_sockets(case):
        default = socket.default
        if Where.at(default.reject_handshake.origin or default.origin, "ssl_reject_handshake") == finding.where:
            title = Text(en="answer nothing there but 421", zh="此处只返回 421")
            yield _inserted(case, "nothing-there", title, [default.origin], ("return 421;",))
            return


def _inserted(case: Case, identity: str, title: Text, blocks: list[Origin], lines: tuple[str, ...]) -> Change:
    edits: list[TextEdit] = []
    for origin in blocks:
        block = block_at(case, origin)
        if block is not None:
            edits += insert_ahead(block, lines)
    known: tuple[FileEdit, ...] = with_edits(case, edits)
    return Change(id=identity, title=title, applicability=Applicability.REVIEW, edits=known, commands=(RELOAD,))


def _about(finding: Finding, origin: Origin | None) -> bool:
    """Whether a finding is about that place."""
    at, where = Where.at(origin), finding.where
    return (where.file, where.line, where.column) == (at.file, at.line, at.column)


def _directive_at(case: Case, origin: Origin | None) -> Directive | None:
    return next((item for item, _ in walk(case.stage.tree.directives) if item.origin == origin), None)
