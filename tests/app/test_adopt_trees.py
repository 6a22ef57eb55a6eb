"""Folders with several CAs, folders that go on being used, keys and serials nobody would make today. openssl makes them."""

from pathlib import Path

import pytest

from tests.app.test_adopt import CONFIG
from tests.ca_rig import Ca, openssl, verify

EC = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
CA_USAGE = "keyUsage=critical,keyCertSign,cRLSign"


class Old:
    """A folder of `openssl ca`, in the layout of the demoCA."""

    def __init__(self, folder: Path, *, first: str = "00") -> None:
        self.folder = folder
        for name in ("private", "newcerts"):
            (folder / name).mkdir(parents=True)
        (folder / "index.txt").touch()
        (folder / "serial").write_text(f"{first}\n")
        (folder / "crlnumber").write_text("00\n")
        extra = "[below]\nbasicConstraints=critical,CA:TRUE\nsubjectKeyIdentifier=hash\n" + CA_USAGE + "\n"
        (folder / "openssl.cnf").write_text(CONFIG.format(folder=folder) + extra)
        self.certificate, self.key = folder / "cacert.pem", folder / "private/cakey.pem"

    def itself(self, name: str, *key: str) -> "Old":
        """A root of its own."""
        kind = key or (*EC, "-keyout", str(self.key))
        openssl("req", "-x509", *kind, "-out", self.certificate, "-subj", f"/CN={name}", "-days", "900", "-addext", CA_USAGE)
        self.key.chmod(0o600)
        return self

    def ca(self, *args: str | Path) -> None:
        openssl("ca", "-batch", "-config", self.folder / "openssl.cnf", *args)

    def issue(self, name: str, *, key: tuple[str, ...] = EC, extensions: str = "leaf") -> Path:
        made = self.folder / name
        openssl("req", "-new", *key, "-keyout", f"{made}.key", "-out", f"{made}.csr", "-subj", f"/CN={name}")
        self.ca("-in", f"{made}.csr", "-extensions", extensions, "-notext", "-out", f"{made}.pem")
        return Path(f"{made}.pem")

    def crl(self) -> None:
        self.ca("-gencrl", "-out", self.folder / "crl.pem")


def statuses(ca: Ca) -> dict[str, str]:
    return {one["name"]: one["status"] for one in ca.json("list")["certificates"]}


@pytest.fixture
def tree(tmp_path: Path) -> tuple[Old, Old]:
    """A root, and in a folder of it a CA below, as the best-known guide to openssl lays them out."""
    root = Old(tmp_path / "ca").itself("Old Root")
    below = Old(root.folder / "intermediate")
    made = root.issue("Old Intermediate", extensions="below")
    below.certificate.write_bytes(made.read_bytes())
    (below.folder / "chain.pem").write_bytes(made.read_bytes() + root.certificate.read_bytes())
    made.with_suffix(".key").rename(below.key)
    return root, below


@pytest.mark.parametrize("root_first", [True, False])
def test_a_tree_is_taken_over_folder_by_folder_in_any_order(tree: tuple[Old, Old], ca: Ca, *, root_first: bool) -> None:
    root, below = tree
    alice, bob = below.issue("alice"), below.issue("bob")
    below.ca("-revoke", bob)
    root.crl()
    above = ("import", str(root.folder), "--label", "above")
    under = ("import", str(below.folder), "--label", "under", *(() if root_first else ("--crl", str(root.folder / "crl.pem"))))
    for words in (above, under) if root_first else (under, above):
        done = ca.json(*words)
    states = {one["label"]: one["parent"] for one in ca.json("ca", "list")["authorities"]}
    top = "above" if root_first else "under-root"
    assert states == {"root": None, "issuing": "root", top: None, "under": top}
    assert [one["label"] for one in done["authorities"]] == ([top, "under"] if root_first else [top])
    verify(ca, alice)
    assert "revoked" in verify(ca, bob, expect=2)
    ca.run("revoke", "alice")
    assert "revoked" in verify(ca, alice, expect=2)
    ca.run("ca", "revoke", "under")  # the key of the root came with whichever import had it
    ca.run("audit")


def test_a_folder_that_went_on_being_used_is_taken_again(tmp_path: Path, ca: Ca) -> None:
    old = Old(tmp_path / "old").itself("Old CA")
    old.issue("alice")
    ca.run("import", str(old.folder))
    late, other = old.issue("late"), old.issue("other")
    old.ca("-revoke", old.folder / "alice.pem", "-crl_reason", "keyCompromise")
    for _ in range(20):
        old.crl()
    done = ca.json("import", str(old.folder), "--label", "again")
    assert [one["label"] for one in done["authorities"]] == ["old"]
    assert statuses(ca) == {"alice": "revoked", "late": "good", "other": "good"}
    assert {one["authority"]: one["number"] for one in done["crls"]}["old"] > 19
    assert "revoked" in verify(ca, old.folder / "alice.pem", expect=2)
    verify(ca, late)
    events = len(ca.json("audit", "--events")["events"])
    ca.run("import", str(old.folder))
    new = ca.json("audit", "--events")["events"][events:]
    assert {one["action"] for one in new} == {"crl-signed"}
    ca.run("revoke", str(other))
    ca.run("import", str(old.folder))  # there it is good: what was revoked here stays so
    assert statuses(ca)["other"] == "revoked"


