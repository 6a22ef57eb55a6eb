"""`handclasp explain`: what people paste, how it is taken, and which cause comes first."""

import json
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handclasp.app.explain import Engine, explain
from handclasp.catalogue import causes
from handclasp.catalogue.builds import BUILDS
from handclasp.catalogue.meanings import meanings
from handclasp.catalogue.verify_errors import by_number, by_symbol
from handclasp.cli import main
from handclasp.diagnose.explanation import Kind
from handclasp.diagnose.log_line import Doubt, LineKind
from handclasp.model.errors import UsageError
from handclasp.model.nginx import NginxVersion, OpensslSeries
from handclasp.model.verdict import Side
from handclasp.present.as_json import document
from handclasp.present.columns import width, wrap
from handclasp.present.explanation import Page, explanation_text
from handclasp.present.explanation_data import explanation_fields
from handclasp.present.explanation_markdown import explanation_markdown
from handclasp.present.explanation_words import versions


def first(text: str, engine: Engine | None = None) -> str:
    return explain(text, engine).causes[0].cause.slug


@pytest.mark.parametrize(
    ("asked", "kind", "number", "cause"),
    [
        ("21", Kind.ERROR, 21, "client-ca-not-trusted"),
        ("error 26", Kind.ERROR, 26, "client-eku-lacks-clientauth"),
        ("(23:certificate revoked)", Kind.ERROR, 23, "client-cert-revoked"),
        ("upstream 20", Kind.ERROR, 20, "upstream-ca-not-trusted"),
        ("verify error:num=10:certificate has expired", Kind.ERROR, 10, "client-cert-expired"),
        ("FAILED:certificate has expired", Kind.ERROR, 10, "client-cert-expired"),
        ("unable to get certificate CRL", Kind.ERROR, 3, "client-crl-missing-for-a-level"),
        ("X509_V_ERR_CRL_HAS_EXPIRED", Kind.ERROR, 12, "client-crl-expired"),
        ("cert_revoked", Kind.ERROR, 23, "client-cert-revoked"),
        ("错误 23", Kind.ERROR, 23, "client-cert-revoked"),
        ("400 No required SSL certificate was sent", Kind.TITLE, None, "client-sent-no-cert"),
        ("<title>400 The SSL certificate error</title>", Kind.TITLE, None, "error-log-level-hides-reason"),
        ("496", Kind.TITLE, None, "client-sent-no-cert"),
        ("client-crl-expired", Kind.CAUSE, None, "client-crl-expired"),
        ("Client-CRL-Expired", Kind.CAUSE, None, "client-crl-expired"),
    ],
)
def test_how_a_text_is_taken(asked: str, kind: Kind, number: int | None, cause: str) -> None:
    found = explain(asked)
    assert (found.kind, found.causes[0].cause.slug) == (kind, cause)
    assert {row.number for row in found.errors} == ({number} if number else set())
    assert found.meaning
    assert found.doubt is None


@pytest.mark.parametrize(
    ("asked", "cause"),
    [
        ("client certifcate expierd", "client-cert-expired"),
        ("revocked certificat", "client-cert-revoked"),
        ("the intermediate is missing", "client-intermediate-missing"),
        ("upstream name mismatch", "upstream-name-mismatch"),
        ("extended key usage without clientAuth", "client-eku-lacks-clientauth"),
        ("my log shows nothing", "error-log-level-hides-reason"),
        ("客户端证书过期", "client-cert-expired"),
        ("客户端证书已撤销", "client-cert-revoked"),
        ("吊销列表过期", "client-crl-expired"),
        ("缺少中间证书", "client-intermediate-missing"),
        ("上游证书名称不匹配", "upstream-name-mismatch"),
        ("日志里没有原因", "error-log-level-hides-reason"),
    ],
)
def test_plain_words_with_typing_errors_in_both_languages(asked: str, cause: str) -> None:
    found = explain(asked)
    assert found.kind is Kind.WORDS
    assert cause in [item.cause.slug for item in found.causes[:3]], [(i.cause.slug, i.score) for i in found.causes]


