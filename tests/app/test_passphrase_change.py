"""Another passphrase for the CA keys, also when the process dies between two keys."""

import signal

from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tests.ca_rig import PASSPHRASE, Ca


def test_every_key_is_under_the_new_passphrase(ca: Ca) -> None:
    new = ca.home.parent / "new"
    assert ca.json("passphrase", "--new-passphrase-file", str(new))["keys"] == 2
    assert new.stat().st_mode & 0o777 == 0o600
    for path in (ca.home / "keys").iterdir():
        load_pem_private_key(path.read_bytes(), new.read_bytes().strip())
    assert "cannot be unlocked" in ca.run("issue", "alice", expect=5).stderr
    ca.run("issue", "alice", env={"HANDCLASP_PASSPHRASE_FILE": str(new)})


def test_killed_between_two_keys_it_goes_on(ca: Ca) -> None:
    new = ca.home.parent / "new"
    command = ("passphrase", "--new-passphrase-file", str(new))
    ca.run(*command, env={"HANDCLASP_CRASHPOINT": "passphrase.key-replaced"}, expect=-signal.SIGKILL)
    ca.run(*command)
    for path in (ca.home / "keys").iterdir():
        load_pem_private_key(path.read_bytes(), new.read_bytes().strip())
    assert not list((ca.home / "keys").glob(".*"))


def test_with_the_wrong_old_passphrase_nothing_changes(ca: Ca) -> None:
    before = {path: path.read_bytes() for path in (ca.home / "keys").iterdir()}
    wrong = ca.home.parent / "wrong"
    wrong.write_text("not this one\n")
    wrong.chmod(0o600)
    ca.run("passphrase", "--passphrase-file", str(wrong), "--new-passphrase-file", str(ca.home.parent / "new"), expect=5)
    assert {path: path.read_bytes() for path in (ca.home / "keys").iterdir()} == before
    assert PASSPHRASE not in ca.run("audit").stdout


def test_a_passphrase_file_that_was_moved_is_remembered_at_its_new_place(empty: Ca) -> None:
    first, second, nowhere = empty.home.parent / "first", empty.home.parent / "second", {"HANDCLASP_PASSPHRASE_FILE": ""}
    empty.run("init", "--new-passphrase-file", str(first), env=nowhere)
    first.rename(second)
    told = empty.run("issue", "alice", env=nowhere, expect=3).stderr
    assert "not where this home remembers it" in told
    wrong = empty.home.parent / "wrong"
    wrong.write_text("of another home")
    wrong.chmod(0o600)
    empty.run("init", "--passphrase-file", str(wrong), env=nowhere, expect=5)
    empty.run("issue", "alice", env=nowhere, expect=3)
    empty.run("init", "--passphrase-file", str(second), env=nowhere)
    empty.run("issue", "alice", env=nowhere)
