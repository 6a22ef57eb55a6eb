"""The log of `serve`: one JSON object a line, whatever a client has put into it."""

import io
import json
import logging

from hypothesis import given
from hypothesis import strategies as st

from handclasp.server.logs import JsonLines

HOSTILE = 'a\nb\r\x1b[31m\x9b1m\u202egnp\u2028\udc80\ufeff\t\x7f"\\'


def logged(message: str) -> str:
    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    handler = logging.StreamHandler(out)
    handler.setFormatter(JsonLines())
    handler.handle(logging.LogRecord("handclasp.serve", logging.WARNING, __file__, 1, "%s", (message,), None))
    out.flush()
    out.seek(0)
    return out.read()


def test_what_a_terminal_would_obey_is_escaped_and_read_back() -> None:
    line = logged(HOSTILE)
    assert line.count("\n") == 1
    assert line[:-1].isprintable()
    assert json.loads(line)["message"] == HOSTILE
    assert "\u8bc1\u4e66" in logged("\u8bc1\u4e66")


@given(st.text(st.characters()))
def test_every_line_is_one_object(message: str) -> None:
    line = logged(message)
    assert len(line.splitlines()) == 1
    assert json.loads(line)["message"] == message