@pytest.mark.parametrize(
    ("asked", "cause"),
    [
        ("403", "authz-dn-format"),
        ("421", "http2-connection-reuse-421"),
        ("495", "error-log-level-hides-reason"),
        ("FAILED:certificate status unknown", "client-ocsp-unreachable"),
        ("certificate status request failed", "client-ocsp-unreachable"),
        ("FAILED:certificate revoked", "client-ocsp-revoked"),
        ("client SSL certificate verify error: certificate revoked", "client-ocsp-revoked"),
        ("curl: (58) could not load PEM client certificate from client.crt, OpenSSL error", "curl-client-material"),
        ("curl: (60) SSL certificate problem: unable to get local issuer certificate", "client-rejects-server-cert"),
        ("javax.net.ssl.SSLHandshakeException: PKIX path building failed: sun.security.provider", "client-rejects-server-cert"),
    ],
)
def test_statuses_ocsp_and_what_clients_print(asked: str, cause: str) -> None:
    found = explain(asked)
    assert cause in [item.cause.slug for item in found.causes[:4]]
    assert found.doubt is None


ACCESS = '127.0.0.1 - - [21/Nov/2026:01:00:00 +0000] "GET / HTTP/1.1" {} 230 "-" "curl/8" {}'


@pytest.mark.parametrize(
    ("asked", "cause"),
    [
        (ACCESS.format(400, "verify=FAILED:certificate has expired serial=01"), "client-cert-expired"),
        (ACCESS.format(400, "FAILED:unable to verify the first certificate"), "client-ca-not-trusted"),
        (ACCESS.format(400, "verify=FAILED:certificate status unknown"), "client-ocsp-unreachable"),
        (ACCESS.format(400, ""), "error-log-level-hides-reason"),
        (ACCESS.format(403, ""), "authz-dn-format"),
        (ACCESS.format(421, ""), "upstream-host-vs-sni-421"),
    ],
)
def test_lines_of_the_access_log(asked: str, cause: str) -> None:
    assert first(asked) == cause


def test_of_several_lines_the_telling_one_is_explained() -> None:
    several = """2026/11/21 01:00:00 [notice] 1#1: signal process started
2026/11/21 01:00:00 [info] 7#7: *3 client SSL certificate verify error: (12:CRL has expired), client: ::1, server: s
2026/11/21 01:00:01 [info] 7#7: *3 client closed keepalive connection"""
    assert first(several) == "client-crl-expired"


def test_a_false_line_is_itself_a_cause() -> None:
    found = explain("2026/11/21 01:00:00 [error] 1#1: *2 client certificate verification failed: certificate revoked")
    assert [item.cause.slug for item in found.causes[:2]] == ["pasted-line-not-from-nginx", "client-cert-revoked"]


def test_words_that_mean_nothing_find_nothing() -> None:
    assert explain("qwertz uiop 12345 asdf").causes == ()


def test_nothing_is_a_usage_error() -> None:
    with pytest.raises(UsageError):
        explain("  \n ")


def test_versions_narrow_the_causes() -> None:
    assert first("2", Engine(series=OpensslSeries.V1_1_1)) == "client-trust-intermediate-only"
    slugs = [item.cause.slug for item in explain("upstream 20", Engine(nginx=NginxVersion(1, 18, 0))).causes]
    assert "upstream-missing-intermediate" in slugs
    old = explain("22", Engine(series=OpensslSeries.V3_0))
    assert all(item.candidate and item.candidate.other_versions for item in old.causes)


def test_a_number_that_changed_its_meaning_is_shown_with_both() -> None:
    symbols = {(row.symbol.removeprefix("X509_V_ERR_"), row.series) for row in explain("79").errors}
    assert {("INVALID_CA", OpensslSeries.V3_0), ("EC_KEY_EXPLICIT_PARAMS", OpensslSeries.V1_1_1)} <= symbols


@pytest.mark.parametrize(
    ("asked", "doubt", "cause"),
    [
        (
            "2026/11/21 01:00:00 [error] 1#1: *2 client certificate verification failed: certificate revoked",
            Doubt.WORDING,
            "client-cert-revoked",
        ),
        ("SSL certificate verify failed: unable to get local issuer certificate", Doubt.WORDING, "upstream-ca-not-trusted"),
        ("(20:certificate has expired)", Doubt.NUMBER_AND_TEXT, "client-cert-expired"),
        ("client SSL certificate verify error: (21:certificate has expired)", Doubt.NUMBER_AND_TEXT, "client-cert-expired"),
        ("client SSL certificate verify error: certificate has expired", Doubt.NO_NUMBER, "client-cert-expired"),
    ],
)
def test_it_says_when_no_nginx_prints_a_line(asked: str, doubt: Doubt, cause: str) -> None:
    found = explain(asked)
    assert found.doubt is doubt
    assert cause in [item.cause.slug for item in found.causes]


