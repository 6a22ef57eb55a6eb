"""The tables of docs/nginx.md name what there is. Its blocks are run by test_guides.py."""

import json
import re
from pathlib import Path

from handclasp.cli import handclasp

PAGE = (Path(__file__).parents[2] / "docs" / "nginx.md").read_text("utf-8")


def test_every_key_and_command_of_the_page_exists() -> None:
    commands = set(re.findall(r"handclasp nginx ([a-z]+)", PAGE))
    known = handclasp.get_command(None, "nginx").table  # type: ignore[arg-type, union-attr]
    assert commands <= set(known)
    from handclasp.app.intent_file import schema

    text = json.dumps(schema())
    for key in (
        "allow",
        "free_from",
        "path",
        "strangers",
        "clients",
        "websocket",
        "client_cert",
        "client_ca",
        "responder",
        "resolver",
        "tls",
    ):
        assert f'"{key}"' in text
        assert key in PAGE
