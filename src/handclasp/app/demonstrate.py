"""Attacks on a sandboxed copy: what is said to be a hole is gone through, so that it need not be believed."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from handclasp.app.attack_lines import command_lines
from handclasp.app.prove_bench import Bench
from handclasp.app.sandbox import Asked, RunningSandbox
from handclasp.diagnose.attempt import Attack, Attempt, Between
from handclasp.diagnose.rule import say
from handclasp.model.finding import Answer, Demonstration
from handclasp.model.probe import TlsVersion
from handclasp.model.text import Text
from handclasp.nginxconf.sandbox import SandboxPlan

_FROM = (
    (b"upstream\n", Text(en="from the backend", zh="来自后端")),
    (b"content\n", Text(en="with the content", zh="及其内容")),
)
_IMPOSTOR = Text(en="from the impostor", zh="来自冒充者")
_NOT_RUN = Text(en="nginx does not start with it", zh="nginx 无法以此启动")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """One attack and what it was answered. `likewise`: the answer to the same without the trick."""

    attack: Attack
    asked: Asked | None
    through: bool
    likewise: Asked | None = None

    @property
    def answer(self) -> Answer:
        """The answer to the request that matters."""
        return answer_of(self.asked) if self.asked else Answer(status=None, title=_NOT_RUN.en)


def answer_of(asked: Asked) -> Answer:
    """What a request was answered, with the line about it that nginx logged last."""
    lines = [line for line in asked.log if "verify error" in line or "certificate" in line or "handshak" in line]
    result = asked.result
    return Answer(status=result.status, title=result.title or result.error, log=lines[-1] if lines else None)


def demonstrate(bench: Bench, running: RunningSandbox, attacks: Iterable[Attack]) -> Tried:
    """The first of several attacks that goes through, or else the first that was answered. The copy is left as it was.

    Raises:
        WorldError: the sandbox fails.
    """
    tries: list[Tried] = []
    for attack in attacks:
        resumes = attack.first is not None and attack.between is Between.SESSION
        for tls in tuple(reversed(TlsVersion)) if resumes else (None,):
            tries.append(_once(bench, running, attack, tls))
            if tries[-1].through:
                return tries[-1]
    return next((tried for tried in tries if tried.asked and tried.asked.result.status is not None), tries[0])


def demonstration(before: Tried, after: Tried | None) -> Demonstration:
    """What is told of an attack, before the remedies and with them."""
    return Demonstration(
        shown=before.through, words=_words(before), steps=command_lines(before.attack), before=before.answer,
        after=after.answer if after else None, shut=not after.through if after else None,
    )  # fmt: skip


def _once(bench: Bench, running: RunningSandbox, attack: Attack, tls: TlsVersion | None) -> Tried:
    staged = bool(attack.serves or attack.revokes)
    if staged:
        running.update(_plan(bench, attack, revoked=attack.at_once))
    try:
        return _carried_out(bench, running, attack, tls) if running.runs else Tried(attack=attack, asked=None, through=False)
    finally:
        if staged:
            running.update(bench.plan())


def _carried_out(bench: Bench, running: RunningSandbox, attack: Attack, tls: TlsVersion | None) -> Tried:
    session = None
    if attack.first is not None:
        first = _ask(bench, running, attack.first, tls)
        session = first.result.session if attack.between is Between.SESSION else None
        if attack.revokes and not attack.at_once:
            running.update(_plan(bench, attack, revoked=True))
    asked = _repeated(bench, running, attack, attack.request, tls, session)
    if not _through(attack, asked) or (session is not None and not asked.result.resumed):
        return Tried(attack=attack, asked=asked, through=False)
    if attack.likewise is None:
        return Tried(attack=attack, asked=asked, through=True)
    if attack.between is Between.UPSTREAM:
        running.forget()
    likewise = _repeated(bench, running, attack, attack.likewise, tls)
    return Tried(attack=attack, asked=asked, through=not _through(attack, likewise), likewise=likewise)


def _repeated(
    bench: Bench,
    running: RunningSandbox,
    attack: Attack,
    attempt: Attempt,
    tls: TlsVersion | None,
    session: bytes | None = None,
) -> Asked:
    """The answer to a request made as often as the attack says: the first that does not go through, or the last."""
    asked = _ask(bench, running, attempt, tls, session)
    for _ in range(attack.times - 1):
        if not _through(attack, asked):
            break
        asked = _ask(bench, running, attempt, tls, session)
    return asked


def _plan(bench: Bench, attack: Attack, *, revoked: bool) -> SandboxPlan:
    asks = not attack.impostor
    stubs = {
        address: bench.stub(upstream, issuer, asks=asks)
        for upstream, issuer in attack.serves
        for address in upstream.addresses
    }  # fmt: skip
    return bench.plan(stubs=stubs, revoking=attack.revokes if revoked else None)


def _ask(
    bench: Bench, running: RunningSandbox, attempt: Attempt, tls: TlsVersion | None, session: bytes | None = None
) -> Asked:
    return running.ask(replace(bench.tried(attempt), tls=tls, session=session), plain=attempt.plain)


def _through(attack: Attack, asked: Asked) -> bool:
    """Content came back, and the backend was told what it must have been told; or the refusal that was to be shown."""
    if attack.expects is not None:
        return asked.result.status == attack.expects
    if asked.result.status is None:
        return False
    # What the backend sends may come under any status, as the page of a refusal.
    if asked.result.status >= 300 and not asked.result.body.startswith(_FROM[0][0]):
        return False
    return attack.told is None or attack.told.encode() in asked.result.body.splitlines()


def _words(tried: Tried) -> Text:
    if not tried.through:
        return say(
            "could not be shown on a copy of this configuration ({who}: {answer}{alike})",
            "在本配置的副本上未能演示（{who}：{answer}{alike}）",
            who=tried.attack.who, answer=_seen(tried.asked), alike=_no_trick(tried),
        )  # fmt: skip
    told = (
        say(", which was told {what}", "，后端收到 {what}", what=tried.attack.told) if tried.attack.told else Text(en="", zh="")
    )
    return say(
        "{who}: {answer}{told}{otherwise}", "{who}：{answer}{told}{otherwise}",
        who=tried.attack.who, answer=_seen(tried.asked, impostor=tried.attack.impostor), told=told, otherwise=_otherwise(tried),
    )  # fmt: skip


def _otherwise(tried: Tried) -> Text:
    if tried.likewise is None:
        return Text(en="", zh="")
    if tried.likewise.result.status == (tried.asked.result.status if tried.asked else None):
        return say("; without that it is not told so", "；不这样做则收不到")
    return say("; without that: {answer}", "；不这样做则得到 {answer}", answer=_seen(tried.likewise))


def _no_trick(tried: Tried) -> Text:
    """The attack went through, and so does the plain request: it shows nothing."""
    return say(", as anybody gets", "，而任何人都会得到同样的结果") if tried.likewise else Text(en="", zh="")


def _seen(asked: Asked | None, *, impostor: bool = False) -> Text:
    if asked is None:
        return _NOT_RUN
    result = asked.result
    words = result.title or result.error or str(result.status)
    source = next((text for body, text in _FROM if result.body.startswith(body)), None)
    source = _IMPOSTOR if source is not None and impostor else source
    if source is None or result.status is None:
        return Text(en=words, zh=words)
    return say("{status} {source}", "{status}（{source}）", status=result.status, source=source)
