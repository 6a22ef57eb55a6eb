"""Counting in bulk gives what counting line by line gives, for logs of every kind, in whatever blocks and parts they come."""

import gzip
import json
import os
import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handclasp.adapters.byte_search import one_by_one, places
from handclasp.adapters.fork_workers import ForkWorkers
from handclasp.adapters.log_files import LogFiles
from handclasp.adapters.log_table import SOURCE, line_table
from handclasp.app.count_logs import count_logs
from handclasp.diagnose import log_tallies
from handclasp.diagnose.log_by_table import count_by_table
from handclasp.diagnose.log_count import count_in_bulk, telling
from handclasp.diagnose.log_parts import MARKS, dissect, plain, time_of
from handclasp.diagnose.log_tallies import LogCount, Tally
from handclasp.diagnose.log_wrapping import LONGEST
from handclasp.diagnose.triage import triage
from handclasp.model.errors import InputError
from handclasp.ports.logs import LogPart

OWN = partial(one_by_one, MARKS)
EXPIRED = "client SSL certificate verify error: (10:certificate has expired) while reading client request headers"
MESSAGES = (
    EXPIRED,
    "client sent no required SSL certificate while reading client request headers",
    "SSL_do_handshake() failed (SSL: error:0A000412:SSL routines::sslv3 alert bad certificate) while SSL handshaking",
    'upstream SSL certificate does not match "backend.test" while SSL handshaking to upstream',
    "peer closed connection in SSL handshake, and a comma (104: Connection reset by peer) while SSL handshaking",
    "connect() failed (111: Connection refused) while connecting to upstream",
    'open() "/srv/SSL/favicon.ico" failed (2: No such file or directory)',
    "broken header: while reading PROXY protocol",
)
PREFIXES = (
    "", "", "", "web_1  | ", "Nov 20 10:00:00 web nginx[123]: ", "<190>Nov 20 10:00:00 web nginx: ",
    "2026-11-20T10:00:00.123456789Z stderr F ", "[web] [2] ",
)  # fmt: skip
TAILS = ("", ', request: "GET /a,b HTTP/1.1", host: "a.test"', ', request: "GET /SSL HTTP/1.1, client: 9.9.9.9", host: "a"')
GARBAGE = (
    b"\0\xff\xfe[info] SSL", b"{", b'{"log":"cut', b"x" * 9000 + b" SSL", b"", b"[emerg]", b"3 [info] 1#1: SSL",
    *(b"2026/11/20 10:00:00 [info] 1#1: *1 SSL" + b"l" * m + b", client: " + b"c" * c + b", server: " + b"s" * n
      for m, c, n in ((9, 9, 900), (900, 9, 9), (9, 900, 9), (900, 900, 900), (3000, 9, 9), (9, 5000, 9))),
    b"2026/11/20 10:00:00 [info] 1#1: *5 client 192.0.2.1 closed keepalive connection",
    b"2026/1 [a] 1#1: SSL [info] 1#1: *1 OCSP, client: c, server: s",
)  # fmt: skip

SPLINTERS = (
    b"", b"[", b"]", b" ", b",", b"#", b":", b"*", b"0", b"\r", b"\t", b"\0", b"\xff", b"{", b'"', b", client: ", b", server: ",
    b"SSL", b"[info] 1#1: ", b"*1 ", b"9" * 21, b"z" * 21, b"\\", b"\\u0020", b'{"log":"', b"\xc3\xa4",
)  # fmt: skip


def one(random: Random) -> bytes:
    """A line of some log, or something else."""
    if random.random() < 0.1:
        return random.choice(GARBAGE)
    clock = f"2026/11/{random.randrange(1, 29):02d} 10:{random.randrange(60):02d}:00"
    message, prefix = random.choice(MESSAGES), random.choice(PREFIXES)
    connection = f"*{random.randrange(9**9)} " if random.random() < 0.9 else ""
    fields = "".join(
        f", {name}: {value}"
        for name, value in (("client", f"192.0.2.{random.randrange(9)}"), ("server", f"s{random.randrange(3)}.test"))
        if random.random() < 0.95
    )
    line = f"{prefix}{clock} [info] {random.randrange(9**5)}#7: {connection}{message}{fields}{random.choice(TAILS)}"
    if random.random() < 0.2:
        record = {random.choice(("log", "log", "MESSAGE")): line + "\n", "stream": "stderr SSL", "time": "2026-11-20T10:00:00Z"}
        line = json.dumps(record, separators=random.choice((None, (",", ":"))), ensure_ascii=random.random() < 0.5)
    text = line.encode() + (b"\r" if random.random() < 0.1 else b"")
    return marred(text, random) if random.random() < 0.2 else text


def marred(text: bytes, random: Random) -> bytes:
    """With something lost, or something put in that could be taken for what it is not."""
    at = random.randrange(len(text) + 1)
    return text[:at] + random.choice(SPLINTERS) + text[at + random.choice((0, 0, 1, 10)) :]


