"""Clients are verified, and whoever is behind nginx is not told who came."""

from collections.abc import Iterator

from handclasp.diagnose.case import Case
from handclasp.diagnose.reach import ASKING, behind_tls, mentions_client
from handclasp.diagnose.read_behind import UNTOLD, read_behind
from handclasp.diagnose.rule import Rule, finding, say
from handclasp.diagnose.rules.headers import outer_headers, passing
from handclasp.model.finding import Finding, Severity, Where
from handclasp.model.verdict import Side


def check(case: Case) -> Iterator[Finding]:
    """Clients are verified and requests passed on, and no header says who came. Whether the backend wants to know, it knows."""
    if case.side is not Side.CLIENT:
        return
    config = case.stage.config
    silent = [
        (server, location)
        for _, server in behind_tls(case)
        if server.verify_client.value in ASKING
        for location in passing(server)
        if not any(mentions_client(config, header.value) for header in location.headers.value)
        and not read_behind(case, location)
        and not outer_headers(case, server, location)
    ]
    if not silent:
        return
    _, location = silent[0]
    summary = say(
        "{target} is not told who the client is: no header of location {path} says so{more}",
        "没有告诉 {target} 客户端是谁：location {path} 没有这样的请求头{more}",
        target=location.target.value, path=location.path,
        more=say(", nor of {number} others", "，另有 {number} 处也是如此", number=len(silent) - 1)
        if len(silent) > 1 else say("", ""),
    )  # fmt: skip
    yield finding(UNTOLD, summary, Where.at(location.origin, "location"), severity=Severity.NOTICE)


RULES = (Rule("header-told", (UNTOLD,), check),)
