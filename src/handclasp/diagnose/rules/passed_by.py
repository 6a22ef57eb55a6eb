"""A check that is written down and not made: a rewrite ends its block before it, or another location answers."""

from collections.abc import Iterator

from handclasp.diagnose.case import Case
from handclasp.diagnose.entrances import Bypass, bypasses
from handclasp.diagnose.reach import ASKING, behind_tls
from handclasp.diagnose.rule import Rule, finding, say
from handclasp.model.finding import Finding, Where
from handclasp.model.nginx import VerifyClient
from handclasp.model.nginx_steps import Guard, Rewrite, Step
from handclasp.model.text import Text
from handclasp.model.verdict import Side


def check(case: Case) -> Iterator[Finding]:
    """Every check of a server that does not insist by itself, where some request does not meet it."""
    if case.side is not Side.CLIENT:
        return
    for socket, server in behind_tls(case):
        if server.verify_client.value in ASKING - {VerifyClient.ON}:
            for one in bypasses(case, socket, server):
                yield _told(one)


def _told(one: Bypass) -> Finding:
    asked = say("if ({condition})", "if ({condition})", condition=one.guard.condition)
    uri = one.uri if one.method == "GET" else f"{one.method} {one.uri}"
    summary = say(
        "{asked} is not asked of requests for {uri}: whoever has no certificate is served there",
        "对 {uri} 的请求不会执行 {asked}：没有证书的人在那里也能得到响应", asked=asked, uri=uri,
    )  # fmt: skip
    return finding("optional-not-enforced", summary, Where.at(one.guard.origin, "if"), _why(one))


def _why(one: Bypass) -> Text:
    line = one.step.origin.line if one.step and one.step.origin else 0
    if one.limit is not None:
        return say(
            "limit_except {methods} has the place of the location for every other method, and no if of it",
            "对其他方法，limit_except {methods} 取代了这个 location，其中的 if 不再生效",
            methods=" ".join(one.limit.methods),
        )  # fmt: skip
    if one.as_sent:
        return say(
            "the exception in line {line} asks $request_uri, which is what was sent, and another path is served",
            "第 {line} 行的例外判断的是 $request_uri，即客户端发来的原文，而实际提供的是另一个路径", line=line,
        )  # fmt: skip
    if one.step is not None:
        return say(
            "{step}, in line {line}, ends the block before it",
            "第 {line} 行的 {step} 在它之前就结束了这个块", step=_words(one.step), line=line,
        )  # fmt: skip
    answers = f"location {one.answers.modifier} {one.answers.path}" if one.answers else "server"
    guarded = one.guarded.path if one.guarded else "/"
    return say(
        "{answers} comes before the prefix {guarded}, and asks nothing",
        "{answers} 优先于前缀 {guarded}，而那里什么也不检查", answers=answers, guarded=guarded,
    )  # fmt: skip


def _words(step: Step) -> str:
    inside = next((one for one in step.inside if isinstance(one, Rewrite)), step) if isinstance(step, Guard) else step
    if not isinstance(inside, Rewrite) or inside.pattern is None:
        return "break"
    return " ".join(word for word in ("rewrite", inside.pattern, inside.replacement, inside.flag) if word)


RULES = (Rule("passed-by", ("optional-not-enforced",), check),)
