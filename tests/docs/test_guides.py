"""Tutorial and how-to pages: every block of commands is run as it stands, translations hold the same, links lead somewhere."""

import re
from pathlib import Path

import pytest

from handclasp.model.messages import ENGLISH, languages
from handclasp.present.kb import guide, markdown
from handclasp.present.kb.guide import Kind
from tests.machine import run_on_a_machine

DOCS = Path(__file__).parents[2] / "docs"
GIVEN = Path(__file__).parent / "given"
MARKED = re.compile(
    r"^<!-- (?:run(?: after (?P<given>\S+))?|setup|file (?P<name>\S+)) -->\n```\w+\n(?P<text>.*?)^```", re.DOTALL | re.MULTILINE
)
BLOCK = re.compile(r"^```(?P<language>\w*)\n(?P<text>.*?)^```", re.DOTALL | re.MULTILINE)
# Blocks that show a file or a setting. Everything else is taken for commands, above all what names no language.
SHOWN_ONLY = {"nginx", "toml", "json"}
FOREIGN = [lang for lang in languages() if lang != ENGLISH]
GUIDED = [item for item in guide.guides() if item.kind in (Kind.TUTORIAL, Kind.HOW_TO)]


def script_of(text: str) -> str:
    """All marked blocks as one script: what a block takes for granted is made before it, files are written where they stand."""
    parts = []
    for found in MARKED.finditer(text):
        body = found["text"]
        if found["given"]:
            parts.append((GIVEN / f"{found['given']}.sh").read_text("utf-8"))
        parts.append(f"cat >{found['name']} <<'END-OF-FILE'\n{body}END-OF-FILE\n" if found["name"] else body)
    return "".join(parts)


# What the run of each page must show.
SHOWN = {
    "tutorial": ["\n400\n200\n", "bob is refused", "[client-trust-intermediate-only]", "after: 200", "nginx was stopped"],
    "diagnose": ["[client-intermediate-missing]", "error-log-level-hides-reason", "with yours          200"],
    "nginx": [
        *("/health without a certificate: 200", "/ without a certificate: 400", "handclasp-any.app.test.stream"),
        *("ok  app.test, bob (revoked) resumed, TLSv1.3", "Taken back: nginx was reloaded.", "SSLCARevocationCheck chain"),
        "Only clients of this CA enter app.example.test now.",
    ],
    "serve": [
        *('"ready": true', "certificate.pem: good", "nginx-locations.conf", '"name":"alice"'),
        *("audit events", "The orders of the CA are in force", "web1  in force"),
    ],
    "coming-from-openssl": ["CN=Demo CA: 1 certificate,", "bare: CN=Bare CA", "old: 1 certificate,", "hsm: CA"],
    "agents": ['"schema": "handclasp/explain/1"', "client-crl-expired", "# Handclasp knowledge base"],
}


TYPED = """(umask 077 && echo correct horse battery >passphrase)
export HANDCLASP_PASSPHRASE_FILE=$PWD/passphrase
"""
# Where a page has the passphrase asked for, it is in a file instead.
KEYBOARD = dict.fromkeys(SHOWN, "") | {"nginx": TYPED, "coming-from-openssl": TYPED}


@pytest.mark.parametrize(("name", "wanted"), SHOWN.items())
def test_the_page_does_what_it_says(tmp_path: Path, name: str, wanted: list[str]) -> None:
    script = script_of((DOCS / f"{name}.md").read_text("utf-8"))
    done = run_on_a_machine(KEYBOARD[name] + script, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    for text in wanted:
        assert text in done.stdout, done.stdout


@pytest.mark.parametrize("item", GUIDED, ids=lambda item: str(item.name))
@pytest.mark.parametrize("lang", languages())
def test_no_block_of_commands_is_left_out(item: guide.Guide, lang: str) -> None:
    """The page in this language is run: its blocks are marked, and are those of the page that the test above runs."""
    text, _ = guide.source(item, lang)
    marked = [found["text"] for found in MARKED.finditer(text)]
    commands = [found["text"] for found in BLOCK.finditer(text) if found["language"] not in SHOWN_ONLY]
    assert [block for block in commands if block not in marked] == []
    assert item.name in SHOWN
    assert script_of(text) == script_of(guide.source(item, ENGLISH)[0])


# What is written by hand for those who use it. The architecture is for who changes the code.
BY_HAND = [
    item
    for item in guide.guides()
    if item.name == "knowledge" or (item.kind is not Kind.REFERENCE and item.name != "architecture")
]


@pytest.mark.parametrize("item", BY_HAND, ids=lambda item: str(item.name))
@pytest.mark.parametrize("lang", FOREIGN)
def test_translations_hold_the_same_code_under_as_many_headings(item: guide.Guide, lang: str) -> None:
    """A page that was changed and its translation was not differs here."""
    text, written_in = guide.source(item, lang)
    assert written_in == lang, f"docs/{lang}/{item.name}.md is missing"
    english, _ = guide.source(item, ENGLISH)
    assert BLOCK.findall(text) == BLOCK.findall(english)
    rows = re.compile(r"^\|", re.MULTILINE)
    assert len(rows.findall(text)) == len(rows.findall(english))
    for level in ("##", "###"):
        heading = re.compile(rf"^{level} ", re.MULTILINE)
        assert len(heading.findall(BLOCK.sub("", text))) == len(heading.findall(BLOCK.sub("", english)))


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


def test_every_kind_of_text_has_a_page_and_every_page_a_title_and_a_lead() -> None:
    assert {item.kind for item in guide.guides()} == set(Kind)
    for item in guide.guides():
        text, _ = guide.source(item, ENGLISH)
        assert markdown.title_of(text), item.name
        assert markdown.lead_of(text), item.name
