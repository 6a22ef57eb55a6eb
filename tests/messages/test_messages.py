"""One catalogue of messages: complete in Chinese, and a third language is a file."""

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from handclasp.model.messages import catalogue, languages, translate
from handclasp.model.text import Text, plural

ROOT = Path(__file__).parents[2]
CJK = re.compile(r"[\u4e00-\u9fff]")
SLOT = re.compile(r"\{\d+\}")
spec = importlib.util.spec_from_file_location("messages_tool", ROOT / "tools" / "messages.py")
assert spec is not None
assert spec.loader is not None
tool = importlib.util.module_from_spec(spec)
spec.loader.exec_module(tool)
TEMPLATES: dict[str, list[str]] = tool.templates()


def test_every_message_has_its_chinese() -> None:
    missing = {text: places[0] for text, places in TEMPLATES.items() if text not in catalogue("zh")}
    assert not missing, f"python tools/messages.py >> src/handclasp/locale/zh.toml, then fill in: {missing}"


def test_the_reading_of_the_source_finds_what_is_there() -> None:
    assert len(TEMPLATES) > 500
    assert "next: handclasp issue alice" in TEMPLATES
    assert "the {1} CA still signs certificates" in TEMPLATES


def test_nothing_is_left_open_and_values_are_kept() -> None:
    for english, chinese in catalogue("zh").items():
        assert chinese, english
        assert set(SLOT.findall(english)) == set(SLOT.findall(chinese)), english
        words = re.sub(r"`[^`]*`|'[^']*'|--\S+|\S*[/.:=]\S*|\b[A-Z0-9-]+\b", "", SLOT.sub("", english))
        command = re.match(r"\s*(pip|curl|ssl_crl|ios, |dns:api|apt-get|handclasp|postgresql:|http:|--)", english)
        assert CJK.search(chinese) or command or len(re.findall(r"[a-z]{3,}", words)) < 2, english


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("there is nothing to explain", "没有要解释的内容"),
        ("the root CA still signs certificates", "root CA 仍在签发证书"),
        ("the root CA\nstill signs certificates", "the root CA\nstill signs certificates"),
        ("nobody wrote a translation of this", "nobody wrote a translation of this"),
        ("is not UTF-8\nis not UTF-8", "不是 UTF-8\n不是 UTF-8"),
    ],
)
def test_a_message_finds_its_template_again(english: str, chinese: str) -> None:
    assert translate(english, "zh") == chinese
    assert translate(english, "en") == english


@pytest.mark.parametrize("count", [0, 1, 2, 21])
def test_one_is_one_and_all_of_it_is_translated(count: int) -> None:
    english = f"{count} {plural(count, 'row is', 'rows are')} faulty"
    assert english == {1: "1 row is faulty"}.get(count, f"{count} rows are faulty")
    assert translate(english, "zh") == f"{count} 行有错误"
    assert f"{count} file{plural(count)}" == ("1 file" if count == 1 else f"{count} files")


def test_what_is_counted_is_written_for_one_too() -> None:
    counted = re.compile(
        r"\{\d+\} (?:of them |of \{\d+\} )?(certificate|file|row|probe|user|run|event|entrie|answer|connection|place|request|"
        r"revocation|thing|worker|remedie|form|identitie|host|site|backup)s\b"
    )
    found = {text for text in TEMPLATES if counted.search(text) and not text.startswith("more than ")}
    assert found == {  # their {1} is a profile
        "{1} certificates come from another CA than the first of this fleet",
        "no CA of this home signs {1} certificates",
    }


def test_values_are_text_and_never_templates() -> None:
    assert translate("the {2} CA still signs certificates", "zh") == "{2} CA 仍在签发证书"
    assert translate(r"\1 is no address", "zh") == r"\1 不是地址"


def run(*arguments: str, source: Path = ROOT / "src", lang: str = "C") -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(source), "LC_ALL": lang}
    command = [sys.executable, "-m", "handclasp", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment, cwd="/")


def test_errors_speak_the_language_asked_for(tmp_path: Path) -> None:
    home = str(tmp_path / "none")
    asked = run("list", "--home", home, "--lang", "zh")
    assert asked.returncode == run("list", "--home", home).returncode
    assert asked.stderr.startswith("错误：")
    assert "此主目录中没有证书颁发机构" in asked.stderr
    assert run("list", "--home", home, lang="zh_CN.UTF-8").stderr == asked.stderr
    told = json.loads(run("list", "--home", home, "--lang", "zh", "--json").stdout)
    assert told["what"] == "there is no certificate authority in this home", "programs read one language"


def test_a_third_language_is_a_file(tmp_path: Path) -> None:
    assert languages() == ("en", "zh")
    shutil.copytree(ROOT / "src" / "handclasp", tmp_path / "handclasp", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "handclasp" / "locale" / "eo.toml").write_text(
        '"there is nothing to explain" = "nenio klarigenda"\n"error: " = "eraro: "\n"Check" = "Kontrolu"\n'
    )
    refused = run("explain", "", "--lang", "eo", source=tmp_path)
    assert "eraro: nenio klarigenda" in refused.stderr
    assert 'try: handclasp explain "21"' in refused.stderr, "what has no translation stays English"
    assert "Kontrolu" in run("explain", "client-cert-expired", "--lang", "eo", source=tmp_path).stdout
    assert Text(en="Check", zh="检查").in_language("eo") == "Check", "here is no such file"


