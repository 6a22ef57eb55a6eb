"""The page a visitor was shown: nginx's own titles for what went wrong with certificates."""

import re
from collections.abc import Sequence
from dataclasses import replace
from enum import Enum

from handclasp.diagnose.case import Case
from handclasp.diagnose.log_line import LineKind, LogLine
from handclasp.model.finding import Finding, Severity
from handclasp.model.nginx import VerifyClient
from handclasp.model.verdict import Side, Verdict
from handclasp.verdict.client import BAD, MISDIRECTED, NONE_SENT, PLAIN, refused
from handclasp.verdict.upstream import BAD_GATEWAY

_CERTIFICATE_LINES = frozenset({LineKind.NO_CERTIFICATE, LineKind.CLIENT_VERIFY, LineKind.CLIENT_OCSP})


_STATUS = re.compile(r"\s*(\d{3})\b")


class Page(Enum):
    """Pages by the words that tell them from others (ngx_http_special_response.c)."""

    NONE_SENT = "no required ssl certificate was sent"
    BAD = "the ssl certificate error"
    PLAIN = "the plain http request was sent to https port"
    MISDIRECTED = "421 misdirected request"
    BAD_GATEWAY = "502 bad gateway"


_TITLES = {
    Page.NONE_SENT: NONE_SENT, Page.BAD: BAD, Page.PLAIN: PLAIN, Page.MISDIRECTED: MISDIRECTED, Page.BAD_GATEWAY: BAD_GATEWAY,
}  # fmt: skip
_BROKEN_OFF = frozenset({LineKind.TLS_FAILURE, LineKind.UPSTREAM_VERIFY, LineKind.UPSTREAM_NAME})
CERTIFICATE = frozenset({Page.NONE_SENT, Page.BAD})


def shown(case: Case) -> Page | None:
    """What the visitor was shown: as given, pasted among the log lines, or seen by asking."""
    pasted = [line.raw for line in case.logged if line.kind is LineKind.UNKNOWN]
    seen = [item.title or "" for item in reversed(case.evidence.seen) if item.certificate or not case.evidence.presented]
    texts = [case.evidence.answer or "", *pasted, *seen]
    return next((page for text in texts for page in Page if page.value in text.lower()), None)


def as_seen(case: Case, verdict: Verdict | None, findings: Sequence[Finding]) -> Verdict | None:
    """The verdict on this nginx's own part, and on top of it what came of an upstream whose part is not known from here."""
    behind = bool(findings) and findings[0].severity is Severity.ERROR and findings[0].cause.startswith("upstream-")
    if not behind or (verdict is not None and not verdict.admitted):
        return verdict
    known = verdict or Verdict(side=Side.UPSTREAM, status=None, title=None)
    page = shown(case)
    if page is not None:
        title = _TITLES[page]
        return replace(known, status=int(title[:3]), title=title)
    line = next((one for one in case.logged if one.kind in _BROKEN_OFF and one.side is Side.UPSTREAM), None)
    if line is None:
        return verdict
    log = f"{line.message} while {line.context}" if line.context else line.message
    return replace(known, status=502, title=BAD_GATEWAY, log=log)


def let_in(case: Case) -> bool:
    """Whether somebody saw that the visitor was served, whatever these files would say."""
    found = _STATUS.match(case.evidence.answer or "")
    return found is not None and int(found[1]) < 400


def own_lines(case: Case) -> tuple[LogLine, ...]:
    """The lines about clients' certificates that this nginx wrote."""
    return tuple(line for line in case.logged if line.kind in _CERTIFICATE_LINES and not _of_another(case, line))


def lines_behind(case: Case, *kinds: LineKind) -> tuple[LogLine, ...]:
    """Lines of these kinds that another nginx wrote: they name a server that this configuration does not have."""
    return tuple(line for line in case.logged if line.kind in kinds and _of_another(case, line))


def _of_another(case: Case, line: LogLine) -> bool:
    if not line.server or case.evidence.root is None:
        return False
    # The log names a server by its first name, or by its address before a server is chosen.
    return not any(line.server in (*server.names, server.label) for server in case.stage.config.servers) and not any(
        line.server.endswith(f":{one.port}") for server in case.stage.config.servers for one in server.listens
    )


def front_explains(case: Case) -> bool:
    """Whether this nginx itself may have answered with a page about certificates: it verifies, and lets nobody in so."""
    if own_lines(case):
        return True
    server = case.stage.scene.answer
    if server.verify_client.value is VerifyClient.OFF:
        return False
    if case.stage.presented is None:
        return True
    verdict = case.stage.client_verdict(case.stage.presented)
    return refused(server.verify_client.value, verdict.reported) or not verdict.admitted
