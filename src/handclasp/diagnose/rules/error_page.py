"""error_page for 495 and 496: a refusal answered with 200, or with the very content that it should keep."""

from collections.abc import Iterator

from handclasp.diagnose.case import Case
from handclasp.diagnose.entrances import shares_content
from handclasp.diagnose.reach import ASKING, answered, behind_tls, places, served
from handclasp.diagnose.rule import Rule, finding, say
from handclasp.model.finding import Finding, Where
from handclasp.model.nginx import TlsServer, VerifyClient
from handclasp.model.nginx_steps import ErrorPage
from handclasp.model.text import Text
from handclasp.model.verdict import Side
from handclasp.nginxconf.select import Socket
from handclasp.verdict.answer import Outcome, error_outcome
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
        answers = [_outcome(case, server, code) for code in page.codes if code in _REFUSALS]
        status = min(one.status for one in answers)
        # Whatever its status says: what the backend sends is the body, and what was asked of it is done.
        passed_on = status >= 300 and any(shares_content(server, one.location) and not one.bare for one in answers)
        without = server.verify_client.value is VerifyClient.ON and any(
            served(answered(case, socket, server, place.uri)) for place in places(server)
        )
        if status >= 300 and not without and not passed_on:
            continue
        yield finding(
            "error-page-495-bypass", (_passed_on if passed_on else _turned)(server, page, status),
            Where.at(page.origin, "error_page"), _shown(page),
        )  # fmt: skip
        return


def _turned(server: TlsServer, page: ErrorPage, status: int) -> Text:
    return say(
        "error_page turns the refusal of {server} into an answer: a client without certificate gets {status} from {target}",
        "error_page 把 {server} 的拒绝变成了正常响应：没有证书的客户端从 {target} 得到 {status}",
        server=server.label, status=status, target=page.target,
    )  # fmt: skip


def _passed_on(server: TlsServer, page: ErrorPage, status: int) -> Text:
    return say(
        "error_page sends the requests that {server} refuses to its backend, by {target}: it carries them out, and its answer"
        " goes to a client without certificate, under status {status}",
        "error_page 把 {server} 拒绝的请求经 {target} 交给了后端：后端照样执行，其响应以状态 {status} 返回给没有证书的客户端",
        server=server.label, status=status, target=page.target,
    )  # fmt: skip


def _shown(page: ErrorPage) -> Text:
    codes = " ".join(str(code) for code in page.codes)
    sign = "" if page.response is None else f" ={page.response or ''}"
    words = f"error_page {codes}{sign} {page.target}"
    return Text(en=words, zh=words)


def _outcome(case: Case, server: TlsServer, code: int) -> Outcome:
    verify = "NONE" if code == 496 else "FAILED:certificate"
    known = variables(None, verify, host=server.label, sni=server.label)
    return error_outcome(case.stage.config, server, code, known)


RULES = (Rule("error-page", ("error-page-495-bypass",), check),)
