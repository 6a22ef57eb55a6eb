"""The site: complete, valid, closed in itself, readable without script, the same for people and programs."""

import json
import posixpath
import re
from html.parser import HTMLParser
from urllib.parse import unquote

import html5lib
import pytest
from jsonschema import Draft202012Validator

from handclasp.catalogue import causes, measured, symptoms
from handclasp.model.messages import languages
from handclasp.present.kb.shelves import shelves
from tests.kb.conftest import whole_site

CJK = re.compile(r"[\u4e00-\u9fff]")
SLUGS = [*causes.slugs(), *(entry.slug for entry in symptoms.entries())]


class Reader(HTMLParser):
    """What a page refers to, its ids, and its text without scripts."""

    def __init__(self) -> None:
        super().__init__()
        self.references: list[tuple[str, str]] = []
        self.ids: list[str] = []
        self.headings: list[int] = []
        self.text = ""
        self.prose = ""
        self.code = 0
        self.lang = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        for name in ("href", "src"):
            if value := found.get(name):
                self.references.append((tag, value))
        if value := found.get("id"):
            self.ids.append(value)
        if re.fullmatch(r"h[1-6]", tag):
            self.headings.append(int(tag[1]))
        self.code += tag in {"pre", "code"}
        if tag == "html":
            self.lang = found.get("lang") or ""

    def handle_endtag(self, tag: str) -> None:
        self.code -= tag in {"pre", "code"}

    def handle_data(self, data: str) -> None:
        self.text += data
        self.prose += "" if self.code else data


def read(content: bytes) -> Reader:
    reader = Reader()
    reader.feed(content.decode())
    reader.close()
    return reader


@pytest.fixture(scope="module")
def parsed(pages: dict[str, bytes]) -> dict[str, Reader]:
    return {path: read(content) for path, content in pages.items() if path.endswith(".html")}


def test_every_entry_has_its_pages_in_every_language_and_its_data(pages: dict[str, bytes]) -> None:
    for slug in SLUGS:
        assert f"entries/{slug}.json" in pages
        for lang in languages():
            assert f"{lang}/{slug}.html" in pages
            assert f"{lang}/{slug}.md" in pages


def test_html_is_valid(pages: dict[str, bytes]) -> None:
    parser = html5lib.HTMLParser(strict=True)
    for path, content in pages.items():
        if path.endswith(".html"):
            try:
                parser.parse(content.decode())
            except html5lib.html5parser.ParseError as error:
                pytest.fail(f"{path}: {error}")


def test_every_link_leads_to_a_page_and_nothing_outside_is_asked_for(
    pages: dict[str, bytes], parsed: dict[str, Reader]
) -> None:
    for path, reader in parsed.items():
        assert reader.references, path
        for tag, reference in reader.references:
            if tag == "a" and re.match(r"https?://", reference):
                continue  # a reader may follow it; no page asks for it by itself
            assert not re.match(r"[a-z]+:|//", reference), f"{path}: {tag} {reference}"
            target, _, anchor = reference.partition("#")
            full = posixpath.normpath(posixpath.join(posixpath.dirname(path), target)) if target else path
            assert full in pages, f"{path}: {reference}"
            assert not anchor or unquote(anchor) in parsed[full].ids, f"{path}: {reference}"
    style = pages["assets/style.css"].decode()
    assert "url(" not in style
    assert "@import" not in style


def test_pages_are_whole_without_script(pages: dict[str, bytes], parsed: dict[str, Reader]) -> None:
    for path, content in pages.items():
        if path.endswith(".html"):
            scripts = content.count(b"<script")
            assert scripts == (2 if path in {"en/index.html", "zh/index.html"} else 0), path
            assert b" onclick" not in content
    assert all(len(reader.text.split()) > 10 for reader in parsed.values())


def test_structure_for_screen_readers(parsed: dict[str, Reader]) -> None:
    for path, reader in parsed.items():
        assert reader.headings[0] == 1, path
        assert reader.headings.count(1) == 1, path
        assert all(after - before <= 1 for before, after in zip(reader.headings, reader.headings[1:], strict=False)), path
        assert len(reader.ids) == len(set(reader.ids)), path
        assert reader.lang == {"zh": "zh-Hans"}.get(path.partition("/")[0], "en"), path


def test_pages_are_in_their_language(parsed: dict[str, Reader]) -> None:
    for path, reader in parsed.items():
        text = reader.prose.replace("中文", "").replace("知识库", "")
        if path.startswith("en/"):
            assert not CJK.search(text), (path, CJK.search(text))
        elif path.startswith("zh/"):
            assert CJK.search(reader.text.partition("·")[0] if "/hole-" in path else reader.text), path


