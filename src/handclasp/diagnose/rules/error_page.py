"""error_page for 495 and 496: a refusal answered with 200, or with the very content that it should keep."""

from collections.abc import Iterator

from handclasp.diagnose.case import Case
from handclasp.diagnose.reach import ASKING, answered, behind_tls, places, served
from handclasp.diagnose.rule import Rule, finding, say
from handclasp.model.finding import Finding, Where
from handclasp.model.nginx import TlsServer, VerifyClient
from handclasp.model.nginx_steps import ErrorPage
from handclasp.model.verdict import Side
from handclasp.nginxconf.select import Socket
from handclasp.verdict.answer import error_status
from handclasp.verdict.variables import variables

_REFUSALS = (495, 496)


def pages(server: TlsServer) -> tuple[ErrorPage, ...]:
    """Those that are shown in the place of a refused certificate."""
    return tuple(page for page in server.error_pages if set(page.codes) & set(_REFUSALS))


def check(case: Case) -> Iterator[Finding]:
    """Every server that asks for certificates and answers a refusal with a status below 300."""
    if case.side is not Side.CLIENT:
        return
    for socket, server in behind_tls(case):
        if server.verify_client.value in ASKING:
            yield from _of_server(case, socket, server)


def _of_server(case: Case, socket: Socket, server: TlsServer) -> Iterator[Finding]:
    for page in pages(server):
        answers = [_status(case, server, code) for code in page.codes if code in _REFUSALS]
        without = server.verify_client.value is VerifyClient.ON and any(
            served(answered(case, socket, server, place.uri)) for place in places(server)
        )
        if min(answers) >= 300 and not without:
            continue
        summary = say(
            "error_page turns the refusal of {server} into an answer: a client without certificate gets {status} from {target}",
            "error_page 把 {server} 的拒绝变成了正常响应：没有证书的客户端从 {target} 得到 {status}",
            server=server.label, status=min(answers), target=page.target,
        )  # fmt: skip
        codes = ", ".join(str(code) for code in page.codes)
        shown = say("error_page {codes} ={response} {target}", "error_page {codes} ={response} {target}",
                    codes=codes, response=page.response or "", target=page.target)  # fmt: skip
        yield finding("error-page-495-bypass", summary, Where.at(page.origin, "error_page"), shown)
        return


def _status(case: Case, server: TlsServer, code: int) -> int:
    verify = "NONE" if code == 496 else "FAILED:certificate"
    known = variables(None, verify, host=server.label, sni=server.label)
    return error_status(case.stage.config, server, code, known)


RULES = (Rule("error-page", ("error-page-495-bypass",), check),)
