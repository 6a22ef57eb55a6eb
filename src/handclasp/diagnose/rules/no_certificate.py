"""nginx asked for a certificate and the client sent none."""

from collections.abc import Iterator

from handclasp.diagnose.case import Case
from handclasp.diagnose.log_line import LineKind, read_line
from handclasp.diagnose.rule import Rule, finding, say
from handclasp.model.finding import Finding, Where
from handclasp.model.nginx import VerifyClient
from handclasp.model.verdict import Side


def check(case: Case) -> Iterator[Finding]:
    """The client is said to send none, or the log says so."""
    if case.side is not Side.CLIENT or not case.stage.scene.socket.listen.ssl:
        return
    server = case.stage.scene.handshake
    if server.verify_client.value is not VerifyClient.ON or server.reject_handshake.value:
        return
    logged = [line for line in case.evidence.log_lines if read_line(line).kind is LineKind.NO_CERTIFICATE]
    if case.presented != () and not (case.presented is None and logged):
        return
    summary = say(
        "{server} asks for a client certificate and the client sends none",
        "{server} 要求客户端证书，而客户端没有发送", server=server.label,
    )  # fmt: skip
    origin = server.verify_client.origin
    yield finding(
        "client-sent-no-cert",
        summary,
        Where.at(origin, "ssl_verify_client"),
        *(say("{line}", "{line}", line=line) for line in logged[:1]),
    )


RULES = (Rule("no-certificate", ("client-sent-no-cert",), check),)
