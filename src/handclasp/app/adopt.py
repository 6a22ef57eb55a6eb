"""Takes over a PKI that exists: its certificates stay good, can be seen, renewed and be revoked here.

Its CAs sign nobody new: what they issued is renewed by this home's issuing CA, and both stand in the bundle until then.
"""

import re
from dataclasses import dataclass
from datetime import datetime

from cryptography.x509 import load_der_x509_crl

from handclasp.app.ca_files import write_certificates
from handclasp.app.ceremony import save_crl
from handclasp.app.crl import PublishedCrl, publish_locked
from handclasp.app.hierarchy import LABEL, retire_locked
from handclasp.app.home import ISSUING, ROOT, Home
from handclasp.app.old_keys import UNUSABLE, belongs
from handclasp.app.old_pki import OldCa, OldPki
from handclasp.app.recover import recover
from handclasp.catalogue.profiles import CLIENT, EMAIL, PEER, SERVER
from handclasp.catalogue.profiles import ISSUING as ISSUING_PROFILE
from handclasp.model.certificate import Certificate
from handclasp.model.errors import HandclaspError, InputError, PolicyError, UsageError
from handclasp.model.issuance import Authority, CertificateRecord, CertificateState, Intent, Reason
from handclasp.pki.names import fold, identity_name
from handclasp.pki.openssl_index import IndexLine
from handclasp.pki.read import certificate_from_der
from handclasp.pki.serials import format_serial
from handclasp.pki.signature import signed_by

_AT_ONCE = 500
_CLIENT, _SERVER, _EMAIL = "1.3.6.1.5.5.7.3.2", "1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.4"


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopted:
    """What the register knows now of one CA. `missing`: serials whose certificates were not found; they can be revoked."""

    label: str
    subject: str
    signs: bool
    taken: int
    revoked: int
    missing: tuple[str, ...]


def adopt(
    home: Home, pki: OldPki, *, label: str, passphrase_given: bool
) -> tuple[tuple[Adopted, ...], tuple[PublishedCrl, ...]]:
    """Put the CAs and what they issued into the register, encrypt their keys, and publish CRLs of every CA.

    Run again, after an interruption or later, it goes on: what was issued and revoked there since is taken too. The lowest CA
    gets the label, those above it LABEL-root and so on; a CA that is here already keeps its own.

    Raises:
        InputError: the key of the lowest CA is missing, or does not belong to it.
        PolicyError: the label belongs to another CA; a CA above is unknown, or has neither key nor CRL.
        UsageError: the label is none, or a key wants its passphrase.
    """
    if not LABEL.match(label) or label in (ROOT, ISSUING):
        raise UsageError(
            f"a CA cannot be called {label[:40]!r}", hint="lower-case letters, digits and hyphens, for example: old"
        )
    _refuse_keyless(pki.cas[-1], passphrase_given=passphrase_given)
    with home.changing("importing a CA"):
        recover(home)
        here = {one.certificate: one for one in home.store.authorities()}
        known = [here.get(ca.certificate.der) for ca in pki.cas]
        labels = [one.label if one else name for one, name in zip(known, _labels(label, len(pki.cas)), strict=True)]
        parent = known[0].parent if known[0] else _parent(home, pki.cas[0])
        for name, ca, one in zip(labels, pki.cas, known, strict=True):
            _take(home, ca, one or Authority(label=name, parent=parent, certificate=ca.certificate.der, key=name))
            parent = name
        write_certificates(home)
        crls = publish_locked(home)
    return tuple(_told(name, ca) for name, ca in zip(labels, pki.cas, strict=True)), crls


def _refuse_keyless(ca: OldCa, *, passphrase_given: bool) -> None:
    if ca.certificate.key_kind in UNUSABLE:
        return  # it cannot sign here; what it issued can be seen, and its CRL is taken over
    if ca.key is None:
        raise InputError(
            "the key of this CA was not found, or does not belong to its certificate",
            where=ca.certificate.subject_text,
            hint="--key FILE names it",
        )
    if ca.key.key is None and ca.key.encrypted and not passphrase_given:
        raise UsageError(
            "the key of the old CA is encrypted", where=ca.key.path, hint="--old-passphrase-file FILE gives its passphrase"
        )
    if ca.key.key is None:
        hint = "--old-passphrase-file FILE has the passphrase of the old key on its first line"
        raise InputError("is no private key that this passphrase opens", where=ca.key.path, hint=hint)
    if not belongs(ca.key, ca.certificate):
        raise InputError("the CA key does not belong to the CA certificate", where=ca.key.path)


def _labels(label: str, count: int) -> list[str]:
    above = [f"{label}-root", *(f"{label}-{turn}" for turn in range(2, count))][: count - 1]
    return [*above, label]


def _parent(home: Home, top: OldCa) -> str | None:
    """The CA of this home above the highest one that was found; None when that is a root."""
    certificate = top.certificate
    if certificate.self_issued and signed_by(certificate, certificate.spki):
        return None
    for authority in home.authorities():
        above = certificate_from_der(authority.certificate)
        if above.subject == certificate.issuer and signed_by(certificate, above.spki):
            return authority.label
    raise PolicyError(
        f"the CA above it is not known: {certificate.issuer_text}",
        where=certificate.subject_text,
        hint="put its certificate into the folder, or name it with --certificates FILE",
    )


