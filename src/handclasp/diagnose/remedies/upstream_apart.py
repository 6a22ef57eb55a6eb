"""Locations that reach one upstream with different TLS settings: none lives on what another one was granted."""

from collections.abc import Iterator

from handclasp.diagnose.case import Case
from handclasp.diagnose.reach import block_at
from handclasp.diagnose.remedies.change import RELOAD, Change
from handclasp.diagnose.remedies.config_edit import with_edits
from handclasp.diagnose.remedies.upstream_chosen import each_anew
from handclasp.diagnose.rules.upstream_tls import pooled, shared
from handclasp.model.finding import Applicability, Finding, Where
from handclasp.model.nginx import Location, TlsUpstream
from handclasp.model.origin import Origin
from handclasp.model.text import Text
from handclasp.nginxconf.edit import TextEdit, add_argument, remove, set_directive
from handclasp.nginxconf.effective_upstream import KEEPALIVE_BY_DEFAULT
from handclasp.nginxconf.tree import walk


def apart(case: Case, finding: Finding) -> Iterator[Change]:
    """No sessions kept where TLS settings differ; an upstream{} for each where connections are kept too."""
    yield from each_anew(case, finding)
    for first, other in shared(case):
        if not _at(finding, other.origin) or first.upstream is None or other.upstream is None:
            continue
        if pooled(first.upstream):
            yield _no_shared_connections(case, first.upstream)
            yield Change(
                id="one-upstream-each",
                title=Text(
                    en="give each TLS identity or policy an upstream{} of its own, with the same servers",
                    zh="为每种 TLS 身份或策略设置各自的 upstream{}，服务器相同",
                ),
                applicability=Applicability.MANUAL,
                commands=(RELOAD,),
            )
            return
        edits = [edit for location in _users(case, first.upstream) for edit in _no_sessions(case, location)]
        yield Change(
            id="no-session-reuse",
            title=Text(en="reuse no TLS sessions with this upstream", zh="不与该上游重用 TLS 会话"),
            applicability=Applicability.SAFE,
            edits=with_edits(case, edits),
            commands=(RELOAD,),
            note=Text(
                en="an upstream{} of its own for each identity keeps sessions, and apart",
                zh="为每种身份单独设置 upstream{}，可以既重用会话又互不影响",
            ),
        )
        return


def _no_shared_connections(case: Case, upstream: TlsUpstream) -> Change:
    """Connections are kept for the location that made them, or not at all; sessions neither."""
    pools = [
        item
        for item, parents in walk(case.stage.tree.directives)
        if upstream.block is not None
        and item.name == "keepalive"
        and item.origin == upstream.block.keepalive.origin
        and parents
    ]
    apart_by_location = case.stage.version >= KEEPALIVE_BY_DEFAULT
    edits = [edit for item in pools for edit in (add_argument(item, "local") if apart_by_location else remove(item))]
    edits += [edit for location in _users(case, upstream) for edit in _no_sessions(case, location)]
    return Change(
        id="no-shared-connections",
        title=Text(
            en="share neither connections nor TLS sessions between these locations",
            zh="这些 location 之间既不共用连接也不共用 TLS 会话",
        ),
        applicability=Applicability.REVIEW,
        edits=with_edits(case, edits),
        commands=(RELOAD,),
        note=Text(
            en="an upstream{} of its own for each identity keeps both, and apart",
            zh="为每种身份单独设置 upstream{}，可以两者都保留且互不影响",
        ),
    )


def _users(case: Case, upstream: TlsUpstream) -> Iterator[Location]:
    """Every location that reaches the same upstream."""
    for server in case.stage.config.servers:
        for location in server.locations:
            other = location.upstream
            if other is not None and (other.block, other.addresses) == (upstream.block, upstream.addresses):
                yield location


def _no_sessions(case: Case, location: Location) -> tuple[TextEdit, ...]:
    block = block_at(case, location.origin) if location.origin else None
    name = f"{location.upstream.module}_ssl_session_reuse" if location.upstream else ""
    return set_directive(block, name, ("off",)) if block else ()


def _at(finding: Finding, origin: Origin | None) -> bool:
    at = Where.at(origin)
    return origin is not None and (finding.where.file, finding.where.line) == (at.file, at.line)
