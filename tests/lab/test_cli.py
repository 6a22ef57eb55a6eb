"""The commands of `handclasp lab`, as a person runs them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from handclasp.cli import main


def test_list_names_scenarios_and_the_next_step(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lab", "list"]) == 0
    said = capsys.readouterr()
    assert "client-verify-depth-too-small: 3 forms, 1 remedy" in said.out
    assert "handclasp lab run" in said.err


def test_run_plays_one_cause_on_this_nginx(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    saved = tmp_path / "results.json"
    assert main(["lab", "run", "client-cert-expired", "--save", str(saved), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == "handclasp/lab-run/1"
    assert document["unexpected"] == []
    assert main(["lab", "report", "--results", str(saved)]) == 0
    assert "remedy   renew-client-certificate: fixed 1 of 1" in capsys.readouterr().out


def test_run_in_full_tells_set_up_request_errors_log_remedy_and_effect(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lab", "run", "client-crl-expired", "-v"]) == 0
    said = capsys.readouterr().err
    broken, remedy = said.partition("client-crl-expired/root-crl-expired:")[2], said.partition("remedy ")[2]
    for words in (
        "ca.crl: CRL of CN=Lab Root,O=Lab, 2015-01-01 to 2016-01-01, 0 revoked",
        "nginx.conf: ssl_crl ca.crl;",
        "request: GET https://app.test/, SNI app.test, with CN=alice,O=Lab <- CN=Lab CA 1,O=Lab",
        "raised: 12 at depth 1, /O=Lab/CN=Lab CA 1\n      raised: 12 at depth 2, /O=Lab/CN=Lab Root",
        "nginx logs: *1 client SSL certificate verify error: (12:CRL has expired)",
    ):
        assert words in broken.partition("control ")[0]
    assert "publish-fresh-crl: 200\n      ca.crl: CRL of CN=Lab CA 1,O=Lab, 2015-01-01 to 2099-01-01" in remedy
    assert "raised:" not in remedy.partition("dead-end ")[0]


def test_report_counts_the_shipped_runs(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lab", "report", "client-verify-depth-too-small", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["causes"]["client-verify-depth-too-small"]["raise-verify-depth"] == {"fixed": 12, "runs": 12, "opened": 0}


def test_export_writes_a_setup_that_another_command_explains(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    folder = tmp_path / "case"
    assert main(["lab", "export", "client-verify-depth-too-small", "--out", str(folder)]) == 0
    capsys.readouterr()
    assert (folder / "client.key").stat().st_mode & 0o777 == 0o600
    assert "(2:unable to get issuer certificate)" in (folder / "logs/error.log").read_text()
    options = ["--config", f"{folder}/nginx.conf", "--client-cert", f"{folder}/client.pem", "--json"]
    assert main(["predict", *options]) == 1
    errors = json.loads(capsys.readouterr().out)["verdict"]["errors"]
    assert [(error["number"], error["depth"]) for error in errors] == [(22, 2), (2, 2)]


def test_fuzz_compares_model_and_nginx(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lab", "fuzz", "--cases", "60", "--seed", "3"]) == 0
    assert "60 cases, 0 differ" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["lab", "run", "client-nothing"], 2, "there is no scenario of client-nothing"),
        (["lab", "report", "client-nothing"], 2, "no scenario of client-nothing was run"),
        (["lab", "export", "client-cert-expired/backwards", "--out", "x"], 2, "has no form backwards"),
        (["lab", "run", "--no-host"], 2, "there is no nginx to run on"),
    ],
)
def test_wrong_usage_is_said_with_its_remedy(
    arguments: list[str], code: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == code
    said = capsys.readouterr().err
    assert words in said
    assert "hint: " in said


def test_help_does_not_load_the_lab() -> None:
    program = "import sys; from handclasp.cli import main; main(['lab', '--help']); print('handclasp.lab' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout.endswith("False\n")
