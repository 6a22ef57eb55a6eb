"""Expressions of nginx in Python. But for the quoted one each case was read alike by Perl, whose syntax PCRE has."""

import pytest

from handclasp.nginxconf.pcre import compiled


@pytest.mark.parametrize(
    ("pattern", "fits", "fails"),
    [
        (r"\ACN=x\z", "CN=x", "CN=x\n"),
        (r"\ACN=x\Z", "CN=x\n", "CN=xx"),
        (r"^CN=x$", "CN=x\n", "CN=x\nx"),
        (r"^(?i)abc$", "ABC", "abd"),
        (r"a(?i)b(c)", "aBC", "ABC"),
        (r"(?i)^abc$", "ABC", "abd"),
        (r"^[[:alpha:]_]+$", "ab_c", "ab1"),
        (r"^[^[:space:]]+$", "ab", "a b"),
        (r"^\Qa.b(\E$", "a.b(", "axb("),
        (r"^(?<who>\w+)(?<!x)$", "ab", "ax"),
        (r"^a\hb$", "a\tb", "a\nb"),
        (r"^\d+$", "12", "\u0661\u0662"),
        (r"^a++b$", "aab", "aa"),
        (r"^(?>a|ab)c$", "ac", "abc"),
        (r"^\\z$", "\\z", "\\Z"),
    ],
)
def test_read_as_nginx_reads_it(pattern: str, fits: str, fails: str) -> None:
    expression = compiled(pattern)
    assert expression is not None
    assert expression.search(fits)
    assert not expression.search(fails)


@pytest.mark.parametrize("pattern", [r"^(a(?R)?b)$", r"(a)?(?(1)b|c)(?C1)", r"(?:a(?i)b)c", "("])
def test_what_python_has_no_like_of_is_said(pattern: str) -> None:
    assert compiled(pattern) is None
