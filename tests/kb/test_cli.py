"""`handclasp kb` as a person runs it."""

import json
import subprocess
import sys
from pathlib import Path


def handclasp(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "handclasp", *arguments], capture_output=True, text=True, check=False)


def test_build_twice(tmp_path: Path) -> None:
    target = tmp_path / "site"
    first = handclasp("kb", "build", str(target), "--json")
    assert first.returncode == 0, first.stderr
    written = json.loads(first.stdout)["written"]
    assert written == sum(path.is_file() for path in target.rglob("*"))
    (target / "en" / "old-entry.html").write_text("stale")
    (target / "zh" / "index.html").write_text("damaged")
    second = json.loads(handclasp("kb", "build", str(target), "--json").stdout)
    assert (second["written"], second["kept"], second["removed"]) == (1, written - 1, 1)
    assert not (target / "en" / "old-entry.html").exists()


def test_a_folder_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "index.json").write_text("{}")
    (tmp_path / "precious.txt").write_text("mine")
    refused = handclasp("kb", "build", str(tmp_path))
    assert refused.returncode == 4
    assert sorted(path.name for path in tmp_path.iterdir()) == ["index.json", "precious.txt"]


def test_search_in_both_languages_and_by_number() -> None:
    english = handclasp("kb", "search", "crl", "exipred", "--json")
    assert json.loads(english.stdout)["entries"][0]["slug"] == "client-crl-expired"
    chinese = handclasp("kb", "search", "吊销列表过期", "--lang", "zh")
    assert chinese.stdout.startswith("client-crl-expired")
    assert "吊销列表" in chinese.stdout.splitlines()[0]
    number = [row["slug"] for row in json.loads(handclasp("kb", "search", "20", "--json").stdout)["entries"]]
    assert {"client-error-20", "upstream-error-20"} <= set(number[:2])
    assert handclasp("kb", "search", "421").stdout.startswith("page-421")
    nothing = handclasp("kb", "search", "zzzzqqqq")
    assert (nothing.returncode, nothing.stdout) == (1, "")
