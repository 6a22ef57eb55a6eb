"""Which findings are about one server of many: its own, those of what is around all servers, and of what decides for it."""

from collections.abc import Callable
from typing import cast

from handclasp.diagnose.case import Case
from handclasp.model.finding import Finding
from handclasp.model.origin import Origin
from handclasp.nginxconf.select import sockets
from handclasp.nginxconf.tree import walk

_ACROSS = frozenset(
    {
        "sni-host-split",
        "revoked-client-resumes-session",
        "session-outlives-certificate",
        "tls13-cross-server-session-resumption",
        "early-data-replayed",
        "connection-outlives-revocation",
        "request-by-ip-or-without-sni",
    }
)
"""Causes that may stand in the default server of an address and be the trouble of another."""

Concerns = Callable[[Case, Finding], bool]


def concerns(case: Case, finding: Finding) -> bool:
    """Whether a finding matters to the server that the evidence is about. What stands in no server matters to all."""
    holders = _holders(case).get((finding.where.file, finding.where.line), set[Origin]())
    target = case.stage.scene.answer.origin
    if not holders or target in holders:
        return True
    return finding.cause in _ACROSS and any(
        socket.default.origin in holders and any(server.origin == target for server in socket.servers)
        for socket in sockets(case.stage.config)
    )


def _holders(case: Case) -> dict[tuple[str | None, int | None], set[Origin]]:
    """The servers that have something at a line; a file that several include is in all of them."""
    known = case.stage.config.derived
    if "holders" not in known:
        found: dict[tuple[str | None, int | None], set[Origin]] = {}
        for item, parents in walk(case.stage.tree.directives):
            for block in (item, *parents):
                if block.name == "server" and block.children is not None:
                    at = item.origin
                    found.setdefault((at.file, at.line), set()).add(block.origin)
        known["holders"] = found
    return cast("dict[tuple[str | None, int | None], set[Origin]]", known["holders"])