def test_the_doctors_rules_are_told_in_chinese_too() -> None:
    from handclasp.diagnose.rules import ALL

    told = {" ".join((rule.check.__doc__ or "").split()) for rule in ALL}
    missing = [text for text in told if text not in catalogue("zh")]
    assert not missing, f"src/handclasp/locale/zh.toml lacks what these rules look at: {missing}"


def test_a_third_language_has_its_pages_by_adding_files_alone(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "src" / "handclasp", tmp_path / "handclasp", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "handclasp" / "locale" / "eo.toml").write_text(
        '"English" = "Esperanto"\n"What to do" = "Kion fari"\n"Options" = "Opcioj"\n'
        '"A CRL in ssl_crl is past its nextUpdate" = "CRL en ssl_crl eksvalidiĝis"\n'
    )
    (tmp_path / "handclasp" / "docs" / "eo").mkdir()
    (tmp_path / "handclasp" / "docs" / "eo" / "tutorial.md").write_text("# Unuaj paŝoj\n\nLa unua alineo.\n")
    built = run("kb", "build", str(tmp_path / "kb"), source=tmp_path)
    assert built.returncode == 0, built.stderr
    page = (tmp_path / "kb" / "eo" / "client-crl-expired.html").read_text()
    assert '<html lang="eo">' in page
    assert "Kion fari" in page
    assert "CRL en ssl_crl eksvalidiĝis" in page
    assert "Sign a fresh CRL" in page, "what has no translation stays English"
    assert '<a href="../zh/client-crl-expired.html" lang="zh-Hans"' in page
    assert "Unuaj paŝoj" in (tmp_path / "kb" / "eo" / "doc-tutorial.html").read_text()
    for lang in ("en", "zh"):
        assert ">Esperanto</a>" in (tmp_path / "kb" / lang / "index.html").read_text()
    entry = json.loads((tmp_path / "kb" / "entries" / "client-crl-expired.json").read_text())
    assert entry["title"]["eo"] == "CRL en ssl_crl eksvalidiĝis"
    assert ">Esperanto</a>" in (tmp_path / "kb" / "index.html").read_text()


def test_help_speaks_the_language_too() -> None:
    groups = run("--help", lang="zh_CN.UTF-8").stdout
    assert "解释日志行" in groups
    one = run("kb", "search", "--lang", "zh", "--help").stdout
    assert "按关键词查找条目" in one or "列出匹配的条目" in one
    assert "文字的语言" in one
    assert "handclasp kb search crl expired" in one, "examples stay as they are typed"
    assert not CJK.search(run("kb", "build", "--help").stdout)


def told(*arguments: str) -> str:
    return run(*arguments, lang="zh_CN.UTF-8").stderr


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        (("foo",), "错误：没有命令 'foo'"),
        (("probe",), "错误：缺少参数 'URL'。"),
        (("probe", "--nosuch", "x"), "错误：没有 '--nosuch' 这个选项。"),
        (("probe", "--tls", "9", "x"), "错误：'--tls' 的值无效：'9' 不在可选值之中：'1.2', '1.3'。"),
        (("probe", "--timeout", "soon", "x"), "错误：'--timeout' 的值无效：'soon' 不是数字。"),
        (("kb", "search", "--limit", "0", "x"), "错误：'--limit' 的值无效：0 不在范围 1<=x<=100 之内。"),
        (("export", "alice", "--for"), "错误：选项 '--for' 需要一个值。"),
        (("crl", "a", "b", "c"), "错误：多余的参数"),
    ],
)
def test_clicks_own_words_are_in_the_catalogue_too(arguments: tuple[str, ...], wanted: str) -> None:
    refused = told(*arguments)
    assert refused.startswith(("用法：handclasp", wanted))
    assert wanted in refused
    assert not re.search(r"Usage|Error|Try ", refused)


def test_the_language_may_stand_anywhere() -> None:
    assert run("--lang", "zh", "kb", "search", "zzqqxx").stderr == run("kb", "search", "zzqqxx", "--lang", "zh").stderr
    assert "知识库" in run("kb", "--help", "--lang", "zh").stdout
    assert "证书颁发机构：" in run("--help", "--lang", "zh").stdout
    assert "命令：" in run("--lang", "zh", "kb", "--help").stdout
    assert "没有命令 'xx'" in run("--lang", "zh", "xx").stderr


def test_help_leaves_no_word_of_clicks_in_english() -> None:
    for arguments in ((), ("kb",), ("explain",), ("issue",), ("nginx", "apply"), ("serve",)):
        text = run(*arguments, "--help", lang="zh_CN.UTF-8").stdout
        assert not re.search(r"Usage:|Options:|Commands:|Show this message|default:|\[required|Examples?:", text), text


def test_help_in_chinese_fits_the_columns() -> None:
    from handclasp.present.columns import width

    for arguments in (("doctor",), ("nginx", "apply"), ("issue",)):
        lines = run(*arguments, "--help", lang="zh_CN.UTF-8").stdout.splitlines()
        long = [line for line in lines if width(line) > 80 and not line.lstrip().startswith(("handclasp", "curl", "-"))]
        assert not long, long


def test_a_usage_error_is_a_document_for_programs() -> None:
    refused = run("probe", "--json", "--lang", "zh")
    assert refused.returncode == 2
    assert json.loads(refused.stdout)["what"] == "Missing argument 'URL'."
