"""A change as a patch that people read and `patch -p1 -d /` takes."""

import re
from collections.abc import Iterable, Iterator
from difflib import SequenceMatcher, unified_diff
from itertools import takewhile

from handclasp.model.finding import FileEdit

_LINE = re.compile(r"[^\n]*\n|[^\n]+")


def unified(path: str, before: bytes | None, after: bytes) -> str:
    """The change of one file in unified format, "" when there is none.

    Args:
        path: absolute path; a/ and b/ are put before it, as git does.
        before: None: the file is new.
        after: the new content.

    Returns:
        Text that ends in a line feed. Bytes that are not UTF-8 are shown as escapes, of what is no text at all the size, and of
        lines beyond 8192 characters the middle is left out: such a patch is for reading only.
    """
    if before == after:
        return ""
    name = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in path).lstrip("/")
    old = "/dev/null" if before is None else f"a/{name}"
    # An empty new file has no lines to show, but the header tells that it is made.
    lines = _compared(_lines(before or b""), _lines(after), old, f"b/{name}")
    return "".join(_ended(map(_shown, lines or [f"--- {old}\n", f"+++ b/{name}\n"])))


_WIDEST = 8192
_LONG = 500
_CONTEXT = 3


def _compared(before: list[str], after: list[str], old: str, new: str) -> list[str]:
    """As unified_diff. Long files that differ in small places are walked side by side: difflib takes far longer."""
    codes = _walked(before, after) if len(before) > _LONG else None
    if codes is None:
        return list(unified_diff(before, after, old, new))
    found = [f"--- {old}\n", f"+++ {new}\n"]
    matcher = SequenceMatcher(None, "", "")
    matcher.opcodes = codes  # type: ignore[attr-defined]  # what get_grouped_opcodes groups
    for group in matcher.get_grouped_opcodes(_CONTEXT):
        (_, a, _, b, _), (_, _, a_end, _, b_end) = group[0], group[-1]
        found.append(f"@@ -{_span(a, a_end)} +{_span(b, b_end)} @@\n")
        for kind, start, end, from_, to in group:
            if kind == "equal":
                found.extend(" " + line for line in before[start:end])
            else:
                found.extend("-" + line for line in before[start:end])
                found.extend("+" + line for line in after[from_:to])
    return found


def _span(start: int, end: int) -> str:
    length = end - start
    first = start + 1 if length else start
    return str(first) if length == 1 else f"{first},{length}"


def _walked(before: list[str], after: list[str]) -> list[tuple[str, int, int, int, int]] | None:
    """The opcodes of difflib; None when a place differs in more than some lines."""
    codes: list[tuple[str, int, int, int, int]] = []
    a = b = 0
    while a < len(before) or b < len(after):
        same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(_from(before, a), _from(after, b), strict=False)))
        if same:
            codes.append(("equal", a, a + same, b, b + same))
            a, b = a + same, b + same
            continue
        skipped = _resumed(before, after, a, b)
        if skipped is None:
            return None
        more, other = skipped
        codes.append(("replace" if more and other else "delete" if more else "insert", a, a + more, b, b + other))
        a, b = a + more, b + other
    return codes


def _from(lines: list[str], start: int) -> Iterator[str]:
    return (lines[at] for at in range(start, len(lines)))


def _resumed(before: list[str], after: list[str], a: int, b: int) -> tuple[int, int] | None:
    """How many lines to pass over on each side until some lines are the same again, or both files end."""
    for total in range(1, 2 * _NEAR):
        for more in range(total + 1):
            other = total - more
            left, right = before[a + more : a + more + _CONTEXT], after[b + other : b + other + _CONTEXT]
            inside = a + more <= len(before) and b + other <= len(after)
            if inside and left == right:
                return more, other
    return None


_NEAR = 20


def patch(edits: Iterable[FileEdit]) -> str:
    """The changes of several files, one after the other."""
    return "".join(unified(edit.path, edit.before, edit.after) for edit in edits)


def _lines(content: bytes) -> list[str]:
    if b"\0" in content:
        return [f"({len(content)} bytes that are no text)\n"]
    # Not splitlines: a form feed or a line separator ends no line of a file.
    return _LINE.findall(content.decode("utf-8", "backslashreplace"))


def _shown(line: str) -> str:
    """A line of megabytes, a comment or a whole configuration, by its beginning and its end."""
    if len(line) <= _WIDEST:
        return line
    half = _WIDEST // 4
    return f"{line[:half]} [... {len(line) - 2 * half} characters ...] {line[-half:]}"


def _ended(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        yield line if line.endswith("\n") else line + "\n\\ No newline at end of file\n"
