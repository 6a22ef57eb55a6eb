"""The catalogue of causes: complete in both languages, consistent with itself, its index current."""

import re
from pathlib import Path

import msgspec
import pytest

from handclasp.catalogue import causes
from handclasp.catalogue.builds import BUILDS, fitting
from handclasp.catalogue.cause import Cause, Status
from handclasp.catalogue.references import url
from handclasp.catalogue.steps import steps
from handclasp.catalogue.verify_errors import by_number
from handclasp.model.finding import Danger
from handclasp.model.nginx import NginxVersion, OpensslSeries
from handclasp.model.text import Text

FOLDER = Path(causes.__file__).parent
FILES = sorted(FOLDER.glob("*/*.toml"))
CJK = re.compile(r"[\u4e00-\u9fff]")


def texts(value: object) -> list[Text]:
    if isinstance(value, Text):
        return [value]
    if isinstance(value, tuple):
        return [text for item in value for text in texts(item)]
    if hasattr(value, "__dataclass_fields__"):
        return [text for name in value.__dataclass_fields__ for text in texts(getattr(value, name))]
    return []


def test_index_is_current() -> None:
    assert (FOLDER / causes.INDEX).read_text("utf-8") == causes.compile_index(), "run tools/catalogue_index.py"


def test_index_and_files_hold_the_same_causes() -> None:
    assert len(FILES) >= 15
    assert {file.stem for file in FILES} == set(causes.slugs())
    assert len({outline.order for outline in causes.outlines()}) == len(FILES)
    assert [outline.order for outline in causes.outlines()] == sorted(outline.order for outline in causes.outlines())


def test_unknown_slug_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        causes.load("../trust/client-ca-not-trusted")


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_cause_is_complete(file: Path) -> None:
    cause = causes.load(file.stem)
    assert (cause.slug, cause.area) == (file.stem, file.parent.name)
    assert cause.remedies
    for text in texts(cause):
        assert text.en.strip()
        assert not CJK.search(text.en), text.en
        assert CJK.search(text.zh), text.zh
        assert len(text.zh) < len(text.en), text.zh
    assert cause.reports == sum(reference.kind == "report" for reference in cause.references)
    assert {reference.kind for reference in cause.references} <= {"vendor", "rfc", "man", "advisory", "report"}
    assert len({remedy.id for remedy in cause.remedies}) == len(cause.remedies)
    assert set(cause.next_causes) <= set(causes.slugs()) - {cause.slug}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_symptoms_fit_the_builds_they_name(file: Path) -> None:
    cause = causes.load(file.stem)
    if cause.status is Status.REPRODUCED:
        assert any(BUILDS[build].lab for build in cause.builds)
    else:
        assert not cause.proven
    for symptom in cause.symptoms:
        assert symptom.variants
        assert bool(symptom.builds) != (symptom.variants == ("reported",)) or cause.status is Status.REPORTED
        assert symptom.status or symptom.start or symptom.seen or symptom.logs or symptom.number
        assert symptom.title is None or symptom.title.startswith(str(symptom.status))
        for build in symptom.builds:
            if symptom.number is not None:
                assert by_number(BUILDS[build].series, symptom.number), (build, symptom.number)


def test_a_missing_translation_fails() -> None:
    whole = (FOLDER / "trust" / "client-ca-not-trusted.toml").read_text("utf-8")
    assert isinstance(causes.read(whole), Cause)
    with pytest.raises(msgspec.ValidationError, match="zh"):
        causes.read(re.sub(r"^zh = .*$", "", whole, count=1, flags=re.MULTILINE))


@pytest.mark.parametrize(
    ("series", "version", "expected"),
    [
        (OpensslSeries.V1_1_1, None, ("1.18/1.1.1",)),
        (OpensslSeries.V3_0, NginxVersion(1, 22, 1), ("1.22/3.0", "1.31/3.0")),
        (None, NginxVersion(1, 19, 0), ("1.18/1.0.1", "1.18/1.0.2", "1.18/1.1.1")),
        (OpensslSeries.V3_5, NginxVersion(1, 18, 0), ("1.26/3.5",)),
        (None, None, tuple(BUILDS)),
    ],
)
def test_fitting_builds(series: OpensslSeries | None, version: NginxVersion | None, expected: tuple[str, ...]) -> None:
    assert fitting(series, version) == expected


def test_runs_count_variants_on_the_builds_asked_for() -> None:
    symptom = causes.load("client-verify-depth-too-small").symptoms[1]
    assert symptom.runs(("1.22/3.0", "1.26/3.5")) == 4
    assert symptom.runs(("1.22/3.0",)) == 2
    assert symptom.runs(("1.18/1.1.1",)) == 0


def test_no_remedy_weakens_verification() -> None:
    """What would let strangers in belongs among the dead ends; asking with "optional" needs its guard beside it."""
    weak = re.compile(r"optional_no_ca|verify(?:_client)? off|SECLEVEL=[01]|chmod 777|curl -k |setenforce 0|--insecure")
    for slug in causes.slugs():
        cause = causes.load(slug)
        for remedy in cause.remedies:
            lines = " ".join((*remedy.directives, *remedy.commands))
            assert not weak.search(lines), (slug, lines)
            if "ssl_verify_client optional" in lines:
                assert "return 403" in lines, (slug, lines)
        for dead_end in cause.dead_ends:
            if weak.search(dead_end.action.en) and "optional_no_ca" not in dead_end.action.en:
                assert dead_end.danger is Danger.SECURITY, (slug, dead_end.action.en)


def test_terms_are_the_ones_chinese_engineers_use() -> None:
    """One word for each idea: 吊销, never 撤销 for revocation; 中间证书; full-width punctuation after Chinese."""
    for slug in causes.slugs():
        for text in texts(causes.load(slug)):
            assert "撤销" not in text.zh
            assert not re.search(r"[\u4e00-\u9fff][,;!?]|[\u4e00-\u9fff]:(?!\w)", text.zh), text.zh


def test_all_areas_and_causes_are_there() -> None:
    assert len(causes.slugs()) == 144
    assert {outline.status for outline in causes.outlines()} == set(Status)
    assert sum(outline.status is Status.REPRODUCED for outline in causes.outlines()) >= 110


def test_official_references_have_addresses_of_the_right_site() -> None:
    sites = {
        "rfc": r"https://www\.rfc-editor\.org/rfc/rfc\d+\.html(#section-[\d.]+)?",
        "advisory": r"https://www\.cve\.org/CVERecord\?id=CVE-\d{4}-\d+",
        "man": r"https://(docs\.openssl\.org/3\.5/man\d/[\w-]+/|curl\.se/docs/manpage\.html|man7\.org/linux/man-pages/man\d/\S+\.html)",
        "vendor": r"https://(nginx\.org/en/docs/[\w/]+\.html(#[\w$]+)?|(docs\.nginx\.com|[a-z.]+\.[a-z]+)/\S+)",
    }
    for slug in causes.slugs():
        official = [reference for reference in causes.load(slug).references if reference.kind != "report"]
        assert official, slug
        for reference in official:
            assert re.fullmatch(sites[reference.kind], url(reference) or ""), (slug, reference.title, url(reference))


def test_every_thread_has_its_address() -> None:
    for slug in causes.slugs():
        for reference in causes.load(slug).references:
            assert url(reference), (slug, reference.title)


def test_every_remedy_says_how_it_is_verified_and_undone() -> None:
    used = [(r.verify, r.undo) for slug in causes.slugs() for r in causes.load(slug).remedies]
    assert {verify for verify, _ in used} == set(steps().proofs)
    assert {undo for _, undo in used} == set(steps().undos)