def test_a_line_of_nginx_about_something_else_is_not_called_false() -> None:
    found = explain('2026/11/21 01:00:00 [error] 1#1: *1 open() "/srv/x" failed (2: No such file or directory), client: ::1')
    assert found.line is not None
    assert (found.line.kind, found.doubt) == (LineKind.OTHER, None)


LOG_HEAD = "2026/11/21 01:00:00 [{}] 7#7: *3 "


def test_every_verification_error_of_a_cause_finds_it_by_its_own_line() -> None:
    asked = 0
    for outline in causes.outlines():
        for symptom in outline.symptoms:
            if symptom.number is None:
                continue
            side = symptom.line_side or outline.side
            words, level = ("upstream", "error") if side is Side.UPSTREAM else ("client", "info")
            for build in symptom.builds:
                row = by_number(BUILDS[build].series, symptom.number)
                assert row
                line = LOG_HEAD.format(level) + f"{words} SSL certificate verify error: ({row.number}:{row.text}), client: ::1"
                engine = Engine(nginx=BUILDS[build].nginx, series=BUILDS[build].series)
                found = explain(line, engine)
                assert outline.slug in [item.cause.slug for item in found.causes], (line, build)
                assert found.doubt is None
                asked += 1
    assert asked > 50


def test_every_other_line_of_a_cause_finds_it() -> None:
    for outline in causes.outlines():
        for symptom in outline.symptoms:
            for log in (*symptom.logs, *([symptom.seen] if symptom.seen else [])):
                literal = log.replace("…", "error:0A000001:SSL routines::").replace("{path}", "/etc/nginx/pki/x.pem")
                literal = literal.replace("{name}", "some.test").replace("{bytes}", "\\x16\\x03")
                found = explain(literal)
                assert outline.slug in [item.cause.slug for item in found.causes], literal
                assert found.doubt is None, literal


def test_every_page_title_of_a_cause_has_a_meaning_and_finds_it() -> None:
    for outline in causes.outlines():
        for title in {symptom.title for symptom in outline.symptoms if symptom.title}:
            assert title in meanings().titles
            assert outline.slug in [item.cause.slug for item in explain(title).causes], title


def test_every_error_that_a_cause_gives_has_a_meaning() -> None:
    for outline in causes.outlines():
        for symptom in outline.symptoms:
            for build in symptom.builds:
                row = by_number(BUILDS[build].series, symptom.number) if symptom.number else None
                assert row is None or row.symbol.removeprefix("X509_V_ERR_") in meanings().errors, row
    for symbol, text in meanings().errors.items():
        assert by_symbol(symbol), symbol
        assert text.zh
    assert set(meanings().kinds) <= {kind.value for kind in LineKind}


def test_every_cause_is_found_by_its_title_in_both_languages() -> None:
    for outline in causes.outlines():
        for title in (outline.title.en, outline.title.zh):
            found = [item.cause.slug for item in explain(title).causes]
            assert outline.slug in found, (title, found)


@settings(deadline=None)  # the first answer of a process builds the index
@given(st.text(min_size=1, max_size=200).filter(lambda text: text.split()))
def test_any_text_gets_an_answer(text: str) -> None:
    assert explain(text).asked


@pytest.mark.parametrize("text", ["error code " * 50_000, "(" * 100_000], ids=["words", "brackets"])
def test_a_very_long_text_is_answered(text: str) -> None:
    assert explain(text).asked


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "handclasp", "explain", *arguments], check=False, capture_output=True, text=True
    )


def test_text_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "client-verify-depth-too-small", "--lang", "en"]) == 0
    shown = capsys.readouterr()
    assert "Check     Count the intermediates" in shown.out
    assert "ssl_verify_depth 2;" in shown.out
    assert "endangers security" in shown.out
    assert "handclasp doctor" in shown.err


