"""An OpenSSL that no nginx of the lab runs with: the doctor and predict say that its verdict is not measured."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from handclasp.cli import main
from handclasp.diagnose.engine import diagnose
from tests.diagnose.rules.samples_placement import server
from tests.diagnose.rules.workshop import ASKS, BUILD, Workshop


@pytest.mark.parametrize(
    ("openssl", "words"),
    [
        ("3.0.19", None),
        ("3.6.5", None),
        ("4.0.3", "OpenSSL 4.0 is foretold from its source and from its library alone"),
        ("4.1.0", "OpenSSL 4.1 is later than any known here: it is judged by the rules of 4.0"),
    ],
)
def test_the_doctor_says_when_an_openssl_was_not_measured(openssl: str, words: str | None, tmp_path: Path) -> None:
    shop = Workshop(tmp_path).http(server(ASKS)).sends()
    diagnosis = diagnose(shop.evidence(build=replace(BUILD, openssl=openssl))).diagnosis
    told = [item.question for item in diagnosis.could_not_tell if "OpenSSL" in item.question.en]
    assert [item.en.startswith(words or "?") for item in told] == ([True] if words else [])
    assert all("OpenSSL" in item.zh and item.zh != item.en for item in told)


@pytest.mark.parametrize(("engine", "measured"), [("3.6", True), ("4.0", False), ("1.0.2", False)])
def test_predict_says_so_too(engine: str, *, measured: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Workshop(tmp_path).http(server(ASKS))
    asked = ["predict", "--config", str(tmp_path / "nginx.conf"), "--engine", engine]
    main([*asked, "--json"])
    assert json.loads(capsys.readouterr().out)["measured"] is measured
    main([*asked, "--lang", "en"])
    assert ("is foretold" in capsys.readouterr().err) is not measured
