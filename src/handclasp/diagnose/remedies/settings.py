"""Remedies that are one or two directives."""

from collections.abc import Iterator

from handclasp.diagnose.case import Case
from handclasp.diagnose.reach import block_at
from handclasp.diagnose.remedies.change import RELOAD, Change
from handclasp.diagnose.remedies.config_edit import set_in
from handclasp.diagnose.rule import say
from handclasp.diagnose.rules.depth import needed_depth
from handclasp.model.finding import Applicability, Finding
from handclasp.model.text import Text
from handclasp.verdict.hostname import certificate_names, matches


def depth(case: Case, finding: Finding) -> Iterator[Change]:
    """The depth that the complete path needs, and no more."""
    del finding
    party = case.party
    if party is None or case.whole is None:
        return
    value = str(needed_depth(case))
    yield Change(
        id="raise-verify-depth",
        title=say("set {directive} {value}", "设置 {directive} {value}", directive=party.directives.depth, value=value),
        applicability=Applicability.SAFE,
        edits=set_in(case, party.block, (party.directives.depth, (value,))),
        commands=(RELOAD,),
    )


def log_level(case: Case, finding: Finding) -> Iterator[Change]:
    """The same log at level info."""
    del finding
    server = case.stage.scene.answer
    logs = [log for log in server.error_logs.value if log.path and not log.path.startswith(("syslog:", "memory:"))]
    path = logs[-1].path if logs else "/var/log/nginx/error.log"
    block = block_at(case, server.origin)
    written = next((child for child in block.block if child.name == "error_log" and child.args), None) if block else None
    yield Change(
        id="log-at-info",
        title=say("log at level info: error_log {path} info", "以 info 级别记录：error_log {path} info", path=path),
        applicability=Applicability.SAFE if logs else Applicability.REVIEW,
        edits=set_in(case, server.origin, ("error_log", (written.args[0] if written and logs else path, "info"))),
        commands=(RELOAD,),
        note=Text(
            en="info is chatty on a busy server; go back when you have seen enough",
            zh="info 级别在繁忙的服务器上日志很多，查明原因后可以改回",
        ),
    )


def reload(case: Case, finding: Finding) -> Iterator[Change]:
    """Let nginx read its files."""
    del case, finding
    yield Change(
        id="reload",
        title=Text(en="reload nginx, and after every change from now on", zh="重新加载 nginx，并在以后每次更改之后都重新加载"),
        applicability=Applicability.MANUAL,
        commands=(RELOAD,),
    )


def several(case: Case, finding: Finding) -> Iterator[Change]:
    """Nothing of its own: the other findings have the remedies."""
    del case, finding
    yield Change(
        id="cure-every-finding",
        title=Text(
            en="cure every finding, the first one first; the number nginx shows will change on the way",
            zh="从第一条起逐条处理所有问题；过程中 nginx 显示的错误号会变化",
        ),
        applicability=Applicability.MANUAL,
    )


def upstream_name(case: Case, finding: Finding) -> Iterator[Change]:
    """The name that the certificate bears, asked for by SNI too."""
    del finding
    upstream, party = case.stage.upstream, case.party
    if upstream is None or party is None:
        return
    names = certificate_names(party.leaf)
    hosts = [address.rpartition(":")[0] for address in upstream.addresses]
    fitting = [host for host in hosts if matches(party.leaf, host)]
    concrete = [name for name in (*fitting, *names) if "*" not in name and _is_name(name)]
    if not concrete:
        yield Change(
            id="certificate-with-name",
            title=say(
                "let the upstream get a certificate that bears the DNS name {name}", "让上游换用带有 DNS 名称 {name} 的证书",
                name=upstream.name.value,
            ),
            applicability=Applicability.MANUAL,
        )  # fmt: skip
        return
    module = upstream.module
    settings = ((f"{module}_ssl_name", (concrete[0],)), (f"{module}_ssl_server_name", ("on",)))
    yield Change(
        id="name-the-upstream",
        title=say(
            "set {directive} {name}, and send it as SNI", "设置 {directive} {name}，并作为 SNI 发送",
            directive=f"{module}_ssl_name", name=concrete[0],
        ),
        applicability=Applicability.REVIEW,
        edits=set_in(case, party.block, *settings),
        commands=(RELOAD,),
        note=Text(
            en="make sure that this is the service you mean to reach",
            zh="请确认这正是您想访问的服务",
        ),
    )  # fmt: skip


def _is_name(name: str) -> bool:
    return bool(name) and all(character.isalnum() or character in "-._" for character in name)