def _take(home: Home, ca: OldCa, authority: Authority) -> None:
    label, held = authority.label, {one.label: one for one in home.store.authorities()}.get(authority.label)
    if held is not None and held.certificate != authority.certificate:
        raise PolicyError(f"{label} is another CA of this home", hint="choose another name with --label")
    opened = ca.key.key if ca.key is not None and belongs(ca.key, ca.certificate) else None
    if opened is not None and not home.keys.exists(authority.key):
        home.keys.adopt(authority.key, opened)
    if opened is None and ca.crl is None and held is None:
        raise PolicyError(
            f"neither the key nor a CRL of {ca.certificate.subject_text} is here, and nginx refuses everybody without one",
            hint="--crl FILE gives its CRL; openssl ca -gencrl, or step-ca at /1.0/crl, makes one where its key is",
        )
    _record(home, ca, authority, home.clock.now(), new=held is None)
    if held is None:
        retire_locked(home, label)
    last = home.store.newest_crl(label)
    newer = ca.crl is not None and (last is None or (ca.crl.crl_number or 0) > last.number)
    if newer and ca.crl is not None and not home.keys.exists(authority.key):
        save_crl(home, label, load_der_x509_crl(ca.crl.der))


def _record(home: Home, ca: OldCa, authority: Authority, now: datetime, *, new: bool) -> None:
    """What is not known of it yet: the CA, certificates, revocations, and which CRL numbers are used up."""
    label, itself = authority.label, ca.certificate.serial if ca.certificate.self_issued else None
    here = _known(home, label, [line.serial for line in ca.lines])
    fresh = [line for line in ca.lines if line.serial not in here]
    revoked = {serial for serial, one in here.items() if one.state is CertificateState.REVOKED}
    # on its own root's CRL a serial that the root has too would shut everybody out
    gone = [one for one in ca.lines if one.revoked_at is not None and one.serial not in revoked and one.serial != itself]
    ahead = max(0, ca.crl_number - home.store.last_crl_number(label))
    if not (new or fresh or gone):
        return
    taken = home.store.known([fold(_name(ca.certificates.get(line.serial), line)) for line in fresh])
    with home.store.begin() as transaction:
        if new:
            transaction.add_authority(authority)
        transaction.skip_crl_numbers(label, ahead)
        for line in fresh:
            found = ca.certificates.get(line.serial)
            transaction.add_intent(_intent(line, found, label, now, taken))
            if found is not None:
                transaction.record_issued(label, line.serial, found.der)
                transaction.mark_exported(label, line.serial)
            else:
                transaction.abandon(label, line.serial)
        for line in gone:
            transaction.revoke(label, line.serial, at=line.revoked_at or now, reason=line.reason or Reason.UNSPECIFIED)
        details = {"subject": ca.certificate.subject_text, "certificates": str(len(fresh)), "revoked": str(len(gone))}
        transaction.audit(at=now, actor=home.actor, action="imported", subject=label, details=details)


def _known(home: Home, label: str, serials: list[int]) -> dict[int, CertificateRecord]:
    found: dict[int, CertificateRecord] = {}
    for start in range(0, len(serials), _AT_ONCE):
        found |= home.store.find_many(label, serials[start : start + _AT_ONCE])
    return found


def _intent(line: IndexLine, found: Certificate | None, label: str, now: datetime, taken: frozenset[str]) -> Intent:
    name = _name(found, line)
    return Intent(
        serial=line.serial,
        issuer=label,
        profile=_profile(found) if found else CLIENT.name,
        name=f"{name} {label}"[:64] if fold(name) in taken else name,  # another identity of this home has that name
        tbs_sha256="0" * 64,
        not_before=found.not_before if found else now,
        not_after=found.not_after if found else line.not_after,  # an index may have been edited
        created=now,
    )


def _name(found: Certificate | None, line: IndexLine) -> str:
    """The common name where it may name an identity (it becomes a folder when renewed), otherwise one made of the serial."""
    words = found.common_names if found else tuple(re.findall(r"(?:/|\A|,)CN=([^/,]+)", line.subject))[-1:]
    try:
        return identity_name(words[0]) if words else f"imported {format_serial(line.serial)}"
    except HandclaspError:
        return f"imported {format_serial(line.serial)}"


def _profile(found: Certificate) -> str:
    if found.basic_constraints is not None and found.basic_constraints.ca:
        return ISSUING_PROFILE.name
    usage = found.extended_key_usage or frozenset()
    if _SERVER in usage:
        return PEER.name if _CLIENT in usage else SERVER.name
    return EMAIL.name if usage == {_EMAIL} else CLIENT.name


def _told(label: str, ca: OldCa) -> Adopted:
    missing = tuple(format_serial(line.serial) for line in ca.lines if line.serial not in ca.certificates)
    return Adopted(
        label=label,
        subject=ca.certificate.subject_text,
        signs=ca.key is not None and belongs(ca.key, ca.certificate),
        taken=len(ca.lines),
        revoked=sum(line.revoked_at is not None for line in ca.lines),
        missing=missing,
    )
