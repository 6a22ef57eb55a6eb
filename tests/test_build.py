"""The package as it is built: with what is in C where there is a compiler, for every machine where there is none."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

from handclasp.adapters.log_table import LIBRARY, SOURCE, line_table

ROOT = Path(__file__).resolve().parents[1]
PARTS = ("pyproject.toml", "hatch_build.py", "README.md", "LICENSE", "src/handclasp/__init__.py", str(SOURCE.relative_to(ROOT)))


def wheel(folder: Path, path: str) -> Path:
    for part in PARTS:
        (folder / part).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / part, folder / part)
    argv = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", "made"]
    subprocess.run(argv, cwd=folder, env={**os.environ, "PATH": path}, check=True, capture_output=True, timeout=60)
    return next((folder / "made").glob("*.whl"))


def test_with_a_compiler_the_library_is_in_the_wheel_and_can_be_loaded(tmp_path: Path) -> None:
    made = wheel(tmp_path, os.environ["PATH"])
    assert made.name.split("-", 2)[2].startswith("py3-none-linux_")
    with ZipFile(made) as content:
        content.extract(f"handclasp/adapters/{LIBRARY.name}", tmp_path / "out")
    table = line_table(tmp_path / "out/handclasp/adapters" / LIBRARY.name)
    assert table
    assert [notice.message for notice in table.count(b"SSL\n", 0)[1]] == [None]


@pytest.mark.parametrize("compiler", [None, "#!/bin/sh\necho no >&2; exit 1\n"])
def test_without_one_that_works_the_wheel_is_for_every_machine(compiler: str | None, tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    if compiler:
        (tools / "cc").write_text(compiler)
        (tools / "cc").chmod(0o755)
        (tools / "sh").symlink_to("/bin/sh")
    made = wheel(tmp_path / "tree", str(tools))
    assert made.name.endswith("-py3-none-any.whl")
    with ZipFile(made) as content:
        assert not [name for name in content.namelist() if name.endswith((".so", ".new"))]
