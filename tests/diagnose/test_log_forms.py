"""Logs in forms they take on their way: in UTF-16, and with their lines broken by a terminal or by mail."""

import gzip
import textwrap
from pathlib import Path
from random import Random

import pytest

from handclasp.adapters.fork_workers import ForkWorkers
from handclasp.adapters.log_files import LogFiles
from handclasp.app.count_logs import count_logs
from handclasp.diagnose.log_broken import Breaks, breaks_in, mended
from handclasp.diagnose.triage import Triage, triage
from tests.diagnose.test_log_count import blocks, log
from tests.diagnose.test_triage import made

WIDTHS = (80, 100, 132)


def counted(folder: Path, content: bytes, processors: int = 1) -> Triage:
    (folder / "error.log").write_bytes(content)
    logs = LogFiles(processors=processors)
    return triage(count_logs([str(folder / "error.log")], logs, ForkWorkers(processors)))


def by_terminal(lines: list[str], width: int) -> str:
    return "\n".join(line[at : at + width] for line in lines for at in range(0, len(line), width)) + "\n"


def by_mail(lines: list[str], width: int) -> str:
    return "\n".join("\n".join(textwrap.wrap(line, width, break_long_words=False)) for line in lines) + "\n"


def told(found: Triage) -> list[object]:
    return [(group.message, group.server, group.count, group.clients, group.first, group.last) for group in found.groups]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be"])
@pytest.mark.parametrize("packed", [False, True])
def test_utf_16_is_read_as_utf_8(encoding: str, packed: bool, tmp_path: Path) -> None:
    text = "\r\n".join(made(800)) + "\r\n"
    wide = (b"\xfe\xff" if encoding == "utf-16-be" else b"") + text.encode(encoding)
    found = counted(tmp_path, gzip.compress(wide) if packed else wide)
    assert told(found) == told(counted(tmp_path, text.encode()))
    assert found.matched > 100


def test_utf_16_that_is_cut_or_broken_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    wide = "\n".join(made(100)).encode("utf-16")
    assert counted(tmp_path, wide[:-1]).matched == counted(tmp_path, wide).matched > 20
    assert counted(tmp_path, wide + b"\n\x00\xd8\xd8").matched > 20


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("count", [1, 3, 2000])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_broken_lines_are_made_whole(width: int, count: int, ending: str, tmp_path: Path) -> None:
    lines = [line for line in made(2 * count + 20, seed=width) if "SSL" in line][:count]
    whole = counted(tmp_path, "\n".join(lines).encode())
    assert whole.matched == len(lines) > 0
    for broken in (by_terminal(lines, width), *([by_mail(lines, width)] if count > 1 else [])):
        assert told(counted(tmp_path, broken.replace("\n", ending).encode())) == told(whole)


def test_a_large_broken_log_is_not_cut_where_a_line_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("handclasp.adapters.log_files._WORTH_A_PROCESS", 1000)
    lines = made(500)
    for processors in (2, 3, 7):
        assert told(counted(tmp_path, by_terminal(lines, 80).encode(), processors)) == told(
            counted(tmp_path, "\n".join(lines).encode(), processors)
        )


@pytest.mark.parametrize("size", [1, 17, 5000])
def test_blocks_of_any_size_are_mended_alike(size: int) -> None:
    text = by_terminal(made(200), 80).encode()
    assert b"".join(mended(blocks(text, size))) == b"".join(mended([text])) == "\n".join([*made(200), ""]).encode()


def test_what_was_never_broken_is_left_alone() -> None:
    for seed in range(60):
        text = log(seed, Random(seed).choice([1, 5, 100])) + b"\n"
        assert breaks_in(text) is None
        assert b"".join(mended([text])) == text
    trace = "2026/11/20 10:00:00 [error] 7#7: *1 FastCGI sent in stderr: PHP message: oops\nStack trace:\n#0 a.php(1): f()\n"
    assert breaks_in((trace * 30).encode()) is None


def test_how_lines_were_broken_is_seen() -> None:
    assert breaks_in(by_terminal(made(50), 80).encode()) == Breaks(80, within=True)
    found = breaks_in(by_mail(made(50), 80).encode())
    assert found
    assert not found.within
