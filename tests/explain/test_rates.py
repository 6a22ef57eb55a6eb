"""Counts of lab runs in what people and programs read."""

from handclasp.app.explain import explain
from handclasp.catalogue import causes, measured
from handclasp.present.explanation import Page, explanation_text
from handclasp.present.explanation_data import explanation_fields
from handclasp.present.explanation_markdown import explanation_markdown

LINE = "upstream SSL certificate verify error: (20:unable to get local issuer certificate) while SSL handshaking to upstream"

UNMEASURED = next(slug for slug in causes.slugs() if measured.of_cause(slug) is None and causes.load(slug).remedies)


def _squeezed(text: str) -> str:
    return " ".join(text.split())


def test_text_says_where_the_line_came_from_and_what_the_fix_did() -> None:
    count = measured.of_change("upstream-ca-not-trusted", "trust-right-root")
    assert count is not None
    text = _squeezed(explanation_text(explain(LINE), Page()))
    assert "Lab: came from: " in text
    assert "upstream-ca-not-trusted 5" in text
    assert f"fixed {count.fixed} of {count.runs} lab runs on {len(count.builds)} builds" in text
    assert f"let a stranger in {count.runs} of {count.runs}" in text
    assert "%" not in text


def test_chinese() -> None:
    text = _squeezed(explanation_text(explain(LINE), Page(lang="zh")))
    assert "来自：" in text
    assert "upstream-ca-not-trusted 5" in text
    assert "次实验中修复" in text
    assert "lab runs" not in text


def test_markdown_and_json_carry_the_same_counts() -> None:
    found = explain(LINE)
    assert "lab runs on 4 builds" in explanation_markdown(found, Page())
    fields = explanation_fields(found, "en")
    came = fields["came_from"]
    assert isinstance(came, dict)
    assert sum(item["runs"] for item in came["causes"]) == came["runs"]
    causes = fields["causes"]
    assert isinstance(causes, list)
    assert causes[0]["remedies"][0]["lab"]["runs"] == 12
    assert {end["lab"]["let_strangers_in"] for end in causes[0]["dead_ends"]} == {0, 12}


def test_what_was_never_run_is_said_to_be_not_measured() -> None:
    text = _squeezed(explanation_text(explain(UNMEASURED), Page()))
    assert "not measured" in text
    fields = explanation_fields(explain(UNMEASURED), "en")
    causes = fields["causes"]
    assert isinstance(causes, list)
    assert all(remedy["lab"] is None for remedy in causes[0]["remedies"])


def test_counts_follow_the_engine_asked_for() -> None:
    from handclasp.app.explain import Engine
    from handclasp.model.nginx import OpensslSeries

    every = explain(LINE).came_from
    old = explain(LINE, Engine(series=OpensslSeries.V1_1_1)).came_from
    assert every is not None
    assert old is not None
    assert old.runs < every.runs
    assert old.builds == ("1.18/1.1.1",)
    assert explain("20").came_from is None, "client and upstream must not be added up"


def test_the_line_of_an_old_openssl_is_told_apart_from_what_today_says() -> None:
    line = "client SSL certificate verify error: (27:certificate not trusted) while reading client request headers"
    found = explain(line)
    assert {item.cause.slug for item in found.causes} >= {
        "depth-openssl-1.0-error-27",
        "client-trust-intermediate-only",
        "client-verify-depth-too-small",
    }
    text = _squeezed(explanation_text(found, Page(long=True)))
    assert "Newer versions say 2, 20, 21 or 22" in text
    assert "the depth alone cured it" in text
    assert "pass with the default depth 1" in text


def test_the_line_of_an_upstream_has_its_causes_told_apart_and_the_door_kept_shut() -> None:
    found = explain(LINE)
    told = {item.cause.slug for item in found.causes}
    assert told >= {"upstream-ca-not-trusted", "upstream-missing-intermediate", "upstream-verify-depth-too-small"}
    text = _squeezed(explanation_text(found, Page(long=True)))
    assert "Switch proxy_ssl_verify off [endangers security]" in text
    assert "let a stranger in 12 of 12" in text
