"""Counts of lab runs in words and as data: "fixed 12 of 12 lab runs on 4 builds", or "not measured". Never a percentage."""

from handclasp.catalogue.builds import BUILDS
from handclasp.catalogue.measured import CameFrom, Count
from handclasp.model.text import Text, plural

NOT_MEASURED = Text(en="not measured", zh="未测量")


def fixed(count: Count | None) -> Text:
    """What a remedy did."""
    if count is None:
        return NOT_MEASURED
    n = len(count.builds)
    return Text(
        en=f"fixed {count.fixed} of {count.runs} lab run{plural(count.runs)} on {n} build{plural(n)}",
        zh=f"在 {n} 个版本的 {count.runs} 次实验中修复 {count.fixed} 次",
    )


def helped(count: Count | None) -> Text:
    """What a dead end did: how often it helped, and how often it opened the door."""
    if count is None:
        return NOT_MEASURED
    opened = Text(en="", zh="")
    if count.opened:
        opened = Text(en=f", let a stranger in {count.opened} of {count.runs}", zh=f"，其中 {count.opened} 次让陌生人通过")
    return Text(
        en=f"helped {count.fixed} of {count.runs} lab run{plural(count.runs)}{opened.en}",
        zh=f"{count.runs} 次实验中 {count.fixed} 次有效{opened.zh}",
    )


def origins(came: CameFrom, most: int = 8) -> Text:
    """Where a line or a page came from, most frequent first."""
    rest = sum(runs for _, runs in came.causes[most:])
    shown = [f"{cause} {runs}" for cause, runs in came.causes[:most]]
    more = Text(en=f", others {rest}", zh=f"、其他 {rest}") if rest else Text(en="", zh="")
    n, builds = came.runs, len(came.builds)
    return Text(
        en=f"came from: {', '.join(shown)}{more.en} ({n} run{plural(n)} on {builds} build{plural(builds)})",
        zh=f"来自：{'、'.join(shown)}{more.zh}（{builds} 个版本上共 {n} 次实验）",
    )


def runs_on(came: CameFrom) -> Text:
    """How many runs of the lab showed it, and on how many builds."""
    n, builds = came.runs, len(came.builds)
    return Text(
        en=f"{n} run{plural(n)} on {builds} build{plural(builds)} showed it, made to happen by:",
        zh=f"{builds} 个版本上共 {n} 次实验出现，起因为：",
    )


def count_fields(count: Count | None) -> dict[str, object] | None:
    """A count for JSON; null: not measured."""
    if count is None:
        return None
    builds = [BUILDS[build].label for build in count.builds if build in BUILDS]
    return {"fixed": count.fixed, "runs": count.runs, "let_strangers_in": count.opened, "builds": builds}


def origin_fields(came: CameFrom | None) -> dict[str, object] | None:
    """Where it came from, for JSON; null: the lab has not seen it."""
    if came is None:
        return None
    builds = [BUILDS[build].label for build in came.builds if build in BUILDS]
    return {"runs": came.runs, "builds": builds, "causes": [{"cause": cause, "runs": runs} for cause, runs in came.causes]}
