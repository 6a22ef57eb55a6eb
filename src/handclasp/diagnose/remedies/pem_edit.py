"""Edits of the PEM files that nginx reads: certificates and CRLs put in, others left where they are."""

from base64 import b64encode
from collections.abc import Iterable

from handclasp.diagnose.case import Case
from handclasp.model.certificate import Certificate, Crl
from handclasp.model.finding import FileEdit
from handclasp.verdict.trust import crls_in


def pem(der: bytes, label: str) -> bytes:
    """One PEM block (RFC 7468)."""
    text = b64encode(der)
    lines = [text[at : at + 64] for at in range(0, len(text), 64)]
    return b"-----BEGIN %b-----\n%b\n-----END %b-----\n" % (label.encode(), b"\n".join(lines), label.encode())


def append_certificates(case: Case, path: str, certificates: Iterable[Certificate]) -> tuple[FileEdit, ...]:
    """The file with certificates added at its end."""
    before = case.evidence.files.get(path)
    return (FileEdit(path=path, before=before, after=joined(before, *(pem(item.der, "CERTIFICATE") for item in certificates))),)


def put_lists(case: Case, path: str, crls: Iterable[Crl]) -> tuple[FileEdit, ...]:
    """The CRL file with these lists in place of older ones of the same CA and key; text around the blocks is not kept."""
    new = tuple(crls)
    replaced = {(crl.issuer, _key(crl)) for crl in new}
    kept = [crl for crl in crls_in(case.evidence.files, path) if (crl.issuer, _key(crl)) not in replaced]
    before = case.evidence.files.get(path)
    after = b"".join(pem(crl.der, "X509 CRL") for crl in (*kept, *new))
    return (FileEdit(path=path, before=before, after=after),)


def joined(before: bytes | None, *blocks: bytes) -> bytes:
    """PEM blocks after what is there, each on lines of its own."""
    start = before or b""
    if start and not start.endswith(b"\n"):
        start += b"\n"
    return start + b"".join(blocks)


def _key(crl: Crl) -> bytes | None:
    return crl.authority_key_identifier.key_identifier if crl.authority_key_identifier else None
