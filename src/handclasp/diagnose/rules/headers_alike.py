"""Names that a backend takes for one and nginx for two: CGI, WSGI and PHP make X-User and X_User the same variable."""

from collections.abc import Iterator

from handclasp.diagnose.case import Case
from handclasp.diagnose.reach import behind_tls
from handclasp.diagnose.rule import Rule, finding, say
from handclasp.diagnose.rules.headers import identity_headers, passing
from handclasp.model.finding import Finding, Severity, Where
from handclasp.model.origin import Origin
from handclasp.model.verdict import Side

LETTING = "underscores_in_headers"
"""The directive by which names with underscores go through."""


def check(case: Case) -> Iterator[Finding]:
    """Underscores let through, beside headers that tell a backend who the client is."""
    if case.side is not Side.CLIENT:
        return
    told: set[Origin | None] = set()
    for _, server in behind_tls(case):
        setting = server.underscores_in_headers
        names = sorted({header.name for one in passing(server) for header in identity_headers(case, one).values()})
        if not setting.value or not names or setting.origin in told:
            continue
        told.add(setting.origin)
        summary = say(
            "{server} lets header names with underscores through: many backends take {alike} for {name}, of nginx",
            "{server} 放行带下划线的请求头名称：许多后端会把 {alike} 当作只应由 nginx 设置的 {name}",
            server=server.label, alike=names[0].replace("-", "_"), name=names[0],
        )  # fmt: skip
        yield finding("header-spoofable", summary, Where.at(setting.origin, LETTING), severity=Severity.WARNING)


RULES = (Rule("header-alike", ("header-spoofable",), check),)
