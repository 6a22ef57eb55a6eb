"""Whole logs in one pass: counted by message, server and client, in little memory, from plain, gzipped and piped files."""

import gzip
import io
import json
import sys
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from handclasp.adapters.byte_search import places
from handclasp.cli import main
from handclasp.diagnose.engine import diagnose
from handclasp.diagnose.lines import line_findings
from handclasp.diagnose.log_count import count_in_bulk
from handclasp.diagnose.log_line import read_line
from handclasp.diagnose.log_parts import MARKS
from handclasp.diagnose.rules import logged
from handclasp.diagnose.triage import triage
from tests.diagnose.rules.samples_logged import UNKNOWN_CA, agrees, line, refused
from tests.diagnose.rules.workshop import Workshop

NOISE = (
    '2026/11/20 10:00:00 [error] 7#7: *9 open() "/usr/share/nginx/html/favicon.ico" failed (2: No such file or directory),'
    ' client: 192.0.2.9, server: site.test, request: "GET /favicon.ico HTTP/1.1", host: "site.test"'
)


def made(count: int, seed: int = 1) -> list[str]:
    random = Random(seed)
    kinds = [
        refused(*UNKNOWN_CA),
        refused(10, "certificate has expired", of="b.test"),
        line("client sent no required SSL certificate while reading client request headers"),
        line("client sent plain HTTP request to HTTPS port while reading client request headers"),
    ]
    return [
        random.choice([NOISE, NOISE, *kinds]).replace("192.0.2.7", f"192.0.2.{random.randrange(200)}").replace("*1", f"*{n}")
        for n in range(count)
    ]


def blocks(text: bytes, size: int) -> Iterator[bytes]:
    for at in range(0, len(text), size):
        yield text[at : at + size]


@pytest.mark.parametrize("size", [1, 7, 100, 4096, 1 << 20])
def test_counts_are_those_of_a_slow_count(size: int) -> None:
    lines = made(300 if size < 100 else 3000)
    found = triage(count_in_bulk(blocks("\n".join(lines).encode(), size), places(MARKS)))
    parsed = [read_line(text) for text in lines if text.split("] ", 1)[1][:20] != NOISE.split("] ", 1)[1][:20]]
    wanted = Counter((item.message, item.server) for item in parsed if item.kind not in {"other", "unknown"})
    assert {(group.message, group.server): group.count for group in found.groups} == wanted
    for group in found.groups:
        clients = Counter(item.client for item in parsed if (item.message, item.server) == (group.message, group.server))
        assert sum(count for _, count in group.clients) + group.others == group.count
        assert all(clients[client] == count for client, count in group.clients)
    assert [group.count for group in found.groups] == sorted((group.count for group in found.groups), reverse=True)


def test_memory_is_bounded_whatever_the_log_says() -> None:
    def hostile() -> Iterator[bytes]:
        for n in range(60_000):
            message = f"client SSL certificate verify error: ({n}:{'x' * 50}{n}) while reading client request headers"
            yield (line(message).replace("192.0.2.7", f"2001:db8::{n:x}") + "\n").encode()
        yield b"x" * 5_000_000

    tracemalloc.start()
    found = triage(count_in_bulk(hostile(), places(MARKS)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.matched == 60_000
    assert sum(group.count for group in found.groups) == 60_000
    assert peak < 64 * 1024 * 1024


def test_the_command_reads_plain_gzipped_and_piped_logs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    content = ("\n".join(made(2000)) + "\n").encode()
    (tmp_path / "error.log").write_bytes(content)
    (tmp_path / "error.log.2.gz").write_bytes(gzip.compress(content))
    answers = []
    for argument in (str(tmp_path / "error.log"), str(tmp_path / "error.log.2.gz"), "-"):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
        assert main(["doctor", "--log", argument, "--json"]) == 1
        answers.append(json.loads(capsys.readouterr().out))
    assert answers[0]["triage"] == answers[1]["triage"] == answers[2]["triage"]
    assert answers[0]["triage"]["groups"][0]["count"] > 200
    assert main(["doctor", "--log", str(tmp_path / "error.log"), "--lang", "zh"]) == 1
    assert "服务器 b.test" in capsys.readouterr().out


def test_a_log_without_such_lines_and_a_broken_one_are_said_to_be_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "error.log").write_text(NOISE + "\n")
    assert main(["doctor", "--log", str(tmp_path / "error.log")]) == 3
    assert "no line of this log" in capsys.readouterr().err
    (tmp_path / "cut.gz").write_bytes(gzip.compress(b"x" * 1000)[:-12])
    assert main(["doctor", "--log", str(tmp_path / "cut.gz")]) == 3
    assert "cannot be read" in capsys.readouterr().err


def test_lines_alone_give_ranked_causes_with_their_checks() -> None:
    found = line_findings([read_line(refused(*UNKNOWN_CA)), read_line(refused(*UNKNOWN_CA, of="b.test"))])
    assert [item.severity for item in found] == ["error", *("warning" for _ in found[1:])]
    assert {"client-intermediate-missing", "client-trust-file-is-server-cert", "client-ca-rekeyed-same-name"} <= {
        item.cause for item in found
    }
    assert found[0].cause == "client-ca-not-trusted"
    assert all(item.confidence == "likely" and len(item.evidence) == 3 for item in found)


@pytest.mark.parametrize(
    "text",
    [
        "nginx: client certificate verification failed: 21",
        refused(21, "certificate has expired"),
        line("client SSL certificate verify error: expired while reading client request headers"),
    ],
)
def test_lines_that_nginx_never_wrote_are_recognized(text: str) -> None:
    assert [item.cause for item in line_findings([read_line(text)])] == ["pasted-line-not-from-nginx"]


def test_a_line_that_agrees_raises_no_question(tmp_path: Path) -> None:
    from handclasp.diagnose.case import Case
    from handclasp.verdict.predict import Stage

    evidence = agrees(Workshop(tmp_path)).evidence()
    case = Case(Stage(evidence))
    assert case.verdict
    assert case.verdict.reported
    assert case.verdict.reported.number == UNKNOWN_CA[0]
    assert [item for rule in logged.RULES for item in rule.check(case)] == []
    assert any("the log says the same" in text.en for text in diagnose(evidence).diagnosis.findings[0].evidence)
