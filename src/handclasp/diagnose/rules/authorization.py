"""Maps and ifs over who the client is: values that nginx never has, and patterns that fit more than they should."""

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from handclasp.diagnose.case import Case
from handclasp.diagnose.reach import behind_tls
from handclasp.diagnose.rule import Rule, finding, say
from handclasp.model.certificate import Certificate
from handclasp.model.finding import Finding, Severity, Where
from handclasp.model.nginx import NginxVersion, TlsServer, VerifyClient
from handclasp.model.nginx_steps import Guard
from handclasp.model.origin import Origin
from handclasp.model.text import Text
from handclasp.model.verdict import Side

REASON_SINCE = NginxVersion(1, 11, 7)
RFC2253_SINCE = NginxVersion(1, 11, 6)
_DN = re.compile(r"\$\{?ssl_client_[si]_dn\b(?!_legacy)")
_RDN = re.compile(r"\s*(?:^|[/,])\s*([A-Za-z]+(?:\.\d+)*)\s*=\s*((?:\\.|[^,/])*)")
_HEX = re.compile(r"[0-9A-Fa-f]+")


@dataclass(frozen=True, slots=True)
class Expected:
    """One value that a configuration compares a variable with. `regex`: an expression; `any_case`: one that ignores case."""

    variable: str
    value: str
    regex: bool
    origin: Origin | None
    any_case: bool = False


def expectations(case: Case) -> Iterator[Expected]:
    """Every comparison with a variable about the client's certificate, in maps and in ifs."""
    for block in case.stage.config.maps:
        found = re.fullmatch(r"\$\{?(ssl_client_\w+)\}?", block.source)
        for entry in block.entries if found else ():
            if entry.pattern != "default" and found:
                regex = entry.pattern.startswith("~")
                value = entry.pattern.lstrip("~*") if regex else entry.pattern.removeprefix("\\")
                yield Expected(found[1], value, regex, entry.origin, any_case=entry.pattern.startswith("~*"))
    for _, guard in guards(case):
        if guard.variable.startswith("ssl_client_") and guard.operator:
            wanted, operator = guard.operand.strip("\"'"), guard.operator
            yield Expected(guard.variable, wanted, "~" in operator, guard.origin, any_case="*" in operator)


def guards(case: Case) -> Iterator[tuple[TlsServer, Guard]]:
    """Every `if` of every http server that TLS reaches."""
    for _, server in behind_tls(case):
        yield from ((server, guard) for guard in server.guards)
        for location in server.locations:
            yield from ((server, guard) for guard in location.guards)


def check_failed(case: Case) -> Iterator[Finding]:
    """`= FAILED` never matches: since 1.11.7 the value goes on with a reason. Fatal where bad certificates get through."""
    if case.side is not Side.CLIENT or case.stage.version < REASON_SINCE:
        return
    for server, guard in guards(case):
        if guard.variable != "ssl_client_verify" or guard.operator != "=" or guard.operand.strip("\"'") != "FAILED":
            continue
        lets_in = server.verify_client.value is VerifyClient.OPTIONAL_NO_CA and guard.status is not None
        summary = say(
            "if ($ssl_client_verify = FAILED) never holds: the value is FAILED:reason since 1.11.7",
            "if ($ssl_client_verify = FAILED) 永远不成立：自 1.11.7 起该值是 FAILED:原因",
        )
        severity = Severity.ERROR if lets_in else Severity.WARNING
        yield finding("verify-failed-compare", summary, Where.at(guard.origin, "if"), severity=severity)