def test_json_holds_counts_not_rates(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "21", "--json", "--lang", "zh"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == "handclasp/explain/1"
    assert document["lang"] == "zh"
    top = document["causes"][0]
    assert (top["cause"], top["rank"], top["lab"]["runs"], top["lab"]["of"]) == ("client-ca-not-trusted", 1, 4, 4)
    assert "深度" in top["dead_ends"][0]["why"]
    assert document["genuine"] is None
    assert document["errors"][0]["openssl"] == ["1.0.2", "1.1.1", "3.0", "3.5", "3.6", "4.0"]


def test_json_of_a_false_line_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    main(["explain", "client", "certificate", "verification", "failed:", "certificate revoked", "--json"])
    document = json.loads(capsys.readouterr().out)
    assert document["genuine"] is False
    assert document["doubt"]["kind"] == "wording"


def test_markdown_and_chinese(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "12", "--markdown", "--lang", "zh"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("# 12\n")
    assert "```sh\n" in shown
    assert "证书吊销列表" in shown


def test_version_notes_are_chinese_in_chinese() -> None:
    notes = [note.on for slug in causes.slugs() for note in causes.load(slug).versions]
    assert notes
    for on in notes:
        assert versions(on, "en") == on
        assert not set(versions(on, "zh").split()) & {"and", "before", "newer", "older", "with"}


def test_unknown_words_exit_with_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "zxqj wvkp"]) == 1
    assert "Nothing" in capsys.readouterr().out


def test_escapes_in_a_pasted_line_do_not_reach_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    main(["explain", 'upstream SSL certificate does not match "\x1b[2Jevil\u202e"'])
    shown = capsys.readouterr().out
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert "\\x1b[2Jevil" in shown


def test_bytes_that_are_no_text_are_no_bug() -> None:
    for arguments in ([b"\xff\xfe certificate expired"], [b"-"]):
        ran = subprocess.run(
            [sys.executable, "-m", "handclasp", "explain", "--json", *arguments],
            check=False,
            input=b"\xff certificate expired",
            capture_output=True,
        )
        assert ran.returncode == 0, ran.stderr
        assert json.loads(ran.stdout)["causes"]


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_cause_is_written_in_every_form(lang: str) -> None:
    for slug in causes.slugs():
        found, cause = explain(slug), causes.load(slug)
        page = Page(lang=lang, columns=80, long=True)
        for shown in (explanation_text(found, page), explanation_markdown(found, page)):
            plain = "".join(shown.split())
            said = [text.in_language(lang) for text in (cause.title, cause.summary, cause.tell_apart)]
            said += [text.in_language(lang) for end in cause.dead_ends for text in (end.action, end.why)]
            said += [remedy.text.in_language(lang) for remedy in cause.remedies]
            assert all("".join(text.split()) in plain for text in said), slug
        fields = explanation_fields(found, lang)
        assert json.loads(document("explain", fields))["causes"][0]["cause"] == slug


def test_a_line_is_read_from_standard_input() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "handclasp", "explain", "-"],
        check=False,
        input="client-cert-expired\n",
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0
    assert "client-cert-expired" in ran.stdout


def test_it_imports_nothing_heavy() -> None:
    code = "import sys; from handclasp.cli import main; main(['explain','21']); print(sorted(sys.modules), file=sys.stderr)"
    ran = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    for heavy in ("cryptography", "sqlalchemy", "OpenSSL", "rich"):
        assert f"'{heavy}'" not in ran.stderr


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("columns", [40, 72, 100])
def test_lines_keep_to_the_columns(lang: str, columns: int) -> None:
    for slug in causes.slugs():
        text = causes.load(slug).summary.in_language(lang)
        lines = wrap(text, columns, first="    ", rest="      ")
        assert all(width(line) <= columns or " " not in line.strip() for line in lines), lines
        assert "".join("".join(lines).split()) == "".join(text.split())
        assert not any(line.strip()[0] in "，。；：）" for line in lines)


def test_width_counts_chinese_characters_as_two() -> None:
    assert width("CA 证书") == 7
    assert all(unicodedata.east_asian_width(character) == "W" for character in "证书")


def test_the_index_tool_leaves_a_current_index_alone() -> None:
    tool = Path(__file__).parents[2] / "tools" / "catalogue_index.py"
    ran = subprocess.run([sys.executable, str(tool)], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "index.json: already current"
