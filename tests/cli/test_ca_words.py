"""The CA's messages are complete in both languages, with the same places to fill in, and used."""

import re
from pathlib import Path

import pytest

from handclasp.present import ca_words
from tests.ca_rig import Ca

PLACE = re.compile(r"{(\w+)")
SOURCE = Path(ca_words.__file__).resolve().parents[1]


KEYS = ca_words.keys()


@pytest.mark.parametrize("key", KEYS)
def test_both_languages_say_the_same(key: str) -> None:
    text = ca_words._WORDS[key]
    assert set(PLACE.findall(text.en)) - {"s"} == set(PLACE.findall(text.zh))  # Chinese has no plural
    foreign = re.sub(r"{\w+}|[A-Za-z0-9 .,:;()/_-]+", "", text.zh)
    assert foreign or not re.search(r"[a-z]{3}", PLACE.sub("", text.en)), text


def test_every_message_is_used() -> None:
    code = "".join(path.read_text() for folder in ("cli", "app") for path in (SOURCE / folder).rglob("*.py"))
    unused = [key for key in KEYS if f'"{key}"' not in code and key not in {"active", "retired", "dropped"}]
    assert unused == []


def test_commands_speak_chinese(ca: Ca) -> None:
    def said(*words: str) -> str:
        done = ca.run(*words, "--lang", "zh")
        return done.stdout + done.stderr

    for words in (
        ("issue", "alice"),
        ("renew", "alice"),
        ("rekey", "alice"),
        ("renew", "--due"),
        ("ca", "list"),
        ("ca", "users", "root"),
    ):
        if words == ("ca", "users", "root"):
            done = ca.run(*words, "--lang", "zh", expect=1)
            assert "仍有 1 个身份" in done.stdout
            continue
        assert re.search(r"[\u4e00-\u9fff]{2}", said(*words)), words