def test_a_holder_of_a_dsa_key_is_revoked_and_gets_another_key(tmp_path: Path, ca: Ca) -> None:
    old = Old(tmp_path / "old").itself("Old CA")
    parameters = tmp_path / "dsa"
    openssl("dsaparam", "-out", parameters, "2048")
    dora, dan = (old.issue(name, key=("-newkey", f"dsa:{parameters}", "-nodes")) for name in ("dora", "dan"))
    ca.run("import", str(old.folder))
    told = ca.run("renew", "dora", expect=4).stderr
    assert "handclasp rekey dora --csr FILE" in told
    openssl("req", "-new", *EC, "-keyout", tmp_path / "new.key", "-out", tmp_path / "new.csr", "-subj", "/CN=dora")
    ca.run("rekey", "dora", "--csr", str(tmp_path / "new.csr"))
    verify(ca, ca.identity("dora", "certificate.pem"))
    ca.run("revoke", "dan")
    assert "revoked" in verify(ca, dan, expect=2)
    verify(ca, dora)


def test_a_ca_that_cannot_sign_here_is_revoked_there(tmp_path: Path, ca: Ca) -> None:
    old = Old(tmp_path / "old")
    parameters = tmp_path / "dsa"
    openssl("dsaparam", "-out", parameters, "2048")
    old.itself("DSA CA", "-newkey", f"dsa:{parameters}", "-nodes", "-keyout", str(old.key))
    ann = old.issue("ann")
    assert "neither the key nor a CRL" in ca.run("import", str(old.folder), expect=4).stderr
    old.crl()
    done = ca.json("import", str(old.folder))
    assert "ca-key-unusable" in {one["finding"] for one in done["findings"]}
    verify(ca, ann)
    ca.run("renew", "ann")
    verify(ca, ca.identity("ann", "certificate.pem"))
    old.ca("-revoke", ann)
    old.crl()
    told = ca.run("import", str(old.folder)).stderr
    assert "serial number" not in told  # the library's opinion of serial 0
    assert "revoked" in verify(ca, ann, expect=2)
    ca.run("audit")


def test_odd_lines_of_an_index(tmp_path: Path, ca: Ca) -> None:
    old = Old(tmp_path / "old").itself("Old CA")
    reasons = {
        "10": ("240102030405Z", "unspecified"),
        "11": ("2401020304Z,keyCompromise", "keyCompromise"),
        "12": ("20240102030405Z,CAkeyTime,20231231000000Z", "cACompromise"),
        "13": ("240102030405Z,keyTime,231231000000Z", "keyCompromise"),
        "14": ("240102030405Z,holdInstruction,holdInstructionCallIssuer", "certificateHold"),
        "15": ("240102030405Z,removeFromCRL", "unspecified"),
        "16": ("240102030405Z,whatever", "unspecified"),
    }
    rows = [f"R\t20991231235959Z\t{said}\t{serial}\t\t/CN=n{serial}" for serial, (said, _) in reasons.items()]
    rows += ["V\t991121000000Z\t\t0A\tunknown\t/CN=end\\x20of\\x20a century", "E\t100101000000Z\t\t17\tunknown\t"]
    (old.folder / "index.txt").write_bytes(("\ufeff" + "\r\n".join(rows) + "\r\n").encode())
    (old.folder / "index.txt.attr").write_text("unique_subject = yes\n")
    ca.run("import", str(old.folder))
    found = {one["serial"]: one for one in ca.json("list", "--all")["certificates"] if one["issuer"] == "old"}
    assert {serial: found[serial]["reason"] for serial in reasons} == {
        serial: reason for serial, (_, reason) in reasons.items()
    }
    assert {found[serial]["revoked_at"][:16] for serial in reasons} <= {"2024-01-02T03:04"}
    ca.run("unhold", "14")
    ca.run("revoke", "0A")


def test_the_layout_of_easy_rsa_2(tmp_path: Path, ca: Ca) -> None:
    old = Old(tmp_path / "made", first="01").itself("Easy CA")
    alice = old.issue("alice")
    keys = tmp_path / "easy-rsa/keys"
    keys.mkdir(parents=True)
    (keys.parent / "vars").write_text('export KEY_DIR="$EASY_RSA/keys"\n')
    (keys.parent / "openssl-1.0.0.cnf").write_text("[ca]\ndefault_ca=CA_default\n[CA_default]\ndir=$ENV::KEY_DIR\n")
    for path, name in (
        (old.certificate, "ca.crt"),
        (old.key, "ca.key"),
        (old.folder / "index.txt", "index.txt"),
        (alice, "01.pem"),
    ):
        (keys / name).write_bytes(path.read_bytes())
    (keys / "ca.key").chmod(0o600)
    for folder in (keys.parent, keys):
        told = ca.json("import", str(folder), "--report", expect=0)
        assert told["kind"] == "easy-rsa" or folder == keys
        assert told["authorities"][0]["certificates"] == 1
    ca.run("import", str(keys.parent))
    assert statuses(ca) == {"alice": "good"}
    verify(ca, alice)
