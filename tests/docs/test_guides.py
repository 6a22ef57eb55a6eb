"""Tutorial and how-to pages: marked blocks are run as they stand, translations hold the same code, links lead somewhere."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from handclasp.model.messages import ENGLISH, languages
from handclasp.present.kb import guide, markdown
from handclasp.present.kb.guide import Kind
from tests.nginx_rig import free_port

DOCS = Path(__file__).parents[2] / "docs"
MARKED = re.compile(r"<!-- (?P<kind>run|setup|file (?P<name>\S+)) -->\n```\w+\n(?P<text>.*?)```", re.DOTALL)
CODE = re.compile(r"^```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)
FOREIGN = [lang for lang in languages() if lang != ENGLISH]
GUIDED = [item for item in guide.guides() if item.kind in (Kind.TUTORIAL, Kind.HOW_TO)]


def script_of(text: str) -> str:
    """All marked blocks as one script; files are written where they stand."""
    parts = []
    for found in MARKED.finditer(text):
        body = found["text"]
        parts.append(f"cat >{found['name']} <<'END-OF-FILE'\n{body}END-OF-FILE\n" if found["name"] else body)
    return "".join(parts)


def run(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    tools = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {**os.environ, "HANDCLASP_HOME": str(folder / "home"), "PATH": tools, "LC_ALL": "C.UTF-8"}
    command = ["sh", "-eux", "-c", script]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=240, check=False)


def on_free_ports(script: str) -> str:
    for port in ("8443", "8444", "8555", "8556"):
        script = script.replace(port, str(free_port()))
    return script


# What the run of each page must show. nginx.md has a test of its own (test_nginx_page.py).
SHOWN = {
    "tutorial": ["\n400\n200\n", "bob is refused", "[client-trust-intermediate-only]", "after: 200", "nginx was stopped"],
    "diagnose": ["[client-intermediate-missing]", "error-log-level-hides-reason", "with yours          200"],
    "serve": ['"ready": true', "certificate.pem: good", "nginx-locations.conf", '"name":"alice"'],
    "agents": ['"schema": "handclasp/explain/1"', "client-crl-expired", "# Handclasp knowledge base"],
}


@pytest.mark.parametrize(("name", "wanted"), SHOWN.items())
def test_the_page_does_what_it_says(tmp_path: Path, name: str, wanted: list[str]) -> None:
    script = script_of((DOCS / f"{name}.md").read_text("utf-8"))
    assert script
    try:
        done = run(on_free_ports(script), tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr
    finally:
        run("handclasp nginx stop || true", tmp_path)
    for text in wanted:
        assert text in done.stdout, done.stdout


@pytest.mark.parametrize("item", [item for item in GUIDED if "/" not in item.name], ids=lambda item: str(item.name))
@pytest.mark.parametrize("lang", FOREIGN)
def test_translations_hold_the_same_code_under_as_many_headings(item: guide.Guide, lang: str) -> None:
    """A page that was changed and its translation was not differs here."""
    text, written_in = guide.source(item, lang)
    assert written_in == lang, f"docs/{lang}/{item.name}.md is missing"
    english, _ = guide.source(item, ENGLISH)
    assert CODE.findall(text) == CODE.findall(english)
    rows = re.compile(r"^\|", re.MULTILINE)
    assert len(rows.findall(text)) == len(rows.findall(english))
    for level in ("##", "###"):
        heading = re.compile(rf"^{level} ", re.MULTILINE)
        assert len(heading.findall(CODE.sub("", text))) == len(heading.findall(CODE.sub("", english)))


@pytest.mark.parametrize("item", guide.guides(), ids=lambda item: str(item.name))
def test_links_lead_to_texts_and_files_that_are_there(item: guide.Guide) -> None:
    for lang in languages():
        text, written_in = guide.source(item, lang)
        folder = DOCS if written_in == ENGLISH else DOCS / written_in
        for target in markdown.links_of(text):
            path = target.partition("#")[0]
            if path and not re.match(r"https?:", path):
                place = folder / item.folder / path
                assert place.exists() or (DOCS / item.folder / path).exists(), f"{place} of {item.name} ({lang})"


UNMARKED = re.compile(r"(?<!-->\n)^```sh\n(.*?)^```", re.DOTALL | re.MULTILINE)
# What needs an nginx of the system, a cluster or a host that is not here; the same commands run elsewhere in the tests.
SYSTEM = re.compile(r"/etc/nginx|/var/log/nginx/|app\.example\.test|^kubectl ", re.MULTILINE)


@pytest.mark.parametrize("item", GUIDED, ids=lambda item: str(item.name))
def test_every_shell_block_is_run(item: guide.Guide) -> None:
    """A block of shell in a tutorial or a guide is marked, and what is marked is run."""
    text, _ = guide.source(item, ENGLISH)
    assert [block for block in UNMARKED.findall(text) if not SYSTEM.search(block)] == []


def test_every_page_with_marked_blocks_is_run() -> None:
    marked = {item.name for item in GUIDED if MARKED.search(guide.source(item, ENGLISH)[0])}
    assert marked == {*SHOWN, "nginx"}


def test_every_kind_of_text_has_a_page_and_every_page_a_title_and_a_lead() -> None:
    assert {item.kind for item in guide.guides()} == set(Kind)
    for item in guide.guides():
        text, _ = guide.source(item, ENGLISH)
        assert markdown.title_of(text), item.name
        assert markdown.lead_of(text), item.name
