"""What the evidence leaves open, and what to give so that it can be told."""

import re
from collections.abc import Iterable, Iterator

from handclasp.catalogue.openssl_releases import unmeasured
from handclasp.diagnose.case import Case
from handclasp.diagnose.lines import clue_of, said_by
from handclasp.diagnose.log_line import LineKind
from handclasp.model.evidence import ENCRYPTED, NO_KEY
from handclasp.model.finding import CouldNotTell
from handclasp.model.messages import translate
from handclasp.model.nginx import OpensslSeries
from handclasp.model.text import Text
from handclasp.model.verdict import Side

_MISSING = "No such file"
_SENT = Text(en="what the client sends, and so whether it is accepted", zh="客户端发送了什么证书，因而无法判断是否会被接受")
_PRESENTED = Text(
    en="what the upstream presents, and so whether it is accepted", zh="上游出示了什么证书，因而无法判断是否会被接受"
)
_WHERE = Text(en="where the fault is, and which remedy cures it", zh="故障在哪里，以及哪种处理有效")
_PERMISSION = Text(en="read permission for this file", zh="读取该文件的权限")
_AS_IT_STANDS = Text(
    en="the line as it stands in nginx's error log, at level info", zh="nginx 错误日志（info 级别）中的原始日志行"
)
_SHOWN = 120
_WORD = re.compile(r"\w")
_HEADING = re.compile(r"==> .* <==$")  # what tail writes between files
_MOST = 3


def without_configuration(case: Case) -> Iterator[CouldNotTell]:
    """When log lines or a live address are all there is."""
    yield CouldNotTell(question=_WHERE, give=_option("--config"))
    yield from _of_lines(case)


def open_questions(case: Case) -> Iterator[CouldNotTell]:
    """What the peer sends, what files hold, what lines mean."""
    client = case.side is Side.CLIENT
    if not client and case.stage.upstream is None:
        yield _no_way(case)
    elif case.presented is None:
        give = _option("--client-cert" if client else "--upstream-chain")
        yield CouldNotTell(question=_SENT if client else _PRESENTED, give=give)
    for path in case.unread:
        question = Text(en=f"whom {path} trusts: the file was not given", zh=f"{path} 信任哪些 CA：没有提供该文件")
        yield CouldNotTell(question=question, give=_copy(path))
    # Another machine's private keys are nobody's to give, and what was asked for above is asked for once.
    passed_over = {*case.unread, *_key_paths(case)}
    for path, reason in case.evidence.unreadable.items():
        if (path in passed_over and _MISSING in reason) or reason in {ENCRYPTED, NO_KEY}:
            continue
        question = Text(en=f"what {path} holds ({reason})", zh=f"{path} 的内容（{translate(reason, 'zh')}）")
        yield CouldNotTell(question=question, give=_copy(path) if _MISSING in reason else _PERMISSION)
    yield from _of_openssl(case)
    yield from _of_lines(case)


def _of_openssl(case: Case) -> Iterator[CouldNotTell]:
    """An OpenSSL newer than those of the lab's nginx builds: what was foretold is not measured."""
    remark = unmeasured(case.stage.openssl)
    if remark and case.stage.series.since(OpensslSeries.V4_0):
        yield CouldNotTell(question=Text(en=remark, zh=translate(remark, "zh")), give=_option("--prove"))


def _no_way(case: Case) -> CouldNotTell:
    """A server was named that has no upstream: the ones that have."""
    here = case.stage.scene.answer.label
    question = Text(
        en=f"which upstream is meant: no location of {here} passes requests on over TLS",
        zh=f"指的是哪个上游：{here} 没有以 TLS 转发请求的 location",
    )
    others = [one.label for one in case.stage.config.servers if any(location.upstream for location in one.locations)]
    return CouldNotTell(
        question=question, give=_option(" / ".join(f"--server {name}" for name in others[:_MOST]) or "--server")
    )


def _of_lines(case: Case) -> Iterator[CouldNotTell]:
    """Lines that are no nginx's, no client's and no question about either."""
    for line in case.logged:
        untold = line.doubt is None and clue_of(line) is None and said_by(line) is None
        if line.kind is LineKind.UNKNOWN and untold and _WORD.search(line.raw) and not _HEADING.match(line.raw):
            shown = line.raw if len(line.raw) <= _SHOWN else line.raw[:_SHOWN] + "…"
            yield CouldNotTell(
                question=Text(en=f"what this line tells: {shown}", zh=f"这一行的含义：{shown}"), give=_AS_IT_STANDS
            )


def _key_paths(case: Case) -> Iterable[str]:
    for server in case.stage.config.servers:
        yield from server.certificate_keys.value
        for location in server.locations:
            if location.upstream and location.upstream.certificate_key.value:
                yield location.upstream.certificate_key.value


def _option(name: str) -> Text:
    return Text(en=name, zh=name)


def _copy(path: str) -> Text:
    return Text(
        en=f"{path} on this machine, or --chroot with a copy of that machine's files",
        zh=f"把 {path} 放到本机，或用 --chroot 指定那台机器文件的副本",
    )
