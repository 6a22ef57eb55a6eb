"""The doctor on broken set-ups: the right cause first, the remedy proven on a real nginx, silence on healthy ones."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from handclasp.cli import main
from handclasp.model.verdict import Side
from tests.diagnose.scenes import SCENES, Scene, _client, _upstream

ENGINES = ("1.0.2", "1.1.1", "3.0", "3.5", "3.6", "4.0")


def doctor(scene: Scene, *more: str) -> tuple[int, dict[str, object]]:
    scene.write()
    here = scene.folder
    sent = str(here / "peer.pem") if (here / "peer.pem").stat().st_size else ""
    peer = ("--client-cert", sent) if scene.draft.side is Side.CLIENT else ("--upstream", "--upstream-chain", sent)
    argv = [sys.executable, "-m", "handclasp", "doctor", "--json", "--config", str(here / "nginx.conf"), *peer, *more]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode in {0, 1}, done.stderr
    return done.returncode, json.loads(done.stdout)


def causes(document: dict[str, object], severity: str | None = None) -> list[str]:
    findings = document["findings"]
    assert isinstance(findings, list)
    return [item["cause"] for item in findings if severity is None or item["severity"] == severity]


@pytest.mark.parametrize("name", SCENES)
def test_cause_found_and_remedy_proven(name: str, tmp_path: Path) -> None:
    make, cause = SCENES[name]
    code, document = doctor(make(tmp_path))
    found = next(item for item in document["findings"] if item["cause"] == cause)  # type: ignore[attr-defined]
    assert code == 1
    if cause != "error-log-level-hides-reason":
        assert causes(document)[0] == cause
    proof = found["remedies"][0]["proof"]
    assert proof["proved"], found
    assert proof["still_refused"]
    assert document["verdict"]["status"] == proof["before"]["status"]  # type: ignore[index]
    reported = document["verdict"]["log"]  # type: ignore[index]
    if cause != "error-log-level-hides-reason" and name != "silent-log":
        assert reported in (proof["before"]["log"] or ""), "nginx logged what the verdict had predicted"


@pytest.mark.parametrize("name", SCENES)
def test_explains_in_both_languages(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make, cause = SCENES[name]
    scene = make(tmp_path)
    scene.write()
    sent = str(tmp_path / "peer.pem") if (tmp_path / "peer.pem").stat().st_size else ""
    peer = ["--client-cert", sent] if scene.draft.side is Side.CLIENT else ["--upstream", "--upstream-chain", sent]
    texts = {}
    for lang in ("en", "zh"):
        assert main(["doctor", "--config", str(tmp_path / "nginx.conf"), *peer, "--no-prove", "--lang", lang]) == 1
        texts[lang] = capsys.readouterr().out
    assert cause in texts["en"]
    assert cause in texts["zh"]
    assert any("\u4e00" <= letter <= "\u9fff" for letter in texts["zh"])
    assert not any("\u4e00" <= letter <= "\u9fff" for letter in texts["en"])


@pytest.mark.parametrize("intermediates", [0, 1])
@pytest.mark.parametrize("make", [_client, _upstream])
@pytest.mark.parametrize("engine", ENGINES[1:])
def test_healthy_set_ups_have_no_error(make: object, intermediates: int, engine: str, tmp_path: Path) -> None:
    assert callable(make)
    code, document = doctor(make(tmp_path, intermediates), "--no-prove", "--engine", engine)
    assert causes(document, "error") == []
    assert code == 0


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", ["depth-local", "depth-sent", "upstream-depth"])
def test_too_deep_is_never_taken_for_a_missing_ca(name: str, engine: str, tmp_path: Path) -> None:
    make, cause = SCENES[name]
    _, document = doctor(make(tmp_path), "--no-prove", "--engine", engine)
    assert causes(document, "error") == [cause]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", ["ca-not-trusted", "trust-intermediate-only", "intermediate-missing", "upstream-ca"])
def test_a_missing_ca_is_never_taken_for_depth(name: str, engine: str, tmp_path: Path) -> None:
    make, cause = SCENES[name]
    scene = make(tmp_path)
    deep = "ssl_verify_depth 2;" if scene.draft.side is Side.CLIENT else "proxy_ssl_verify_depth 2;"
    if scene.draft.side is Side.CLIENT:
        scene.nginx += deep
    else:
        scene.location += deep
    _, document = doctor(scene, "--no-prove", "--engine", engine)
    assert causes(document, "error") == [cause]


def test_two_faults_are_both_told_and_both_cured(tmp_path: Path) -> None:
    make, _ = SCENES["expired"]
    scene = make(tmp_path)
    scene.extra = [scene.draft.root]
    scene.trust = [scene.draft.authority(scene.draft.root.subject.replace(b"Lab Root", b"Bad Root"))]
    _, document = doctor(scene)
    assert causes(document, "error") == ["client-chain-untrusted-root", "client-cert-expired"]
    proofs = [item["remedies"][0]["proof"] for item in document["findings"] if item["severity"] == "error"]  # type: ignore[attr-defined]
    assert [proof["proved"] for proof in proofs] == [True, True]
    assert [proof["after"]["status"] for proof in proofs] == [400, 200]


def test_whether_an_unlisted_client_should_get_in_is_asked(tmp_path: Path) -> None:
    """The certificate is good; the configuration names others. It may be meant so."""
    scene = _client(tmp_path)
    scene.location = 'if ($ssl_client_serial != "0102") { return 403; } return 200 "in\\n";'
    code, document = doctor(scene, "--no-prove")
    asked = [item["question"] for item in document["could_not_tell"]]  # type: ignore[attr-defined]
    assert code == 0
    assert document["verdict"]["status"] == 403  # type: ignore[index]
    assert len(asked) == 1
    assert f"$ssl_client_serial = {scene.draft.leaf.serial:02X}" in asked[0]
    _, document = doctor(scene, "--no-prove", "--expect", "refused")
    assert document["could_not_tell"] == []
