"""The quickstart of the README, run line by line as it stands."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.machine import run_on_a_machine
from tests.nginx_rig import free_port

ROOT = Path(__file__).parents[2]


def quickstart() -> str:
    found = re.search(r"<!-- quickstart.*?-->\n```sh\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert found
    return found[1]


def run(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    tools = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {**os.environ, "HANDCLASP_HOME": str(folder / "home"), "PATH": tools, "LC_ALL": "C.UTF-8"}
    return subprocess.run(
        ["sh", "-eux", "-c", script], cwd=folder, env=environment, capture_output=True, text=True, timeout=180, check=False
    )


def test_quickstart_does_what_it_says(tmp_path: Path) -> None:
    script = quickstart().replace("8443", str(free_port()))
    try:
        done = run(script, tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr
    finally:
        run("handclasp nginx stop || true", tmp_path)
    assert "with yours          200" in done.stdout
    assert re.search(r"bob is revoked|bob.*effective", done.stdout), done.stdout
    assert (tmp_path / "home/identities/alice/alice.p12").is_file()


# What the lines below "When it does not work" take for granted, beside a server in /etc/nginx: copies in this folder.
AT_HAND = """
handclasp init -q --new-passphrase-file passphrase.txt
HANDCLASP_PASSPHRASE_FILE=passphrase.txt handclasp issue -q laptop
cp home/identities/laptop/chain.pem laptop.pem
cp /etc/nginx/nginx.conf .
"""


def test_what_helps_when_it_does_not_work(tmp_path: Path) -> None:
    section = (ROOT / "README.md").read_text().partition("## When it does not work")[2].partition("\n## ")[0]
    blocks = re.findall(r"^```\n(.*?)^```", section, re.DOTALL | re.MULTILINE)
    assert len(blocks) == 2
    given = (ROOT / "tests/docs/given/site-nginx.sh").read_text()
    done = run_on_a_machine(given + AT_HAND + "".join(blocks).replace("$ handclasp", "handclasp"), tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "[client-ca-rekeyed-same-name]" in done.stdout, done.stdout
    assert "unable to get local issuer certificate" in done.stdout


def test_every_command_of_the_documents_exists() -> None:
    from handclasp.cli import handclasp

    documents = ("README.md", "CONTRIBUTING.md", "docs/architecture.md", "SECURITY.md")
    text = "\n".join((ROOT / name).read_text() for name in documents)
    named = set(re.findall(r"(?:^|`|\$ )handclasp ([a-z]+)", text, re.MULTILINE))
    assert named <= set(handclasp.commands) | set(getattr(handclasp, "table", {})), named
    assert named


def test_files_that_documents_link_to_are_there() -> None:
    for document in (*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")):
        for target in re.findall(r"\]\(([^)#:]+)\)", document.read_text()):
            assert (document.parent / target).exists(), f"{document.name} links to {target}"


def test_the_chinese_readme_has_the_same_code() -> None:
    english, chinese = (
        re.findall(r"^```(?:sh)?\n(.*?)^```", (ROOT / name).read_text(), re.DOTALL | re.MULTILINE)
        for name in ("README.md", "README.zh.md")
    )
    said = [re.sub(r" +# .*", "", block) for block in english]
    assert [re.sub(r" +# .*", "", block) for block in chinese] == said
    assert len(said) == 4


def test_make_targets_of_the_documents_exist() -> None:
    assert shutil.which("make")
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    text = (ROOT / "README.md").read_text() + (ROOT / "CONTRIBUTING.md").read_text()
    named = set(re.findall(r"`make ([a-z]+)`|^make ([a-z]+)", text, re.MULTILINE))
    assert {one or two for one, two in named} <= targets
