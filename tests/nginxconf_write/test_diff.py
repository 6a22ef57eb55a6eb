"""Patches are what patch(1) makes the new file of."""

import subprocess
from pathlib import Path

import pytest

from handclasp.model.finding import FileEdit
from handclasp.nginxconf.diff import patch, unified

CASES = [
    (b"a\nb\nc\n", b"a\nB\nc\n"),
    (b"a\nb\nc", b"a\nb\nc\n"),
    (b"a\nb", b"a\nb\nc"),
    (b"", b"x\n"),
    (None, b"x\ny\n"),
    (b"x\n", b""),
    (b"a\x0cb\nc\x1dd\n", b"a\x0cb\nc\x1de\n"),
    ("ü\n".encode() * 20, "ü\n".encode() * 10 + b"new\n" + "ü\n".encode() * 10),
    (b"- a\n-- b\n", b"+ a\n-- b\n"),
]


@pytest.mark.parametrize(("before", "after"), CASES)
def test_patch_takes_it(before: bytes | None, after: bytes, tmp_path: Path) -> None:
    file = tmp_path / "etc/nginx/a.conf"
    file.parent.mkdir(parents=True)
    if before is not None:
        file.write_bytes(before)
    text = unified("/etc/nginx/a.conf", before, after)
    subprocess.run(["patch", "-p1", "-s", "-d", str(tmp_path)], input=text.encode(), check=True)
    assert (file.read_bytes() if file.exists() else b"") == after


def test_nothing_changed_is_no_text() -> None:
    assert unified("/a", b"x", b"x") == ""
    assert patch(()) == ""


def test_several_files_in_one_text() -> None:
    text = patch((FileEdit(path="/a", before=b"1\n", after=b"2\n"), FileEdit(path="/b", before=None, after=b"3\n")))
    heads = [line for line in text.splitlines() if line.startswith(("---", "+++"))]
    assert heads == ["--- a/a", "+++ b/a", "--- /dev/null", "+++ b/b"]


def test_other_bytes_can_be_read() -> None:
    text = unified("/a\nb", b"\xff\n", b"\xfe\n")
    assert "-\\xff\n+\\xfe\n" in text
    assert text.splitlines()[1] == "+++ b/a\\nb"
    text.encode()
