"""The CA's values as the fields of JSON documents (docs: the command line)."""

from typing import Any

from handclasp.app.authority import certificate_of
from handclasp.app.crl import PublishedCrl
from handclasp.app.enforce import Enforced
from handclasp.app.issue import Issued
from handclasp.app.register import Entry
from handclasp.model.issuance import Authority
from handclasp.pki.serials import format_serial
from handclasp.present.lingering_text import lingering_json


def authority_json(authority: Authority) -> dict[str, Any]:
    """One CA."""
    certificate = certificate_of(authority)
    return {
        "label": authority.label,
        "parent": authority.parent,
        "subject": certificate.subject.rfc4514_string(),
        "serial": format_serial(certificate.serial_number),
        "not_before": certificate.not_valid_before_utc,
        "not_after": certificate.not_valid_after_utc,
    }


def crl_json(crl: PublishedCrl) -> dict[str, Any]:
    """One published CRL."""
    return {
        "authority": crl.authority,
        "number": crl.number,
        "this_update": crl.this_update,
        "next_update": crl.next_update,
        "revoked": [format_serial(serial) for serial in crl.revoked],
        "signed": crl.signed,
        "added": crl.added,
        "removed": crl.removed,
    }


def enforced_json(one: Enforced) -> dict[str, Any]:
    """One nginx that was given CRLs."""
    return {
        "config": one.place.instance.config,
        "adopted": one.adopted,
        "serving": one.applied.serving,
        "reloaded": one.applied.reloaded,
        "lingering": lingering_json(one.applied.lingering),
        "recovered": one.applied.recovered,
    }


def entry_json(entry: Entry) -> dict[str, Any]:
    """One line of the register."""
    return {
        "name": entry.name,
        "profile": entry.profile,
        "serial": entry.serial,
        "issuer": entry.issuer,
        "status": entry.status,
        "not_before": entry.not_before,
        "not_after": entry.not_after,
        "revoked_at": entry.revoked_at,
        "reason": entry.reason,
    }


def issued_json(issued: Issued) -> dict[str, Any]:
    """One new certificate and its files."""
    return {
        "name": issued.record.name,
        "profile": issued.record.profile,
        "serial": format_serial(issued.record.serial),
        "issuer": issued.record.issuer,
        "not_before": issued.record.not_before,
        "not_after": issued.record.not_after,
        "folder": issued.folder,
        "files": {path.rpartition("/")[2]: path for path in issued.files},
        "resumed": issued.resumed,
        "refused": list(issued.refused),
    }
