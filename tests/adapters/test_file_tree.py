"""Files that belong together: each is synced, and their folder once, after all of them."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from handclasp.adapters.file_tree import PosixFileTree
from handclasp.model.errors import PolicyError, WorldError


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, list[str]]]:
    """What was synced, and what lay in its folder then."""
    seen: list[tuple[str, list[str]]] = []
    really: Callable[[int], None] = os.fsync

    def note(descriptor: int) -> None:
        really(descriptor)
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        folder = path if path.is_dir() else path.parent
        seen.append((str(path), sorted(one.name for one in folder.iterdir() if not one.name.startswith("."))))

    monkeypatch.setattr(os, "fsync", note)
    return seen


def test_a_folder_is_settled_once_and_last(tmp_path: Path, synced: list[tuple[str, list[str]]]) -> None:
    files = PosixFileTree()
    (tmp_path / "old").write_text("1")
    (tmp_path / "gone").write_text("2")
    with files.together(str(tmp_path)):
        files.move(str(tmp_path / "old"), str(tmp_path / "new"))
        files.write(str(tmp_path / "a"), b"3")
        files.create(str(tmp_path / "b"), b"4")
        files.remove(str(tmp_path / "gone"))
    folders = [(path, names) for path, names in synced if path == str(tmp_path)]
    assert folders == [(str(tmp_path), ["a", "b", "new"])] == synced[-1:]
    assert len(synced) == 3
    files.write(str(tmp_path / "c"), b"5")
    assert synced[-1] == (str(tmp_path), ["a", "b", "c", "new"])
    assert len(synced) == 5


def test_a_file_elsewhere_is_settled_at_once(tmp_path: Path, synced: list[tuple[str, list[str]]]) -> None:
    files, other = PosixFileTree(), tmp_path / "other"
    other.mkdir()
    with files.together(str(tmp_path)):
        files.write(str(other / "a"), b"1")
        assert synced[-1] == (str(other), ["a"])
    assert synced[-1][0] == str(tmp_path)


def test_a_failure_is_told_and_nothing_stays_deferred(tmp_path: Path, synced: list[tuple[str, list[str]]]) -> None:
    files = PosixFileTree()
    with pytest.raises(WorldError, match="cannot be moved"), files.together(str(tmp_path)):
        files.move(str(tmp_path / "missing"), str(tmp_path / "new"))
    assert synced == []
    files.write(str(tmp_path / "a"), b"1")
    assert synced[-1][0] == str(tmp_path)


@pytest.mark.parametrize("nameless", [True, False], ids=["nameless", "named"])
def test_a_new_file_is_whole_and_nobody_elses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nameless: bool) -> None:
    """With and without files that have no name; nothing that is there, a link to nowhere included, is written over."""
    if not nameless:
        monkeypatch.setattr(os, "O_TMPFILE", os.O_DIRECTORY)  # what a kernel makes of it that does not know the flag: EISDIR
    seen: list[list[str]] = []
    really: Callable[[int], None] = os.fsync

    def note(descriptor: int) -> None:
        really(descriptor)
        seen.append([one.name for one in tmp_path.iterdir() if one.name.endswith(".handclasp-new")])

    monkeypatch.setattr(os, "fsync", note)
    files, path = PosixFileTree(), tmp_path / "key.pem"
    files.create(str(path), b"secret", mode=0o600)
    assert path.read_bytes() == b"secret"
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.stat().st_nlink == 1
    assert [len(names) for names in seen] == [0 if nameless else 1, 0]
    (tmp_path / "link").symlink_to("nowhere")
    for name in ("key.pem", "link"):
        with pytest.raises(PolicyError, match="is there already"):
            files.create(str(tmp_path / name), b"other")
    assert path.read_bytes() == b"secret"
    assert sorted(one.name for one in tmp_path.iterdir()) == ["key.pem", "link"]


@pytest.mark.parametrize("name", ["a" * 300, "a/" * 3000, "a\0b"], ids=["long", "deep", "nul"])
def test_what_no_file_can_be_called_is_not_there(tmp_path: Path, name: str) -> None:
    assert not PosixFileTree().exists(f"{tmp_path}/{name}")
