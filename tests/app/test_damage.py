"""What lies on the disk is damaged: that is said, nothing is taken for empty, nothing is published, nothing made anew."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.ca_rig import Ca, openssl


def zeroed(path: Path) -> None:
    path.write_bytes(b"")


def halved(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def overwritten(path: Path) -> None:
    path.write_bytes(b"\xa5" * path.stat().st_size)


def flipped(path: Path) -> None:
    """A stripe of wrong octets through the middle."""
    content = bytearray(path.read_bytes())
    at = len(content) // 3
    content[at : at + len(content) // 3] = bytes(octet ^ 0x5A for octet in content[at : at + len(content) // 3])
    path.write_bytes(bytes(content))


def gone(path: Path) -> None:
    path.unlink()


HARMS = (zeroed, halved, overwritten, flipped, gone)


def folded(ca: Ca) -> None:
    """The registry in one file: what SQLite keeps beside it is written back."""
    import sqlite3

    connection = sqlite3.connect(ca.home / "registry.sqlite")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    for name in ("registry.sqlite-wal", "registry.sqlite-shm"):
        (ca.home / name).unlink(missing_ok=True)


@pytest.mark.parametrize("harm", [zeroed, halved, overwritten, gone])
def test_a_damaged_registry_is_never_an_empty_one(ca: Ca, harm: Callable[[Path], None]) -> None:
    ca.run("issue", "alice")
    ca.run("revoke", "alice")
    folded(ca)
    harm(ca.home / "registry.sqlite")
    published = (ca.home / "ca" / "crl.pem").read_bytes()
    for words in (["list"], ["status"], ["audit"], ["issue", "bob"], ["crl", "--refresh"], ["init"]):
        process = ca.start(*words)
        out, err = process.communicate(timeout=60)
        assert process.returncode in {2, 3, 5}, (words, process.returncode, out, err)
        assert str(ca.home) in err, (words, err)
        assert "handclasp init" not in err, (words, err)
    assert (ca.home / "ca" / "crl.pem").read_bytes() == published


def test_a_stripe_of_wrong_octets_forgets_nobody(ca: Ca) -> None:
    """SQLite has no checksums: a page that is not read says nothing. What is read is refused, or all there."""
    ca.run("issue", "alice")
    ca.run("revoke", "alice")
    serial = ca.json("show", "alice")["certificates"][0]["serial"]
    folded(ca)
    flipped(ca.home / "registry.sqlite")
    process = ca.start("list")
    out, err = process.communicate(timeout=60)
    assert process.returncode in {3, 5} or serial in out, err
    ca.start("crl", "--refresh").communicate(timeout=60)
    assert serial in "".join(openssl("crl", "-noout", "-text", "-in", path) for path in parts(ca))


def parts(ca: Ca) -> list[Path]:
    """The CRLs of the file, one by one: openssl crl reads the first alone."""
    blocks = (ca.home / "ca/crl.pem").read_text().split("-----BEGIN")[1:]
    made = []
    for number, block in enumerate(blocks):
        made.append(ca.home.parent / f"{number}.crl")
        made[-1].write_text(f"-----BEGIN{block}")
    return made


@pytest.mark.parametrize("harm", HARMS)
def test_a_damaged_key_signs_nothing(ca: Ca, harm: Callable[[Path], None]) -> None:
    harm(ca.home / "keys" / "issuing.pem")
    process = ca.start("issue", "alice")
    _, err = process.communicate(timeout=60)
    assert process.returncode in {3, 5}, err
    assert "issuing" in err
    assert ca.json("list")["certificates"] == []


@pytest.mark.parametrize("harm", HARMS)
def test_a_damaged_crl_file_is_told_and_written_anew(ca: Ca, harm: Callable[[Path], None]) -> None:
    path = ca.home / "ca" / "crl.pem"
    harm(path)
    assert "CRL file" in ca.run("status", expect=1).stdout
    ca.run("crl", "--refresh")
    ca.run("status")
