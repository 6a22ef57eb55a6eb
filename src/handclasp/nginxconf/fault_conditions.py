"""The condition of an `if`, as nginx takes it apart (ngx_http_rewrite_if_condition)."""

_TESTS = frozenset({"-f", "!-f", "-d", "!-d", "-e", "!-e", "-x", "!-x"})
_EQUAL, _MATCHES = frozenset({"=", "!="}), frozenset({"~", "~*", "!~", "!~*"})


def condition_fault(args: tuple[str, ...]) -> str | None:
    """What nginx says of the words between `if` and `{`; None when it takes them."""
    words = list(args)
    if not words[0].startswith("("):
        return _invalid(words[0])
    words[0] = words[0][1:]
    if not words[-1].endswith(")"):
        return _invalid(words[-1])
    words[-1] = words[-1][:-1]
    words = words[not words[0] :] if len(words) > 1 else words
    words = words[:-1] if len(words) > 1 and not words[-1] else words
    return _read(words)


def _read(words: list[str]) -> str | None:
    first = words[0]
    if len(first) > 1 and first.startswith("$"):
        if len(words) not in {1, 3}:
            return _invalid(first)
        good = len(words) == 1 or words[1] in _EQUAL | _MATCHES
        return None if good else f'unexpected "{words[1]}" in condition'
    return None if first in _TESTS and len(words) == 2 else _invalid(first)


def _invalid(word: str) -> str:
    return f'invalid condition "{word}"'


def condition_pattern(args: tuple[str, ...]) -> str | None:
    """The regular expression that a sound condition compares with."""
    words = [word for word in ("\0".join(args).removeprefix("(").removesuffix(")")).split("\0") if word]
    return words[2] if len(words) == 3 and words[1] in _MATCHES else None
