"""The entries by symptom: complete, linked to causes, in both languages."""

import re

import pytest

from handclasp.app.explain import explain
from handclasp.catalogue import causes, meanings, symptoms, verify_errors
from handclasp.catalogue.symptoms import SymptomKind
from handclasp.diagnose.log_line import read_line
from handclasp.diagnose.symptom_causes import causes_of, documentation, entries_by_cause, entry_of, neighbours
from handclasp.lab.report import recorded
from handclasp.lab.scenario import Kind
from handclasp.model.nginx import OpensslSeries
from handclasp.model.verdict import Side

ENTRIES = symptoms.entries()
CJK = re.compile(r"[\u4e00-\u9fff]")
# Lines that are a side effect say nothing; every run has another one beside them.
BROKEN = {
    (result.cause, result.form): [line for line in result.log if "shutdown() failed" not in line]
    for result in recorded()
    if result.kind is Kind.BROKEN and not result.good and result.log
}


def test_every_error_number_of_every_series_has_an_entry_on_both_sides() -> None:
    for series in OpensslSeries:
        for row in verify_errors.rows(series):
            for side in Side:
                entry = symptoms.entry(symptoms.slug_of_error(side, row.number))
                assert entry is not None
                assert row in entry.names


def test_every_symbol_has_its_meaning_and_none_is_left_over() -> None:
    known = {row.symbol.removeprefix(verify_errors.PREFIX) for series in OpensslSeries for row in verify_errors.rows(series)}
    assert set(meanings.meanings().errors) == known


def test_every_form_that_a_cause_shows_belongs_to_an_entry() -> None:
    covered = {form for entry in ENTRIES for form in entry.logs}
    for outline in causes.outlines():
        for symptom in outline.symptoms:
            assert {*symptom.logs, *([symptom.seen] if symptom.seen else [])} <= covered, outline.slug
            if symptom.number is not None and outline.side and not symptom.look_alike:
                assert symptoms.entry(symptoms.slug_of_error(symptom.line_side or outline.side, symptom.number))
            if symptom.title:
                assert symptoms.entry(symptoms.slug_of_page(symptom.title)), symptom.title


def test_every_silent_success_is_a_hole() -> None:
    holes = {slug for entry in ENTRIES if entry.kind is SymptomKind.HOLE for slug in entry.causes}
    assert holes <= set(causes.slugs())
    for outline in causes.outlines():
        for symptom in outline.symptoms:
            silent = symptom.status == 200 and symptom.number is None and not symptom.logs and not symptom.seen
            assert not silent or outline.slug in holes, outline.slug


def test_slugs_are_addresses_and_clash_with_nothing() -> None:
    slugs = [entry.slug for entry in ENTRIES]
    assert len(slugs) == len(set(slugs))
    assert not set(slugs) & set(causes.slugs())
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug) for slug in slugs)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.slug)
def test_an_entry_says_what_it_means_in_both_languages(entry: symptoms.SymptomEntry) -> None:
    assert CJK.search(entry.says.zh)
    assert not CJK.search(entry.says.en)
    assert entry.says.en.endswith((".", ")"))
    assert entry.kind is SymptomKind.VERIFY or causes_of(entry), "an entry without a cause helps nobody"
    found = explain(entry.slug)
    assert found.entry == entry
    assert {item.cause.slug for item in found.causes} == {candidate.cause for candidate in causes_of(entry)}


def test_the_entries_of_a_cause_name_it_in_turn() -> None:
    assert set(entries_by_cause()) == set(causes.slugs())
    for slug, entries in entries_by_cause().items():
        assert all(slug in {candidate.cause for candidate in causes_of(entry)} for entry in entries)


@pytest.mark.parametrize(("cause", "form"), list(BROKEN))
def test_every_line_of_a_broken_run_leads_to_an_entry_that_lists_the_true_cause(cause: str, form: str) -> None:
    for line in BROKEN[cause, form]:
        entry = entry_of(read_line(line))
        assert entry is not None, line
        assert cause in {candidate.cause for candidate in causes_of(entry)}, entry.slug
        assert cause in {item.cause.slug for item in explain(line).causes}


def test_what_numbers_and_pages_usually_mean_is_written_and_leads_on() -> None:
    """Every verification error and page that has a cause says what it comes down to; look-alikes are entries."""
    wanted = {entry.slug for entry in ENTRIES if (entry.number is not None or entry.page) and causes_of(entry)}
    assert set(symptoms.notes()) == wanted
    for slug, note in symptoms.notes().items():
        for text in (note.usually, *(pair.text for pair in note.confused)):
            assert text.en
            assert CJK.search(text.zh), slug
        for pair in note.confused:
            assert symptoms.entry(pair.slug), (slug, pair.slug)
            assert pair.slug != slug


def test_neighbours_share_an_entry_and_documentation_is_official() -> None:
    for slug in causes.slugs():
        for candidate in neighbours(slug):
            assert set(entries_by_cause()[candidate.cause]) & set(entries_by_cause()[slug])
    for entry in ENTRIES:
        if causes_of(entry):
            assert documentation(entry), entry.slug
