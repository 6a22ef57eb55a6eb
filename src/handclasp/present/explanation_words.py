"""The fixed words of an explanation, in both languages."""

import re

from handclasp.catalogue.builds import BUILDS
from handclasp.catalogue.cause import Cause, Status
from handclasp.catalogue.measured import CauseCounts, of_cause
from handclasp.diagnose.log_line import Doubt
from handclasp.model.finding import Applicability, Danger
from handclasp.model.text import Text, plural

WORDS = {
    "check": Text(en="Check", zh="检查"),
    "fix": Text(en="Fix", zh="处理"),
    "dont": Text(en="Don't", zh="不要"),
    "lab": Text(en="Lab", zh="实验"),
    "versions": Text(en="Versions", zh="版本"),
    "next": Text(en="Next", zh="之后"),
    "seen": Text(en="Looks", zh="表现"),
    "references": Text(en="See", zh="参考"),
    "usually": Text(en="Usually", zh="通常"),
    "needs": Text(en="Needs", zh="前提"),
    "risk": Text(en="Mind", zh="注意"),
    "no-risk": Text(en="nobody new is admitted, and nothing else changes", zh="不会放进新的客户端，也不影响其他内容"),
    "verify": Text(en="Verify", zh="检验"),
    "undo": Text(en="Undo", zh="撤回"),
    "before": Text(en="before", zh="事先"),
    "client": Text(en="Clients at nginx", zh="客户端到 nginx"),
    "upstream": Text(en="nginx at upstreams", zh="nginx 到上游"),
    "confused": Text(en="Easily confused with", zh="容易混淆"),
    "causes": Text(en="Causes, most frequent in the lab first", zh="可能的原因（按实验中出现的频率排序）"),
    "causes-listed": Text(en="Causes, in the order to look", zh="可能的原因（按检查的先后排列）"),
    "causes-unmeasured": Text(
        en="Causes, the one that fits best first (not measured: no build of the lab shows this)",
        zh="可能的原因，最符合的在前（未测量：实验室的版本不会出现）",
    ),
    "one": Text(en="Cause", zh="原因"),
    "best": Text(en="Best matches", zh="最接近的条目"),
    "nothing": Text(en="Nothing in the catalogue fits.", zh="知识库中没有匹配的内容。"),
    "no-cause": Text(en="No cause of the catalogue gives this.", zh="知识库中没有任何原因会产生它。"),
    "looks-like": Text(en="can look like it", zh="表现可能相似"),
    "next-is": Text(en="may show itself after the fix: ", zh="修复后可能出现："),
    "other-versions": Text(en="not on the versions you gave; seen on others", zh="在所给版本上不会出现，见于其他版本"),
    "all-series": Text(en="all OpenSSL series", zh="所有 OpenSSL 系列"),
    "comma": Text(en=", ", zh="、"),
    "colon": Text(en=": ", zh="："),
    "stop": Text(en="; ", zh="；"),
}

APPLICABILITY = {
    Applicability.SAFE: Text(en="safe", zh="可直接应用"),
    Applicability.REVIEW: Text(en="review", zh="需人工确认"),
    Applicability.MANUAL: Text(en="by hand", zh="需人工操作"),
}

DANGER = {
    Danger.NONE: None,
    Danger.AVAILABILITY: Text(en="endangers availability", zh="危及可用性"),
    Danger.SECURITY: Text(en="endangers security", zh="危及安全"),
}

DOUBT = {
    Doubt.WORDING: Text(
        en="No nginx prints this line. It may come from another program or from a web page; ask for the raw line of error.log,"
        " written at level info. What follows is what its words may be about.",
        zh="没有任何 nginx 会打印这一行。它可能来自其他程序或网页；请取得 error.log 中 info 级别的原始日志行。"
        "以下仅根据其文字推测。",
    ),
    Doubt.NUMBER_AND_TEXT: Text(
        en="No nginx prints this: number and text do not belong together in any OpenSSL series. What follows goes by the text.",
        zh="没有任何 nginx 会这样打印：编号与文字在任何 OpenSSL 系列中都不对应。以下按文字解释。",
    ),
    Doubt.LEVEL: Text(
        en="nginx writes this message at level info, never at the level shown; the line has been changed on its way.",
        zh="nginx 总是以 info 级别写这条消息，不会是这里显示的级别；该行可能被改动过。",
    ),
    Doubt.NO_NUMBER: Text(
        en="No nginx prints this: without a number it writes only the results of an OCSP check, and this is none of them.",
        zh="没有任何 nginx 会这样打印：不带编号的只有 OCSP 检查的结果，而这不属于其中任何一种。",
    ),
}


_RANGES = (
    (re.compile(r"^(.*) and newer$"), r"\1 及以上"),
    (re.compile(r"^(.*) and older$"), r"\1 及更早"),
    (re.compile(r"^(\w+) before ([\d.]+)$"), r"\1 \2 之前"),
)


def versions(on: str, lang: str) -> str:
    """The versions of a note, "nginx 1.27.2 and newer", in the language."""
    if lang == "zh":
        for pattern, replacement in _RANGES:
            on = pattern.sub(replacement, on)
    return on


def word(key: str, lang: str) -> str:
    """A fixed word."""
    return WORDS[key].in_language(lang)


_UNCOUNTED = {
    True: Text(en="the same setup with the fix answered as it should; not counted", zh="同样的环境应用修复后恢复正常，未计数"),
    False: Text(en="effect of the fix not measured", zh="修复效果未测量"),
}


def _runs(counts: CauseCounts) -> Text:
    return Text(
        en=f"failed in {counts.failed} of {counts.runs} run{plural(counts.runs)}, without the fault worked in "
        f"{counts.worked} of {counts.controls}",
        zh=f"{counts.runs} 次实验中失败 {counts.failed} 次；无此错误的对照 {counts.controls} 次中正常 {counts.worked} 次",
    )


def lab(cause: Cause, lang: str, why: Text | None = None) -> str:
    """What the lab and public reports say of a cause: counts only; "not measured" where there is none.

    `why` says how often what was asked about came in the runs; it stands in place of the list of builds.
    """
    builds = [BUILDS[build] for build in cause.builds if BUILDS[build].lab]
    parts = []
    if cause.status is Status.REPORTED:
        parts.append(Text(en="not measured: known from reports only", zh="未测量：仅见于公开报告"))
    else:
        names = word("comma", lang).join(build.label for build in builds)
        parts.append(why or Text(en=f"reproduced on {names}", zh=f"已在 {names} 上复现"))
        parts.append(_runs(counts) if (counts := of_cause(cause.slug)) else _UNCOUNTED[cause.proven])
    if cause.reports:
        threads = "thread" if cause.reports == 1 else "threads"
        parts.append(Text(en=f"matches {cause.reports} public {threads}", zh=f"与 {cause.reports} 个公开讨论相符"))
    return word("stop", lang).join(part.in_language(lang) for part in parts)