def check_dn(case: Case) -> Iterator[Finding]:
    """Names in another form than nginx gives them, and expressions that fit inside other names."""
    if case.side is not Side.CLIENT or case.stage.version < RFC2253_SINCE:
        return
    leaf = case.presented[0] if case.presented else None
    for expected in expectations(case):
        if expected.variable.endswith("_dn_legacy"):
            flaw: Text | None = say(*_SLASHED, value=expected.value, variable=expected.variable)
        elif _DN.search(f"${expected.variable}"):
            flaw = _dn_flaw(expected, leaf)
        else:
            continue
        if flaw is not None:
            severity = Severity.ERROR if shut_out(case) and _means(expected, leaf) else Severity.WARNING
            evidence = _actual("ssl_client_s_dn", leaf.subject_text) if leaf else None
            yield finding(
                "authz-dn-format", flaw, Where.at(expected.origin), *((evidence,) if evidence else ()), severity=severity
            )  # fmt: skip


def _dn_flaw(expected: Expected, leaf: Certificate | None) -> Text | None:
    value = expected.value
    if expected.regex:
        flaws = ((_LOOSE, _loose(value)), (_INJECTED, _injectable(value)), (_ANY_CASE, expected.any_case and "=" in value))
        en, zh = next((words for words, true in flaws if true), ("", ""))
    elif (form := next((words for wrong, words in _FORMS if wrong(value)), None)) is not None:
        en, zh = form
    elif leaf and value != leaf.subject_text and _means(expected, leaf):
        en, zh = "{value} is not the whole name of the client", "{value} 不是该客户端的完整名称"
    else:
        en, zh = "", ""
    return say(en, zh, value=value) if en else None


def _loose(pattern: str) -> bool:
    """Whether an expression about a part of a name fits inside other names."""
    begun = pattern.startswith(("^", r"\A", "(^|", "(?:^|", "(?<!", ",")) or not _RDN.search(pattern)
    ended = pattern.endswith(("$", r"\z", ",", "(,|$)", "(?:,|$)", "(?=,|$)"))
    return "=" in pattern and not (begun and ended)


def _injectable(pattern: str) -> bool:
    """Whether a comma alone begins it: nginx writes a comma inside a value as a backslash and a comma."""
    return "=" in pattern and pattern.startswith(("(^|,)", "(?:^|,)", ","))


def _spaced(value: str) -> bool:
    return re.search(r"(?<!\\),\s+[A-Za-z]+=|\w\s+=|=\s", value) is not None


def _reversed(value: str) -> bool:
    kinds = [kind.upper() for kind, _ in _RDN.findall(value)]
    return len(kinds) > 1 and kinds[-1] == "CN" and kinds[0] in {"C", "O", "ST", "L", "DC"}


_LOOSE = (
    "the expression {value} fits inside other names, such as one that ends or begins differently",
    "表达式 {value} 会匹配其他名称的一部分，例如开头或结尾不同的名称",
)
_INJECTED = (
    "the expression {value} also fits a name that holds a comma: CN=x\\,CN=admin has a comma before CN=admin",
    "表达式 {value} 也会匹配含有逗号的名称：CN=x\\,CN=admin 中 CN=admin 之前就是逗号",
)
_ANY_CASE = (
    "the expression {value} ignores case, and names that differ in it alone can belong to different people",
    "表达式 {value} 忽略大小写，而仅大小写不同的名称可能属于不同的人",
)
_SLASHED = (
    "${variable} does not escape slashes: a certificate for one name can be written to look like {value}",
    "${variable} 不转义斜杠：为某个名称签发的证书可以写得与 {value} 一模一样",
)
_FORMS: tuple[tuple[Callable[[str], bool], tuple[str, str]], ...] = (
    (
        lambda value: value.startswith("/"),
        (
            "{value} is the form with slashes; nginx gives names as RFC 2253 since 1.11.6",
            "{value} 是带斜杠的写法；自 1.11.6 起 nginx 用 RFC 2253 写法",
        ),
    ),
    (_spaced, ("{value} has spaces; nginx writes names without them", "{value} 中有空格；nginx 写名称时不加空格")),
    (
        _reversed,
        (
            "{value} begins with the largest part; nginx begins with the smallest (CN first)",
            "{value} 从最大的部分开始；nginx 从最小的部分（CN）开始",
        ),
    ),
)


