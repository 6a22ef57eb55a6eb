"""The palette of the terminal."""

from collections.abc import Callable

import click

_STYLES: dict[str, dict[str, str | bool]] = {
    "error": {"fg": "red", "bold": True},
    "warning": {"fg": "yellow"},
    "notice": {"fg": "cyan"},
    "good": {"fg": "green"},
    "dim": {"dim": True},
    "added": {"fg": "green"},
    "removed": {"fg": "red"},
    "strong": {"bold": True},
}


def painter(*, color: bool) -> Callable[[str, str], str]:
    """Colours (text, style) when the terminal takes colour, else leaves the text as it is."""

    def paint(text: str, style: str) -> str:
        return click.style(text, **_STYLES.get(style, {})) if color else text  # type: ignore[arg-type]

    return paint