def log(seed: int, count: int) -> bytes:
    random = Random(seed)
    lines = [one(random) for _ in range(count)]
    if random.random() < 0.5:
        lines = [line for line in lines if random.random() < 0.02 or b"SSL" not in line] * 5
    return b"\n".join(lines)


def slowly(text: bytes) -> dict[tuple[bytes, bytes], Tally]:
    """The same count, one line after the other."""
    tallies: dict[tuple[bytes, bytes], Tally] = {}
    for line in text.split(b"\n"):
        if parts := dissect(line):
            tally = tallies.setdefault((parts.message, parts.server), Tally(example=plain(line), first=time_of(line)))
            tally.count += 1
            tally.last = time_of(line)
            if parts.client:
                tally.clients[parts.client] += 1
    return tallies


def shown(tallies: dict[tuple[bytes, bytes], Tally]) -> list[object]:
    return [(key, one.example, one.count, one.first, one.last, +one.clients) for key, one in tallies.items()]


def blocks(text: bytes, size: int) -> Iterator[bytes]:
    for at in range(0, len(text), size):
        yield text[at : at + size]


def by_table(parts: Iterable[bytes]) -> LogCount:
    table = line_table()
    assert table, "the library in C was not built: tools/bootstrap.sh test"
    return count_by_table(parts, table)


@given(st.integers(0, 10**9), st.sampled_from([0, 1, 30, 400]), st.sampled_from([17, 1000, 1 << 20]), st.booleans())
@settings(max_examples=120, derandomize=True, deadline=None)
def test_in_bulk_as_one_by_one(seed: int, count: int, size: int, simd: bool) -> None:
    text = log(seed, count)
    for found in (count_in_bulk(blocks(text, size), places(MARKS) if simd else OWN), by_table(blocks(text, size))):
        assert shown(found.tallies) == shown(slowly(text))
        assert found.octets == len(text) + bool(text and not text.endswith(b"\n"))
        assert not found.full


@given(st.binary(max_size=400), st.integers(1, 50))
@settings(max_examples=200, derandomize=True, deadline=None)
def test_any_bytes_are_some_log(noise: bytes, size: int) -> None:
    text = noise.replace(b"a", b" [info] 1#1: *1 SSL, client: a, server: b\n").replace(b"b", b"9 [info] 1#1: *1 OCSP")
    for found in (count_in_bulk(blocks(text, size), places(MARKS)), by_table(blocks(text, size))):
        assert shown(found.tallies) == shown(slowly(text))
        triage(found)