def _means(expected: Expected, leaf: Certificate | None) -> bool:
    """Whether somebody had this client in mind: the same name in another form, or its CN alone."""
    if leaf is None:
        return False
    own = {(kind.upper(), text.strip().lower()) for kind, text in _RDN.findall(leaf.subject_text)}
    wanted = {(kind.upper(), text.strip().lower()) for kind, text in _RDN.findall(expected.value)}
    return bool(wanted and wanted <= own) or expected.value in leaf.common_names


def shut_out(case: Case) -> bool:
    """The client's certificate is good and it is refused all the same."""
    return case.verdict is not None and case.verdict.verify == "SUCCESS" and not case.verdict.admitted


def _actual(variable: str, value: str) -> Text:
    return say("${variable} of this client is {value}", "该客户端的 ${variable} 是 {value}", variable=variable, value=value)


def fingerprint(certificate: Certificate) -> str:
    """As nginx gives it."""
    return hashlib.sha1(certificate.der, usedforsecurity=False).hexdigest()


def serial(certificate: Certificate) -> str:
    """As nginx gives it: hex digits in pairs, upper case."""
    text = f"{certificate.serial:X}"
    return text if len(text) % 2 == 0 else f"0{text}"


def check_digits(case: Case) -> Iterator[Finding]:
    """Fingerprints and serial numbers in a form that nginx does not use."""
    if case.side is not Side.CLIENT:
        return
    leaf = case.presented[0] if case.presented else None
    for expected in expectations(case):
        if expected.regex or not expected.value:
            continue
        if expected.variable == "ssl_client_fingerprint":
            yield from _fingerprint(case, expected, leaf)
        elif expected.variable == "ssl_client_serial":
            yield from _serial(case, expected, leaf)


def _fingerprint(case: Case, expected: Expected, leaf: Certificate | None) -> Iterator[Finding]:
    bare = expected.value.replace(":", "").lower()
    if len(bare) == 40 and ":" not in expected.value:
        return
    own = {fingerprint(leaf), hashlib.sha256(leaf.der).hexdigest()} if leaf else set()
    severity = Severity.ERROR if bare in own and shut_out(case) else Severity.WARNING
    summary = say(
        "{value} can never be $ssl_client_fingerprint, which is SHA-1 in hex without colons",
        "{value} 不可能是 $ssl_client_fingerprint：它是不带冒号的十六进制 SHA-1", value=expected.value,
    )  # fmt: skip
    evidence = [_actual("ssl_client_fingerprint", fingerprint(leaf))] if leaf else []
    yield finding("authz-fingerprint-format", summary, Where.at(expected.origin), *evidence, severity=severity)


def _serial(case: Case, expected: Expected, leaf: Certificate | None) -> Iterator[Finding]:
    bare = expected.value.lower().removeprefix("0x").replace(":", "")
    odd = bare != expected.value.lower() or (_HEX.fullmatch(bare) is not None and len(bare) % 2 == 1)
    decimal = leaf is not None and expected.value == str(leaf.serial) and expected.value.upper() != serial(leaf)
    if not odd and not decimal:
        return
    mine = decimal or (leaf is not None and bare.upper().rjust(len(serial(leaf)), "0") == serial(leaf))
    severity = Severity.ERROR if mine and shut_out(case) else Severity.WARNING
    summary = say(
        "{value} is not how nginx writes a serial number: hex digits in pairs, without 0x or colons",
        "{value} 不是 nginx 的序列号写法：成对的十六进制数字，不带 0x 和冒号", value=expected.value,
    )  # fmt: skip
    evidence = [_actual("ssl_client_serial", serial(leaf))] if leaf else []
    yield finding("authz-serial-format", summary, Where.at(expected.origin), *evidence, severity=severity)


RULES = (
    Rule("authz-failed", ("verify-failed-compare",), check_failed),
    Rule("authz-dn", ("authz-dn-format",), check_dn),
    Rule("authz-digits", ("authz-fingerprint-format", "authz-serial-format"), check_digits),
)
