"""A certificate for the upstream that is chosen for each request: nothing of an earlier request is used again."""

from collections.abc import Iterator

from handclasp.diagnose.case import Case
from handclasp.diagnose.reach import block_at
from handclasp.diagnose.remedies.change import RELOAD, Change
from handclasp.diagnose.remedies.config_edit import with_edits
from handclasp.diagnose.rules.upstream_chosen import chosen, keeps
from handclasp.model.finding import Applicability, Finding, Where
from handclasp.model.nginx import Location
from handclasp.model.text import Text
from handclasp.nginxconf.edit import TextEdit, remove, set_directive
from handclasp.nginxconf.effective_upstream import KEEPALIVE_BY_DEFAULT
from handclasp.nginxconf.tree import named


def each_anew(case: Case, finding: Finding) -> Iterator[Change]:
    """No sessions and no connections from one request to the next; nothing where the finding is not of this kind."""
    for origin, locations in chosen(case).items():
        at = Where.at(origin)
        if (finding.where.file, finding.where.line) != (at.file, at.line):
            continue
        edits = [edit for location in locations for edit in (*_no_sessions(case, location), *_no_connections(case, location))]
        kept = any(location.upstream is not None and keeps(location.upstream) for location in locations)
        yield Change(
            id="nothing-used-again",
            title=Text(
                en="make a connection and a TLS session anew for each request to this upstream",
                zh="对该上游的每个请求都新建连接和 TLS 会话",
            ),
            applicability=Applicability.REVIEW if kept else Applicability.SAFE,
            edits=with_edits(case, edits),
            commands=(RELOAD,),
            note=Text(
                en="a location and an upstream{} for each certificate, named without a variable, keep both, and apart",
                zh="为每个证书单独设置 location 和 upstream{}，且不用变量指定证书，可以两者都保留且互不影响",
            ),
        )


def _no_sessions(case: Case, location: Location) -> tuple[TextEdit, ...]:
    upstream, block = location.upstream, block_at(case, location.origin) if location.origin else None
    if upstream is None or block is None or not upstream.session_reuse.value:
        return ()
    return set_directive(block, f"{upstream.module}_ssl_session_reuse", ("off",))


def _no_connections(case: Case, location: Location) -> tuple[TextEdit, ...]:
    upstream = location.upstream
    pool = upstream.block if upstream is not None else None
    block = block_at(case, pool.origin) if pool is not None and pool.origin is not None and pool.keepalive.value else None
    if block is None:
        return ()
    if case.stage.version >= KEEPALIVE_BY_DEFAULT:
        return set_directive(block, "keepalive", ("0",))
    return tuple(edit for item in named(block.block, "keepalive") for edit in remove(item))
