"""A name that nobody has is answered with the near ones, in the language that is spoken; JSON stays one document."""

import json

import pytest

from handclasp.cli import main
from handclasp.model.near import nearest
from tests.ca_rig import Ca

MANY = [f"device-{number:04}" for number in range(3000)]


@pytest.mark.parametrize(
    ("word", "known", "near"),
    [
        ("alcie", ["bob", "alice", "malice"], ("alice", "malice")),
        ("ALICE", ["alice"], ("alice",)),
        ("alcie", ["alice"] * 5, ("alice",)),
        ("device-9999x", [*MANY, "device-9999"], ("device-9999",)),
        ("zoë", ["zoe", "bob"], ("zoe",)),
        ("王小名", ["王小明", "李雷"], ("王小明",)),
        ("bob", ["alice", "carol"], ()),
        ("", ["alice"], ()),
        ("a" * 101, ["a" * 101], ()),
    ],
)
def test_the_nearest_come_first(word: str, known: list[str], near: tuple[str, ...]) -> None:
    assert nearest(word, known)[: len(near) or None] == near


@pytest.fixture(scope="module")
def peopled(template: Ca, tmp_path_factory: pytest.TempPathFactory) -> Ca:
    from tests.ca_rig import copied

    made = copied(template, tmp_path_factory.mktemp("peopled"))
    made.run("issue", "alice")
    return made


WRONG = {
    "show": (["show", "alcie"], "alice"),
    "revoke": (["revoke", "alcie"], "alice"),
    "unhold": (["unhold", "alcie"], "alice"),
    "renew": (["renew", "alcie"], "alice"),
    "rekey": (["rekey", "alcie"], "alice"),
    "export": (["export", "alcie", "--for", "curl"], "alice"),
    "a device": (["export", "alice", "--for", "iso"], "ios"),
    "probe": (["probe", "https://127.0.0.1:1/", "--identity", "alcie"], "alice"),
    "serve": (["serve", "--api-listen", "127.0.0.1:0", "--identity", "alcie"], "alice"),
    "a profile": (["issue", "dave", "--profile", "clinet"], "client"),
    "a scenario": (["lab", "run", "client-cert-revokd"], "client-cert-revoked"),
}


@pytest.mark.parametrize(("words", "meant"), WRONG.values(), ids=WRONG)
def test_a_mistyped_name_is_answered_with_the_near_one(
    peopled: Ca, capsys: pytest.CaptureFixture[str], words: list[str], meant: str
) -> None:
    passphrase = ["--passphrase-file", str(peopled.passphrase)] if words[0] in {"renew", "rekey", "export", "issue"} else []
    home = ["--home", str(peopled.home)]
    assert main([*words, *passphrase, *home]) == 2
    assert f"hint: did you mean {meant}" in capsys.readouterr().err
    assert main([*words, *passphrase, *home, "--lang", "zh", "--json"]) == 2
    told = capsys.readouterr()
    assert json.loads(told.out)["hint"].startswith(f"did you mean {meant}")
    assert f"您要找的是不是 {meant}" in told.err


def test_a_list_of_nobody_names_the_near_one(peopled: Ca, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "alcie", "--home", str(peopled.home)]) == 1
    assert capsys.readouterr().err == "nothing of that kind\ndid you mean alice?\n"


def test_nobody_is_near(peopled: Ca, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "zzz", "--home", str(peopled.home)]) == 2
    assert "did you mean" not in capsys.readouterr().err
