"""docs/coming-from-openssl.md: both columns of its tables are run as they stand, the tutorial's and ours."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = (Path(__file__).parents[2] / "docs" / "coming-from-openssl.md").read_text()
EASYRSA = Path("/usr/share/easy-rsa")
OLD_CA = (Path(__file__).parent / "given" / "old-ca.sh").read_text()
CA_CONFIG = OLD_CA.partition("<<'END'\n")[2].partition("END\n")[0]
"""The openssl.cnf of the other old CA of these pages."""
NGINX = """events {{}}
http {{ server {{ listen 127.0.0.1:8443 ssl; server_name app.test;
  ssl_certificate {home}/identities/app.test/chain.pem; ssl_certificate_key {home}/identities/app.test/key.pem;
  ssl_client_certificate {home}/ca/bundle.pem; ssl_crl {home}/ca/crl.pem; ssl_verify_client on; ssl_verify_depth 2; }} }}
"""


def commands(tool: str, column: int) -> list[str]:
    """The code of one column of a tool's table, from top to bottom."""
    section = PAGE.partition(f"## {tool}\n")[2].partition("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("| `")]
    assert rows, tool
    return [code for row in rows for code in re.findall(r"`([^`]+)`", row.split(" | ")[column])]


def run(script: list[str], folder: Path) -> str:
    tools = f"{Path(sys.executable).parent}:{EASYRSA}:{os.environ['PATH']}"
    kept = {key: value for key, value in os.environ.items() if not key.startswith("HANDCLASP_")}
    own = {"HANDCLASP_HOME": str(folder / "home"), "PATH": tools, "EASYRSA_BATCH": "1", "LC_ALL": "C.UTF-8"}
    done = subprocess.run(
        ["sh", "-eux", "-c", "\n".join(script)],
        cwd=folder,
        env=kept | own,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "work"
    (made / "newcerts").mkdir(parents=True)
    (made / "ca.cnf").write_text(CA_CONFIG)
    for name, text in (("index.txt", ""), ("serial", "1000\n"), ("crlnumber", "1000\n")):
        (made / name).write_text(text)
    (made / "nginx.conf").write_text(NGINX.format(home=made / "home"))
    return made


def test_openssl(folder: Path) -> None:
    run(commands("openssl", 0), folder)
    said = run(commands("openssl", 1), folder)
    assert "200" in said
    assert (folder / "ca.sealed").stat().st_mode & 0o777 == 0o600
    assert "bob" in run(["handclasp list --status revoked"], folder)


def test_easy_rsa(folder: Path) -> None:
    assert EASYRSA.exists(), "apt-get install easy-rsa; tools/bootstrap.sh test does it"
    run(commands("easy-rsa", 0), folder)
    run(commands("easy-rsa", 1), folder)
    run(["handclasp import . --report"], folder)


def test_step(folder: Path) -> None:
    run(commands("step", 1), folder)


def test_the_certificates_of_the_left_column_are_what_the_page_says(folder: Path) -> None:
    """That `x509 -req` leaves out extendedKeyUsage and the names is why the right column exists."""
    run(commands("openssl", 0), folder)
    for name in ("alice", "server"):
        text = run([f"openssl x509 -in {name}.crt -noout -text"], folder)
        assert "Extended Key Usage" not in text
        assert "Subject Alternative Name" not in text
    assert "alice" not in (folder / "index.txt").read_text()


@pytest.mark.parametrize("tool", ["openssl", "easy-rsa", "step"])
def test_every_row_has_one_line_here(tool: str) -> None:
    section = PAGE.partition(f"## {tool}\n")[2].partition("\n## ")[0]
    for row in (line for line in section.splitlines() if line.startswith("| `")):
        here = re.findall(r"`([^`]+)`", row.split(" | ")[1])
        assert len(here) == 1, row
        assert here[0].startswith("handclasp "), row
