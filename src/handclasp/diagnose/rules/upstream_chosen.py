"""A certificate for the upstream is chosen for each request, while what an earlier one was granted stays in use."""

from collections.abc import Iterator

from handclasp.diagnose.case import Case
from handclasp.diagnose.rule import Rule, finding, say
from handclasp.model.finding import Finding, Severity, Where
from handclasp.model.nginx import Location, NginxVersion, TlsUpstream
from handclasp.model.origin import Origin
from handclasp.model.text import Text

_VARIABLES = NginxVersion(1, 21, 0)
"""From here on the certificate for an upstream may be named by a variable."""


def check(case: Case) -> Iterator[Finding]:
    """One finding for each directive that names certificates so, where sessions or connections are used again.

    Measured: neither is told apart by certificate, not where each location has connections of its own either.
    """
    for origin, locations in chosen(case).items():
        upstreams = [location.upstream for location in locations if location.upstream is not None]
        kept = any(keeps(upstream) for upstream in upstreams)
        named = upstreams[0].certificate.value
        summary = say(
            "{directive} {name} is another certificate for another request, but {what} with the upstream are used again"
            " whatever the certificate: a request may come to it under the name of an earlier one",
            "{directive} {name} 随请求而变，但与上游的{what}会重复使用，不区分证书：一个请求可能以先前另一个请求的身份到达上游",
            directive=f"{upstreams[0].module}_ssl_certificate", name=named or "",
            what=_what(sessions=any(one.session_reuse.value for one in upstreams), connections=kept),
        )  # fmt: skip
        where = Where.at(origin, f"{upstreams[0].module}_ssl_certificate")
        yield finding("upstream-session-reuse-trouble", summary, where, severity=Severity.WARNING)


def _what(*, sessions: bool, connections: bool) -> Text:
    if sessions and connections:
        return say("TLS sessions and kept connections", "TLS 会话和保持的连接")
    return say("TLS sessions", "TLS 会话") if sessions else say("kept connections", "保持的连接")


def chosen(case: Case) -> dict[Origin, list[Location]]:
    """Locations whose certificate has a variable and that use something again, by the directive that names it."""
    found: dict[Origin, list[Location]] = {}
    if case.stage.version < _VARIABLES:
        return found
    for server in case.stage.config.servers:
        for location in server.locations:
            upstream = location.upstream
            if upstream is None or "$" not in (upstream.certificate.value or ""):
                continue
            if upstream.certificate.origin and (upstream.session_reuse.value or keeps(upstream)):
                found.setdefault(upstream.certificate.origin, []).append(location)
    return found


def keeps(upstream: TlsUpstream) -> bool:
    """Whether idle connections are kept, be it for the same location alone."""
    return upstream.block is not None and upstream.block.keepalive.value > 0


RULES = (Rule("upstream-chosen", ("upstream-session-reuse-trouble",), check, whole=True),)
