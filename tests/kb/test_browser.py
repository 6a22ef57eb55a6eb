"""The site in a real headless Chromium, from the disk, without a server."""

import re
import shutil
import subprocess
from pathlib import Path
from urllib.parse import quote

import pytest


@pytest.fixture(scope="module")
def chromium() -> str:
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    assert found, "apt-get install chromium; tools/bootstrap.sh test does it"
    return found


def run(chromium: str, profile: Path, *arguments: str) -> str:
    command = [chromium, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={profile}", "--enable-logging=stderr"]
    done = subprocess.run([*command, *arguments], capture_output=True, text=True, timeout=120, check=True)
    faults = [line for line in done.stderr.splitlines() if ":CONSOLE" in line]
    assert not faults, faults
    return done.stdout


def found(dom: str) -> list[str]:
    results = dom.partition('id="results"')[2].partition("</section>")[0]
    return re.findall(r'<a href="([a-z0-9.-]+)\.html">', results)


@pytest.mark.parametrize(
    ("lang", "query", "wanted"),
    [
        ("en", "crl expired", "client-crl-expired"),
        ("en", "upstrem 20", "upstream-error-20"),
        ("en", "client SSL certificate verify error: (27:certificate not trusted)", "client-error-27"),
        ("zh", "吊销列表过期", "client-crl-expired"),
        ("zh", "上游 20", "upstream-error-20"),
    ],
)
def test_the_search_answers(chromium: str, folder: Path, tmp_path: Path, lang: str, query: str, wanted: str) -> None:
    dom = run(chromium, tmp_path, "--dump-dom", f"file://{folder}/{lang}/index.html?q={quote(query)}")
    assert wanted in found(dom)[:3]


def test_what_is_typed_is_text(chromium: str, folder: Path, tmp_path: Path) -> None:
    query = quote('<img src=x onerror="document.title=1">zzqq')
    dom = run(chromium, tmp_path, "--dump-dom", f"file://{folder}/en/index.html?q={query}")
    assert "<img" not in dom
    assert "<title>1" not in dom


@pytest.mark.parametrize(("lang", "width"), [("en", 1200), ("zh", 360)])
def test_pages_are_drawn_on_a_wide_screen_and_on_a_phone(
    chromium: str, folder: Path, tmp_path: Path, lang: str, width: int
) -> None:
    picture = tmp_path / "page.png"
    page = f"file://{folder}/{lang}/upstream-ca-not-trusted.html"
    run(chromium, tmp_path / "profile", f"--window-size={width},900", f"--screenshot={picture}", page)
    data = picture.read_bytes()
    assert data.startswith(b"\x89PNG")
    assert len(data) > 10_000, "an empty page"
