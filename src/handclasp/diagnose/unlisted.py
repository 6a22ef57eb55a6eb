"""A client whose certificate is good and whom the configuration refuses by what it says: whether that is meant is asked."""

from collections.abc import Iterator

from handclasp.diagnose.case import Case
from handclasp.diagnose.rules.authorization import expectations, shut_out
from handclasp.model.evidence import Wish
from handclasp.model.finding import CouldNotTell
from handclasp.model.text import Text
from handclasp.model.verdict import Side
from handclasp.verdict.variables import variables

_GIVE = Text(
    en="an entry for this client where these values are compared; or --expect refused, when it is meant to stay out",
    zh="在比较这些值的地方为该客户端添加一项；若本来就不该放行，请用 --expect refused",
)


def unlisted(case: Case) -> Iterator[CouldNotTell]:
    """What the maps and ifs compare of this client, and what it has there."""
    if case.side is not Side.CLIENT or case.evidence.wish is Wish.REFUSED or not case.presented or not shut_out(case):
        return
    host = case.stage.scene.host
    known = variables(case.presented[0], "SUCCESS", host=host, sni=case.stage.scene.sni)
    compared = dict.fromkeys(item.variable for item in expectations(case) if item.variable in known)
    compared.pop("ssl_client_verify", None)
    if not compared or case.verdict is None:
        return
    values = ", ".join(f"${name} = {known[name]}" for name in compared)
    yield CouldNotTell(
        question=Text(
            en=f"whether this client should get in: its certificate is good, and a map or an if answers"
            f" {case.verdict.status} to {values}",
            zh=f"该客户端是否应当放行：其证书没有问题，而 map 或 if 对 {values} 返回 {case.verdict.status}",
        ),
        give=_GIVE,
    )
