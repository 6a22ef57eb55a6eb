"""A check that some requests do not meet, put where they do."""

import re
from collections.abc import Iterator

from handclasp.diagnose.case import Case
from handclasp.diagnose.entrances import Bypass
from handclasp.diagnose.reach import block_at
from handclasp.diagnose.remedies.change import RELOAD, Change
from handclasp.diagnose.remedies.config_edit import with_edits
from handclasp.diagnose.rule import say
from handclasp.model.finding import Applicability
from handclasp.model.nginx import Location
from handclasp.model.nginx_steps import Step
from handclasp.model.text import Text
from handclasp.nginxconf.edit import TextEdit, insert_ahead, insert_before, remove, replace_argument, set_arguments
from handclasp.nginxconf.tree import Directive, walk


def met(case: Case, one: Bypass) -> Iterator[Change]:
    """The check ahead of what ended its block; or in the location that answers, for the addresses that are checked."""
    written = block_at(case, one.guard.origin) if one.guard.origin else None
    if written is None:
        return
    if one.as_sent and one.step is not None:
        asked = block_at(case, one.step.origin) if one.step.origin else None
        if asked is not None:
            title = Text(en="ask $uri, the path that is served", zh="改用 $uri，即实际提供的路径")
            word = asked.args[0].replace("request_uri", "uri")
            yield _change(case, title, replace_argument(asked, 0, word))
        return
    if one.step is not None:
        before = _directive(case, one.step)
        if before is not None:
            yield _change(case, Text(en="ask before anything else", zh="先做检查"), _moved(written, before))
        return
    if one.limit is not None:
        yield from _ahead_of_location(case, one, written)
        return
    inside = block_at(case, one.guarded.origin) if one.guarded and one.guarded.origin else None
    beside = block_at(case, one.answers.origin) if one.answers and one.answers.origin else None
    if inside is None or beside is None or one.guarded is None or one.answers is None:
        return
    if one.guarded.proxied or not one.answers.proxied:
        title = say(
            "location ^~ {path}: no expression is tried after it", "location ^~ {path}：其后不再匹配正则", path=one.guarded.path
        )
        yield _change(case, title, set_arguments(inside, ("^~", one.guarded.path)))
    else:
        title = say("ask there too, for {path}", "在那里也对 {path} 做检查", path=one.guarded.path)
        yield _change(case, title, insert_ahead(beside, _for_prefix(written, one.guarded.path)))


def _ahead_of_location(case: Case, one: Bypass, written: Directive) -> Iterator[Change]:
    """The check in the server, where every method meets it, for the addresses of the location."""
    inside = block_at(case, one.guarded.origin) if one.guarded and one.guarded.origin else None
    if inside is None or one.guarded is None:
        return
    around = (*case.stage.around[inside], inside)
    outermost = next((block for block in around if block.name == "location"), inside)
    title = say("ask in the server, ahead of limit_except", "在 server 中、先于 limit_except 做检查")
    yield _change(case, title, insert_before(outermost, _for_addresses(written, _expression(one.guarded))))


def _expression(location: Location) -> tuple[str, str]:
    """Operator and expression that fit the addresses of a location."""
    if location.modifier in {"~", "~*"}:
        return location.modifier, location.path
    return "~", f"^{re.escape(location.path)}{'$' if location.modifier == '=' else ''}"


def _change(case: Case, title: Text, edits: tuple[TextEdit, ...]) -> Change:
    return Change(
        id="meet-the-check", title=title, applicability=Applicability.REVIEW, edits=with_edits(case, edits), commands=(RELOAD,)
    )


def _moved(written: Directive, before: Directive) -> tuple[TextEdit, ...]:
    """The `if` as it is written, ahead of another directive; where that stands in another file, once more."""
    lines = _dedented(written)
    away = remove(written) if written.source is before.source else ()
    return (*insert_before(before, lines), *away)


def _for_prefix(written: Directive, path: str) -> tuple[str, ...]:
    return _for_addresses(written, ("~", f"^{re.escape(path)}"))


def _for_addresses(written: Directive, expression: tuple[str, str]) -> tuple[str, ...]:
    asked = _text(written)[: written.terminator - written.start].strip()
    return (
        'set $without_certificate "";',
        f"{asked} {{",
        "    set $without_certificate $uri;",
        "}",
        f'if ($without_certificate {expression[0]} "{expression[1]}") {{',
        "    return 403;",
        "}",
    )


def _dedented(written: Directive) -> tuple[str, ...]:
    text = written.source.text
    begin = text.rfind("\n", 0, written.start) + 1
    indent = text[begin : written.start]
    lines = _text(written).splitlines()
    return tuple(line.removeprefix(indent) if not indent.strip() else line for line in lines)


def _text(written: Directive) -> str:
    return written.source.text[written.start : written.close + 1]


def _directive(case: Case, step: Step) -> Directive | None:
    return next((item for item, _ in walk(case.stage.tree.directives) if item.origin == step.origin), None)
