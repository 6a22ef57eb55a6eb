"""Writes a CA of this home as a folder of `openssl ca`, with which openssl goes on: issue, revoke, gencrl."""

from dataclasses import dataclass

from handclasp.app.authority import authority_named
from handclasp.app.home import Home
from handclasp.app.new_files import all_or_none
from handclasp.model.errors import PolicyError
from handclasp.model.issuance import CertificateRecord, CertificateState
from handclasp.pki.export import crl_pem_parts, pem_of
from handclasp.pki.openssl_folder import CONFIG, index_line, number_text
from handclasp.pki.serials import format_serial


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedCa:
    """What was written. `next_crl`: the number that openssl gives its next CRL."""

    folder: str
    certificates: int
    revoked: int
    next_crl: int


def export_ca(home: Home, label: str, folder: str) -> ExportedCa:
    """Write certificate, encrypted key, index, numbers, certificates, CRL and configuration into a new folder.

    Serials are drawn at random on both sides; the next CRL of openssl has the number that the next one here would have, so only
    one of the two may go on.

    Raises:
        UsageError: there is no such CA.
        PolicyError: its key is not in a file of this home, or there is something in the folder.
    """
    authority = authority_named(home, label)
    if not home.keys.exists(authority.key):
        raise PolicyError(f"the key of the {label} CA is not here", hint="export it where its key is: handclasp ca list")
    if home.files.exists(folder) and any(True for _ in home.files.walk(folder)):
        raise PolicyError("there is something in this folder", where=folder, hint="choose a new one")
    with home.changing(f"exporting the {label} CA"), all_or_none(home.files) as write:
        key = home.keys.sealed(authority.key)
        records = [one for one in home.store.walk() if one.issuer == label and one.state is not CertificateState.INTENT]
        last = home.store.newest_crl(label)
        next_crl = last.number + 1 if last else 1
        for name in ("private", "newcerts"):
            home.files.make_folder(f"{folder}/{name}", mode=0o700)
        write(f"{folder}/private/cakey.pem", key, 0o600)
        write(f"{folder}/cacert.pem", pem_of(authority.certificate), 0o644)
        for record in records:
            if record.certificate is not None:
                path = f"{folder}/newcerts/{format_serial(record.serial)}.pem"
                write(path, pem_of(record.certificate), 0o644)
        if last is not None:
            write(f"{folder}/crl.pem", b"".join(crl_pem_parts(last.content)), 0o644)
        now = home.clock.now()
        # an intent without its certificate may have been signed: its serial stays known, under a subject that says so
        index = "".join(index_line(one, now) for one in records)
        write(f"{folder}/index.txt", index.encode(), 0o644)
        write(f"{folder}/index.txt.attr", b"unique_subject = no\n", 0o644)
        write(f"{folder}/serial", number_text(_next_serial(records)), 0o644)
        write(f"{folder}/crlnumber", number_text(next_crl), 0o644)
        write(f"{folder}/openssl.cnf", CONFIG.replace("{folder}", folder).encode(), 0o644)
        details = {"folder": folder, "certificates": str(len(records))}
        with home.store.begin() as transaction:
            transaction.audit(at=now, actor=home.actor, action="authority-exported", subject=label, details=details)
    revoked = sum(one.state is CertificateState.REVOKED for one in records)
    return ExportedCa(folder=folder, certificates=len(records), revoked=revoked, next_crl=next_crl)


def _next_serial(records: list[CertificateRecord]) -> int:
    """Above all that were used, for an `openssl ca` that counts; the configuration draws them at random."""
    highest = max((one.serial for one in records), default=0)
    return highest + 1 if highest < 1 << 158 else 1