@pytest.mark.parametrize("processors", [1, 2, 5])
def test_in_parts_as_in_one(processors: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("handclasp.adapters.log_files._WORTH_A_PROCESS", 1000)
    text = log(7, 900) + b"\n"
    older, newer = text[: len(text) // 3].rpartition(b"\n")[::2]
    newer += text[len(text) // 3 :]
    (tmp_path / "error.log.1.gz").write_bytes(gzip.compress(older + b"\n"))
    (tmp_path / "error.log").write_bytes(newer)
    paths = [str(tmp_path / name) for name in ("error.log.1.gz", "error.log")]
    logs = LogFiles(processors=processors)
    assert len(logs.parts(paths)) == 1 + processors
    found = triage(count_logs(paths, logs, ForkWorkers(2)))
    whole = triage(count_in_bulk([older + b"\n", newer], OWN))
    assert found == whole
    assert found.matched == sum(group.count for group in found.groups) > 20


def test_every_line_is_in_one_part(tmp_path: Path) -> None:
    for text in (b"a\nbb\n\nccc\n" + b"d" * 50 + b"\ne", b"\n\n", b"x" * 70, b"x\n" * 20):
        (tmp_path / "log").write_bytes(text)
        for cut in range(len(text) + 1):
            parts = [LogPart(str(tmp_path / "log"), *edges) for edges in ((0, cut), (cut, len(text)))]
            found = [b"".join(LogFiles().blocks(part)) for part in parts]
            assert b"".join(found) == text
            assert not found[1] or not found[0] or found[0].endswith(b"\n")


def test_what_is_too_much_to_tell_apart_is_counted_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("handclasp.adapters.log_files._WORTH_A_PROCESS", 1000)
    monkeypatch.setattr(log_tallies, "MOST_GROUPS", 5)
    monkeypatch.setattr(log_tallies, "MOST_CLIENTS", 7)
    text = log(3, 500)
    (tmp_path / "error.log").write_bytes(text)
    found = triage(count_logs([str(tmp_path / "error.log")], LogFiles(processors=2), ForkWorkers(2)))
    counted = count_in_bulk(blocks(text, 50), OWN)
    assert counted.full
    assert found == triage(count_in_bulk([text], OWN))
    assert sum(tally.count for tally in counted.tallies.values()) == sum(tally.count for tally in slowly(text).values())
    assert len(counted.tallies) <= 6


@pytest.mark.parametrize("size", [100, 5000, 1 << 20])
@pytest.mark.parametrize("most", [(8, 5), (10_000, 5), (8, 20), (10_000, 100_000)])
def test_a_table_that_is_often_full_counts_the_same_in_the_same_order(
    size: int, most: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("MOST_ENTRIES", 16), ("MOST_KEY_BYTES", 9000), ("_MOST_MESSAGES", 3), ("_MOST_NOTICES", 2)):
        monkeypatch.setattr(f"handclasp.adapters.log_table.{name}", value)
    monkeypatch.setattr("handclasp.diagnose.log_by_table._MOST_UNUSUAL", 3)
    for name, value in zip(("MOST_GROUPS", "MOST_CLIENTS"), most, strict=True):
        monkeypatch.setattr(log_tallies, name, value)
    text = log(13, 900)
    found, wanted = by_table(blocks(text, size)), count_in_bulk([text], OWN)
    assert shown(found.tallies) == shown(wanted.tallies)
    assert [list(one.clients) for one in found.tallies.values()] == [list(one.clients) for one in wanted.tallies.values()]
    assert found.full == wanted.full == (most != (10_000, 100_000))


@given(st.lists(st.sampled_from([*MARKS, b"SS", b"L", b"\0", b"\n", b" ", b"x" * 60, b"i"]), max_size=60).map(b"".join))
@settings(max_examples=300, derandomize=True, deadline=None)
def test_the_table_notices_every_line_with_a_mark(text: bytes) -> None:
    text += b"\n"
    table = line_table()
    assert table
    noticed = [text[notice.begin : notice.end] for notice in table.count(text, 0)[1]]
    assert noticed == [line for line in text.split(b"\n") if any(mark in line for mark in MARKS)]


def test_a_library_from_another_source_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert line_table(tmp_path / "none.so") is None
    other = tmp_path / "log_table.c"
    other.write_bytes(SOURCE.read_bytes() + b"\n")
    monkeypatch.setattr("handclasp.adapters.log_table.SOURCE", other)
    assert line_table() is None
    (tmp_path / "error.log").write_bytes(log(17, 200))
    found = triage(count_logs([str(tmp_path / "error.log")], LogFiles(), ForkWorkers(1)))  # as where there was no compiler
    assert found == triage(count_in_bulk([log(17, 200)], OWN))


@given(st.lists(st.sampled_from([*MARKS, b"SS", b"L", b"[emer", b"\0", b"\n", b" ", b"x" * 700]), max_size=60).map(b"".join))
@settings(max_examples=300, derandomize=True, deadline=None)
def test_the_fast_search_finds_the_lines_that_pythons_finds(text: bytes) -> None:
    text += b"\n"
    lines = [line[:LONGEST] + b"\n" for line in text.split(b"\n") if any(mark in line for mark in MARKS)]
    assert telling(text, places(MARKS)(text)) == telling(text, OWN(text)) == b"".join(lines)


def test_a_machine_without_the_library_counts_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    text = log(11, 300)
    with_it = triage(count_in_bulk(blocks(text, 1000), places(MARKS)))
    monkeypatch.setattr("handclasp.adapters.byte_search.find_spec", lambda _name: None)
    assert isinstance(places(MARKS)(text), list)  # Python's own search, not the library's
    assert triage(count_in_bulk(blocks(text, 1000), places(MARKS))) == with_it


def test_a_pipe_is_read_to_its_end_and_one_without_a_writer_is_said_to_be_so(tmp_path: Path) -> None:
    pipe = str(tmp_path / "pipe")
    os.mkfifo(pipe)
    with pytest.raises(InputError, match="nobody wrote"):
        list(LogFiles(patience=0.01).blocks(LogPart(pipe)))
    text = log(5, 300)
    writer = threading.Thread(target=Path(pipe).write_bytes, args=(text,))
    writer.start()
    found = triage(count_logs([pipe], LogFiles(), ForkWorkers(1)))
    writer.join()
    assert found == triage(count_in_bulk([text], OWN))


def test_a_log_that_unpacks_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("handclasp.adapters.log_files._UNPACKED_AT_LEAST", 10_000_000)
    (tmp_path / "bomb.gz").write_bytes(gzip.compress(b"\0" * 40_000_000))
    with pytest.raises(InputError, match="this is no log"):
        count_logs([str(tmp_path / "bomb.gz")], LogFiles(), ForkWorkers(1))


@pytest.mark.parametrize("magic", [b"\x28\xb5\x2f\xfd", b"\xfd7zXZ\0", b"BZh91"])
def test_other_packers_are_named(magic: bytes, tmp_path: Path) -> None:
    (tmp_path / "error.log").write_bytes(magic + b"....")
    with pytest.raises(InputError) as raised:
        LogFiles().parts([str(tmp_path / "error.log")])
    assert "handclasp doctor --log -" in (raised.value.hint or "")


def test_groups_come_with_the_most_frequent_first() -> None:
    text = b"".join(one(Random(seed)) + b"\n" for seed in range(300))
    counts = [group.count for group in triage(count_in_bulk([text], OWN)).groups]
    assert counts == sorted(counts, reverse=True)
    assert Counter(counts).total() > 3
