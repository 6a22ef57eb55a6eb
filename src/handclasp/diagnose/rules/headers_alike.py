"""Names that a backend takes for one and nginx for two: CGI, WSGI and PHP make X-User and X_User the same variable."""

from collections.abc import Iterator

from handclasp.diagnose.case import Case
from handclasp.diagnose.reach import behind_tls
from handclasp.diagnose.rule import Rule, finding, say
from handclasp.diagnose.rules.headers import identity_headers, passing
from handclasp.model.finding import Finding, Severity, Where
from handclasp.model.nginx import TlsServer
from handclasp.model.origin import Origin
from handclasp.model.verdict import Side

LETTING = {"underscores_in_headers": "off", "ignore_invalid_headers": "on"}
"""The directives by which names with underscores go through, each as nginx has it by default, when none does."""


def check(case: Case) -> Iterator[Finding]:
    """Underscores let through, beside headers that tell a backend who the client is."""
    if case.side is not Side.CLIENT:
        return
    told: set[Origin | None] = set()
    for _, server in behind_tls(case):
        by_name = {
            "underscores_in_headers": server.underscores_in_headers,
            "ignore_invalid_headers": server.ignore_invalid_headers,
        }
        names = sorted({header.name for one in passing(server) for header in identity_headers(case, one).values()})
        for directive, setting in by_name.items():
            if setting.value is (LETTING[directive] == "on") or not names or setting.origin in told:
                continue
            told.add(setting.origin)
            yield _letting(server, names[0], setting.origin, directive)


def _letting(server: TlsServer, name: str, origin: Origin | None, directive: str) -> Finding:
    summary = say(
        "{server} lets header names with underscores through: many backends take {alike} for {name}, of nginx",
        "{server} 放行带下划线的请求头名称：许多后端会把 {alike} 当作只应由 nginx 设置的 {name}",
        server=server.label, alike=name.replace("-", "_"), name=name,
    )  # fmt: skip
    return finding("header-spoofable", summary, Where.at(origin, directive), severity=Severity.WARNING)


RULES = (Rule("header-alike", ("header-spoofable",), check),)
