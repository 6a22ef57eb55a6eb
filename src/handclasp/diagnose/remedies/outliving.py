"""Sessions that are not resumed, connections that end, requests that are not taken before the handshake."""

from collections.abc import Iterator

from handclasp.diagnose.case import Case
from handclasp.diagnose.reach import http_sockets
from handclasp.diagnose.remedies.change import RELOAD, Change
from handclasp.diagnose.remedies.config_edit import set_in, set_in_all, with_edits
from handclasp.diagnose.rule import say
from handclasp.diagnose.rules.outliving import lasting, lasting_session, replayable
from handclasp.model.finding import Applicability, Finding, Where
from handclasp.model.text import Text
from handclasp.nginxconf.edit import append_to, set_arguments
from handclasp.nginxconf.tree import named

BOUND = "1m"
"""As in the nginx.conf that Handclasp renders (`render_main`)."""

_BESIDE = ("worker_processes", "user", "pid", "error_log", "load_module")


def sessions(case: Case, finding: Finding) -> Iterator[Change]:
    """No sessions on these sockets: whoever comes shows the certificate, and its date is looked at."""
    for endless in (True, False):
        found = lasting(case, endless=endless)
        place = lasting_session(case, found[0]) if found else None
        if place is None or Where.at(*place) != finding.where:
            continue
        yield Change(
            id="no-sessions",
            title=Text(en="make no sessions that could be resumed", zh="不再产生可恢复的会话"),
            applicability=Applicability.REVIEW,
            edits=set_in_all(
                case,
                dict.fromkeys(socket.default.origin for socket in found),
                ("ssl_session_cache", ("off",)),
                ("ssl_session_tickets", ("off",)),
            ),
            commands=(RELOAD,),
            note=Text(en="every connection then costs a full handshake", zh="此后每个连接都要完整握手"),
        )
        return


def connections(case: Case, finding: Finding) -> Iterator[Change]:
    """Old workers end what is still open after a while."""
    del finding
    top = case.stage.tree.directives
    said = next(iter(named(top, "worker_shutdown_timeout")), None)
    if said is not None:
        edits = set_arguments(said, (BOUND,))
    elif top:
        near = [item for name in _BESIDE for item in named(top, name) if item.source is top[0].source]
        edits = append_to(top[0].source, (f"worker_shutdown_timeout {BOUND};",), after=near[0] if near else None)
    else:
        return
    yield Change(
        id="end-old-connections",
        title=say(
            "end connections from before a reload after {time}: worker_shutdown_timeout {time}",
            "重新加载 {time} 后结束此前的连接：worker_shutdown_timeout {time}", time=BOUND,
        ),
        applicability=Applicability.REVIEW,
        edits=with_edits(case, edits),
        commands=(RELOAD,),
        note=Text(
            en="good clients are cut off too, after every reload, and must connect again",
            zh="每次重新加载后，正常客户端的连接同样会被断开，须重新连接",
        ),
    )  # fmt: skip


def early_data(case: Case, finding: Finding) -> Iterator[Change]:
    """Requests wait for the handshake."""
    for socket in http_sockets(case):
        if replayable(socket) and Where.at(socket.default.early_data.origin, "ssl_early_data") == finding.where:
            yield Change(
                id="no-early-data",
                title=Text(en="take no early data: ssl_early_data off", zh="不接受早期数据：ssl_early_data off"),
                applicability=Applicability.REVIEW,
                edits=set_in(case, socket.default.origin, ("ssl_early_data", ("off",))),
                commands=(RELOAD,),
                note=Text(en="resumed connections take one round trip more", zh="恢复的连接多一次往返"),
            )
            return
