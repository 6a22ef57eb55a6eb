"""Files newer than what the running nginx has read: CA files, CRLs and certificates are read at start and reload only."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from handclasp.diagnose.case import Case
from handclasp.diagnose.page import let_in
from handclasp.diagnose.rule import Rule, finding, say
from handclasp.diagnose.rules.sessions import survives_reload
from handclasp.model.evidence import Wish
from handclasp.model.finding import Confidence, Finding, Severity, Where
from handclasp.model.nginx import NginxVersion
from handclasp.model.text import Text
from handclasp.model.verdict import Side
from handclasp.nginxconf.tree import named

REUSES_OBJECTS = NginxVersion(1, 27, 4)
"""From here on a reload keeps CA files, CRLs and certificates whose inode and second of change are as before."""

OF_CRL = frozenset({3, 8, 11, 12, 23, 35})
"""Verification errors that CRLs are the reason for."""


def check(case: Case) -> Iterator[Finding]:
    """One finding for stale trust, one for stale CRLs. An error when the log shows what they don't explain."""
    loaded = case.evidence.loaded
    if loaded is None:
        yield from _served_all_the_same(case)
        return
    trust, lists = _files(case)
    told = False
    for cause, paths in (("ca-changed-without-reload", trust), ("client-crl-changed-without-reload", lists)):
        newer = _newer(case, paths)
        if newer:
            told = True
            yield _stale(case, cause, newer, loaded)
    if not told:
        yield from _served_all_the_same(case)


def stale(case: Case) -> bool:
    """Whether nginx has not read what its files hold today: that explains a line that they do not."""
    return any(_newer(case, paths) for paths in _files(case))


def _newer(case: Case, paths: Iterable[str]) -> list[str]:
    loaded, changed = case.evidence.loaded, case.evidence.changed
    return [path for path in paths if loaded is not None and path in changed and changed[path] > loaded]


def _served_all_the_same(case: Case) -> Iterator[Finding]:
    """A revoked client got in, and neither a session of before nor another server can be the reason: nginx has another list."""
    scene, verdict = case.stage.scene, case.verdict
    if case.side is not Side.CLIENT or case.evidence.wish is not Wish.REFUSED or not let_in(case) or verdict is None:
        return
    alone = len(scene.socket.servers) == 1 and survives_reload(scene.handshake, case.stage.version) is None
    path = scene.handshake.crl.value
    if alone and path and verdict.reported is not None and verdict.reported.number in OF_CRL and not verdict.admitted:
        summary = say(
            "this client was served, and {file} refuses it: nginx runs with what that was before, or another one answered",
            "该客户端得到了服务，而 {file} 会拒绝它：nginx 正在使用该文件以前的内容，或应答的是另一个 nginx", file=path,
        )  # fmt: skip
        shown = _taken_for_the_same(case, path)
        yield finding("client-crl-changed-without-reload", summary, Where(file=path), *shown, confidence=Confidence.LIKELY)


def _taken_for_the_same(case: Case, path: str) -> Iterator[Text]:
    """Why a reload may have read nothing anew."""
    inheritable = named(case.stage.tree.directives, "ssl_object_cache_inheritable")
    if case.stage.version < REUSES_OBJECTS or any(item.args == ("off",) for item in inheritable):
        return
    yield say(
        "since 1.27.4 a reload takes a file for unchanged while it is the same file and changed in the same second: a list that"
        " is written into it twice within one second stays the first; touch {file} and reload, and let whoever writes it write"
        " another file and rename it",
        "从 1.27.4 起，只要还是同一个文件，且修改时间的秒数相同，重新加载就认为它没有变化：一秒之内两次写入同一文件，"
        "nginx 仍使用第一次的内容；请 touch {file} 再重新加载，并让写入它的程序先写另一个文件再重命名",
        file=path,
    )


def _files(case: Case) -> tuple[list[str], list[str]]:
    """The trust files and the CRL files of the verification at hand."""
    if case.side is Side.UPSTREAM:
        upstream = case.stage.upstream
        found = (upstream.trusted_certificate.value, upstream.crl.value) if upstream else (None, None)
        return _known(found[0]), _known(found[1])
    server = case.stage.scene.handshake
    return _known(server.client_certificate.value, server.trusted_certificate.value), _known(server.crl.value)


def _known(*paths: str | None) -> list[str]:
    return [path for path in paths if path]


def _stale(case: Case, cause: str, paths: list[str], loaded: datetime) -> Finding:
    summary = say(
        "{files} changed after nginx last read its files, at {moment}: what runs is older than what is on disk",
        "{files} 在 nginx 上次读取文件（{moment}）之后有改动：正在运行的内容比磁盘上的旧",
        files=", ".join(paths), moment=f"{loaded:%Y-%m-%d %H:%M:%S}Z",
    )  # fmt: skip
    refused = case.start_faults[0].message if case.start_faults else None
    shown = say("a reload is refused until this is put right: {words}", "在此问题修正之前无法重新加载：{words}", words=refused)
    severity = Severity.ERROR if refused or _unexplained(case) else Severity.WARNING
    return finding(cause, summary, Where(file=paths[0]), *((shown,) if refused else ()), severity=severity)


def _unexplained(case: Case) -> bool:
    """The log shows a verification error that the files on disk would not give, or somebody got in whom they would refuse."""
    if let_in(case) and case.verdict is not None and not case.verdict.admitted:
        return True
    logged = {line.number for line in case.logged if line.number is not None}
    foreseen = {error.number for error in case.verdict.errors} if case.verdict else set()
    return bool(logged - foreseen)


RULES = (Rule("reload", ("ca-changed-without-reload", "client-crl-changed-without-reload"), check, before_start=True),)