def test_the_page_of_a_cause_shows_its_counts(parsed: dict[str, Reader]) -> None:
    for slug, counts in measured.measured().causes.items():
        text = " ".join(parsed[f"en/{slug}.html"].text.split())
        for remedy in causes.load(slug).remedies:
            if count := counts.change(remedy.id):
                assert f"fixed {count.fixed} of {count.runs} lab runs" in text, (slug, remedy.id)
    for slug in set(causes.slugs()) - set(measured.measured().causes):
        assert "not measured" in parsed[f"en/{slug}.html"].text.lower(), slug


def test_the_classic_pages_say_the_right_thing(parsed: dict[str, Reader]) -> None:
    old = " ".join(parsed["en/client-error-27.html"].text.split())
    assert "OpenSSL 1.0.1" in old
    assert "depth-openssl-1.0-error-27" in _linked(parsed["en/client-error-27.html"])
    upstream = parsed["en/upstream-error-20.html"]
    assert {"upstream-ca-not-trusted", "upstream-missing-intermediate", "upstream-verify-depth-too-small"} <= _linked(upstream)
    cause = " ".join(parsed["en/upstream-ca-not-trusted.html"].text.split())
    assert "Switch proxy_ssl_verify off endangers security" in cause


def _linked(reader: Reader) -> set[str]:
    return {reference.removesuffix(".html") for tag, reference in reader.references if tag == "a"}


def test_programs_get_what_people_get(pages: dict[str, bytes]) -> None:
    rows = [json.loads(line) for line in pages["entries.ndjson"].splitlines()]
    assert [row["slug"] for row in rows] == SLUGS
    index = json.loads(pages["index.json"])
    assert index["schema"] == "handclasp/kb-index/1"
    assert [row["slug"] for row in index["entries"]] == SLUGS
    for row in index["entries"]:
        assert json.loads(pages[row["file"]])["slug"] == row["slug"]
    lines = re.findall(r"^- \[[a-z0-9.-]+\]\((en/[a-z0-9.-]+\.md)\): \S", pages["llms.txt"].decode(), re.MULTILINE)
    assert len(lines) == len(SLUGS)
    assert set(lines) <= set(pages)


def test_every_entry_fits_the_published_schema(pages: dict[str, bytes]) -> None:
    schema = json.loads(pages["entry.schema.json"])
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    rows = [json.loads(line) for line in pages["entries.ndjson"].splitlines()]
    for row in rows:
        assert [error.message for error in validator.iter_errors(row)] == [], row["slug"]
    assert not validator.is_valid(rows[0] | {"remedies": [{"id": 1}]}), "the check can fail"


def test_a_site_of_the_same_version_is_the_same_bytes(pages: dict[str, bytes]) -> None:
    assert whole_site() == pages


def test_the_documentation_is_in_the_site_and_every_page_of_it_is_on_a_shelf(pages: dict[str, bytes]) -> None:
    for lang in languages():
        shelved = [target for _, _, rows in shelves(lang) for target, _, _ in rows]
        assert len(shelved) == len(set(shelved))
        assert {f"{lang}/{target}.html" for target in shelved} <= set(pages)
        docs = {path for path in pages if re.fullmatch(rf"{lang}/doc-[\w-]+\.html", path)}
        assert docs <= {f"{lang}/{target}.html" for target in shelved}
        assert all(path.replace(".html", ".md") in pages for path in docs)
        assert all(rows for _, _, rows in shelves(lang)), "a kind of text without a page"


def test_the_reference_has_every_command_rule_device_and_profile(parsed: dict[str, Reader]) -> None:
    from handclasp.catalogue.devices import DEVICES
    from handclasp.catalogue.profiles import PROFILES
    from handclasp.diagnose.rules import ALL
    from tests.test_help import ALL as COMMANDS

    for lang in languages():
        listed = parsed[f"{lang}/commands.html"].text
        for path in COMMANDS:
            assert f"handclasp {' '.join(path)}" in listed
            assert f"handclasp {' '.join(path)}" in parsed[f"{lang}/command-{'-'.join(path)}.html"].text
        assert all(rule.name in parsed[f"{lang}/rules.html"].text for rule in ALL)
        assert all(f"--for {device.slug}" in parsed[f"{lang}/devices.html"].text for device in DEVICES)
        assert all(name in parsed[f"{lang}/profiles.html"].text for name in PROFILES)
