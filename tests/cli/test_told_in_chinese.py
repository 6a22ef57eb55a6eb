"""Results in Chinese: labels, proofs and what a probe saw; documents for programs are the same in every language."""

import re
import shlex

import pytest

from handclasp.model.command import word
from handclasp.model.plan import Expect, ProbeStep
from handclasp.present.plan_text import proven_lines
from handclasp.present.proof_words import probe_name, seen_words
from tests.ca_rig import Ca

NAMES = [
    ("app.test, alice fresh, TLSv1.2", "app.test，alice，新握手，TLSv1.2"),
    ("app.test, Anna Li resumed, TLSv1.3", "app.test，Anna Li，恢复会话，TLSv1.3"),
    ("app.test, fresh air fresh, TLSv1.3", "app.test，fresh air，新握手，TLSv1.3"),
    ("app.test, alice without SNI, TLSv1.2", "app.test，alice，不带 SNI，TLSv1.2"),
    ("app.test, no certificate, TLSv1.2", "app.test，不出示证书，TLSv1.2"),
    ("app.test, certificate of another CA fresh, TLSv1.2", "app.test，其他 CA 的证书，新握手，TLSv1.2"),
    ("app.test, bob (revoked) resumed, TLSv1.3", "app.test，bob（已吊销），恢复会话，TLSv1.3"),
    ("app.test, bob (expired) fresh, TLSv1.3", "app.test，bob（已过期），新握手，TLSv1.3"),
    ("app.test, bob, not on the list, TLSv1.3", "app.test，bob，不在名单上，TLSv1.3"),
    ("app.test, bob, of the staff CA, TLSv1.3", "app.test，bob，属于 staff CA，TLSv1.3"),
    ("app.test/admin, no certificate, TLSv1.3", "app.test/admin，不出示证书，TLSv1.3"),
    ("app.test/x, forged headers with bob's certificate, on a copy", "app.test/x，伪造请求头，持 bob 的证书，在副本上"),
    ("no certificate", "不出示证书"),
]


@pytest.mark.parametrize(("english", "chinese"), NAMES)
def test_the_name_of_a_probe(english: str, chinese: str) -> None:
    assert probe_name(english, "zh") == chinese
    assert probe_name(english, "en") == english


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("200 (resumed)", "200（恢复的会话）"),
        ("400 No required SSL certificate was sent", "400 No required SSL certificate was sent"),
        ("no answer: alert certificate_required (116)", "没有应答：警报 certificate_required (116)"),
        ("let through, and the service did not answer (502)", "已放行，但服务没有应答（502）"),
    ],
)
def test_what_it_saw(english: str, chinese: str) -> None:
    assert seen_words(english, "zh") == chinese
    assert seen_words(english, "en") == english


class Seen:
    step = ProbeStep(name="app.test, bob (revoked) fresh, TLSv1.3", expect=Expect.REFUSED)
    ok = False
    seen = "200"


def test_a_probe_that_saw_what_it_should_not() -> None:
    assert proven_lines([Seen()], "zh") == ["  不符  app.test，bob（已吊销），新握手，TLSv1.3：200（应拒绝）"]
    assert proven_lines([Seen()], "en") == ["  BAD app.test, bob (revoked) fresh, TLSv1.3: 200 (must be refused)"]


def test_show_and_revoke_leave_no_label_in_english(ca: Ca) -> None:
    ca.run("issue", "李雷")
    shown = ca.run("show", "李雷", "--lang", "zh").stdout
    assert re.findall(r"^  (\S+) {2,}(?=CN=|无|ec|client|[0-9a-f]{64})", shown, re.MULTILINE)[-6:] == [
        "主题", "签发者", "备用名称", "密钥", "用途", "SHA-256"
    ]  # fmt: skip
    assert "CN=李雷" in shown, "not the bytes of its letters"
    assert ca.json("show", "李雷", "--lang", "zh") == ca.json("show", "李雷")
    assert "李雷 已记录为吊销，并列入已发布的 CRL" in ca.run("revoke", "李雷", "--lang", "zh").stdout


@pytest.mark.parametrize("text", ["alice", "张三", "Anna Li", "O'Brien", "$HOME", "a\nb", "", "/srv/my home/x.pem"])
def test_a_word_of_a_command_is_one_word_to_a_shell(text: str) -> None:
    assert shlex.split(f"handclasp show {word(text)}") == ["handclasp", "show", text]
    assert word("张三") == "张三"


def test_the_next_step_can_be_pasted(ca: Ca) -> None:
    told = ca.run("issue", "Anna Li").stderr
    line = next(line for line in told.splitlines() if "curl" in line)
    assert str(ca.identity("Anna Li", "chain.pem")) in shlex.split(line)
    assert "handclasp export 'Anna Li'" in told
