"""Words of commands that are shown to be copied."""

import re

_PLAIN = re.compile(r"[\w@%+=:,./-]+")


def word(value: object) -> str:
    """A name or a path as it is typed in a shell: as it is, or in quotes. Letters of all languages need none."""
    text = str(value)
    return text if _PLAIN.fullmatch(text) else "'" + text.replace("'", "'\"'\"'") + "'"
