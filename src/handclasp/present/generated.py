"""Whose work a file is, and where to make a change instead: one line, and what sets the directive there."""

from collections.abc import Iterator

from handclasp.model.finding import Generated
from handclasp.model.text import Text
from handclasp.present.visible import visible

_WRITTEN = Text(
    en="{file} is written by {by}, and a change of the file itself will be lost: make it in {edit}",
    zh="{file} 由 {by} 生成，直接写进该文件的改动会丢失，应在以下位置修改：{edit}",
)
_KEPT = Text(en="{file} belongs to {by}: make the change in {edit}", zh="{file} 属于 {by}，应在以下位置修改：{edit}")
_AGAIN = Text(en="{file} is written by {by}: see above", zh="{file} 由 {by} 生成：见上文")


def generated_lines(generated: Generated, lang: str, *, again: bool = False) -> Iterator[str]:
    """The line, and the settings below it. `again`: it was told before, of the same file."""
    place = generated.file if generated.line is None else f"{generated.file}:{generated.line}"
    words = {"file": place, "by": generated.by.in_language(lang), "edit": generated.edit.in_language(lang)}
    text = _AGAIN if again else _WRITTEN if generated.overwritten else _KEPT
    yield visible(text.in_language(lang).format(**words))
    yield from (f"  {visible(setting)}" for setting in generated.settings)


def generated_fields(generated: Generated | None, lang: str) -> dict[str, object] | None:
    """The same as data; None for a file that people write."""
    if generated is None:
        return None
    return {
        "file": generated.file,
        "line": generated.line,
        "by": generated.id,
        "name": generated.by.in_language(lang),
        "edit": generated.edit.in_language(lang),
        "settings": list(generated.settings),
        "commands": list(generated.commands),
        "overwritten": generated.overwritten,
    }
