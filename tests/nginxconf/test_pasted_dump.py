"""Dumps as they come out of terminals, mails and pages."""

import pytest

from handclasp.nginxconf.pasted_dump import unpasted

DUMP = "# configuration file /etc/nginx/nginx.conf:\nevents { }\n\nhttp {\n    server { listen 80; }\n}\n"
LINES = DUMP.splitlines(keepends=True)


@pytest.mark.parametrize(
    ("pasted", "read"),
    [
        ("".join(f"\x1b[36m{line.rstrip()}\x1b[0m\n" for line in LINES), DUMP),
        ("".join(f"> {line}" for line in LINES), DUMP),
        ("".join(f"{number:6}\t{line}" for number, line in enumerate(LINES, 1)), DUMP),
        (f"```nginx\n{DUMP}```\n", f"\n{DUMP}\n"),
    ],
    ids=["colours", "quoted", "numbered", "fenced"],
)
def test_what_stands_around_a_dump_is_left_out(pasted: str, read: str) -> None:
    assert unpasted(pasted) == read


@pytest.mark.parametrize("text", [DUMP, "events { }\n", "> no dump\n", "```\nevents { }\n```\n", ""])
def test_another_text_stays(text: str) -> None:
    assert unpasted(text) == text
