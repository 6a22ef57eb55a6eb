"""The root key on a machine without network: a request goes there, certificate and CRL come back. The key never travels."""

from dataclasses import dataclass, replace

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from handclasp.app.authority import authority_named, ca_key, certificate_of, issued_details, refuse_namesake, signed_ca
from handclasp.app.ca_files import put, write_certificates
from handclasp.app.crashpoint import crashpoint
from handclasp.app.crl import PublishedCrl, publish_locked
from handclasp.app.hierarchy import CaOrder, below, ca_request, checked_label, remember_purposes, top_of
from handclasp.app.home import DROPPED, REQUESTED, RETIRED, Home
from handclasp.app.identity_files import issuers_of, spki
from handclasp.app.key_reuse import refuse_ca_key
from handclasp.app.recover import recover
from handclasp.catalogue import profiles
from handclasp.model.errors import InputError, PolicyError, UsageError
from handclasp.model.issuance import Authority, CertificateRecord, CertificateState, Intent, IssuanceRequest, KeyType, Reason
from handclasp.model.octets import Held
from handclasp.pki.ca_request import ca_request_pem, read_reply, refuse_unfit, reply_pem
from handclasp.pki.csr import Wishes
from handclasp.pki.names import organization_name
from handclasp.pki.serials import format_serial
from handclasp.pki.signing import narrowed


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedCa:
    """A CA certificate for another machine, and the content of the file to bring there."""

    certificate: x509.Certificate
    reply: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The CA that can sign now, its root, and the CRLs of all."""

    label: str
    authority: Authority
    root: x509.Certificate
    crls: tuple[PublishedCrl, ...]


def request_ca(
    home: Home, label: str, *, name: str, organization: str | None, key_type: KeyType, purposes: tuple[str, ...] = ()
) -> bytes:
    """Make a key for a CA, keep it here, and return the request (PEM) for the machine of the CA above.

    Run again, it is the same key.

    Raises:
        PolicyError: there is a CA of that label.
    """
    checked_label(label)
    if any(one.label == label for one in home.store.authorities()):
        raise PolicyError(f"there is a CA named {label} already", hint="choose another label")
    request = IssuanceRequest(
        name=name,
        profile=profiles.ISSUING.name,
        key_type=key_type,
        organization=organization_name(organization) if organization is not None else None,
    )
    with home.changing(f"requesting the {label} CA"):
        refuse_namesake(home, request)
        key = ca_key(home, label, key_type)
        remember_purposes(home, label, purposes)
        with home.store.begin() as transaction:
            transaction.set_value(f"{REQUESTED}{label}", "yes")
            details = {"name": name, "key": key_type.value}
            transaction.audit(
                at=home.clock.now(), actor=home.actor, action="authority-requested", subject=label, details=details
            )
        crashpoint("ceremony.requested")
    return ca_request_pem(request, key)


def sign_ca(home: Home, wishes: Wishes, subject: x509.Name, order: CaOrder) -> SignedCa:
    """Sign a CA's request with the root of this home (or `order.parent`). Only its name and key are taken.

    Raises:
        UsageError: the request has no common name.
        PolicyError: the profile does not allow it; nothing was signed.
        WorldError: the key of the CA above is not here.
    """
    common = [str(one.value) for one in subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    if len(common) != 1 and order.name is None:
        raise UsageError("the request names no CA", hint="give the name: --name 'Example Issuing CA'")
    organizations = [str(one.value) for one in subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)]
    parent = authority_named(home, order.parent or top_of(home))
    asked = ca_request(home, replace(order, name=common[0] if order.name is None else order.name), certificate_of(parent))
    request = IssuanceRequest(
        name=asked.name,
        profile=asked.profile,
        key_type=wishes.key_type,
        lifetime=asked.lifetime,
        organization=organization_name(organizations[0]) if organizations else None,
        limits=asked.limits,
    )
    with home.changing("signing a CA"):
        recover(home)
        refuse_namesake(home, request, among=_line_of(home, parent))  # others' names are the business of their homes
        refuse_ca_key(home, request.name, wishes.public_key)
        made, label = signed_ca(home, request, wishes.public_key, parent=parent.label)
        with home.store.begin() as transaction:
            transaction.record_issued(label, made.serial_number, made.public_bytes(Encoding.DER))
            transaction.mark_exported(label, made.serial_number)
            details = issued_details(made)
            transaction.audit(at=home.clock.now(), actor=home.actor, action="ca-signed", subject=request.name, details=details)
        root = certificate_of(_line_of(home, parent)[-1])
        above = [*issuers_of(home, parent.label), root]
        crls = [home.store.latest_crl(one.label) for one in home.authorities()]
    return SignedCa(certificate=made, reply=reply_pem([made, *dict.fromkeys(above)], [der for der in crls if der]))


def accept_ca(home: Home, content: bytes, *, where: str) -> Accepted:
    """Take the certificate that came back, and the CAs above it with their CRLs; from now on it signs here.

    Run again after an interruption, it goes on.

    Raises:
        InputError: the file lacks something, or no key of this home waits for it.
        PolicyError: it is no CA certificate, or none that could be used now.
    """
    reply = read_reply(content, where=where)
    label = _waiting(home, reply.certificate, where)
    refuse_unfit(reply.certificate, now=home.clock.now(), where=where)
    _refuse_second(home, label, reply.certificate, where)
    with home.changing(f"accepting the {label} CA"):
        above = _record_above(home, reply.above, reply.crls)
        made = Authority(label=label, parent=above, certificate=reply.certificate.public_bytes(Encoding.DER), key=label)
        if not any(one.label == label for one in home.store.authorities()):
            _record(home, made, reply.certificate, above)
        crashpoint("ceremony.accepted")
        write_certificates(home)
        crls = publish_locked(home)
    return Accepted(label=label, authority=made, root=reply.above[-1], crls=crls)


def accept_crls(home: Home, lists: tuple[x509.CertificateRevocationList, ...], *, where: str) -> tuple[PublishedCrl, ...]:
    """Publish newer CRLs of CAs whose keys are elsewhere. What they revoke is revoked here too.

    Raises:
        InputError: a CRL is of no CA of this home.
        PolicyError: it is older than the one here, forgets a revocation, or the set would lock clients out.
    """
    with home.changing("accepting CRLs"):
        for crl in lists:
            _accept_crl(home, crl, where)
        return publish_locked(home)


def _line_of(home: Home, authority: Authority) -> tuple[Authority, ...]:
    """A CA and those above it, up to the root."""
    line = [authority]
    while (parent := line[-1].parent) is not None:
        line.append(authority_named(home, parent))
    return tuple(line)


def write_request(home: Home, label: str, content: bytes) -> str:
    """Keep a request in HOME/requests; its path."""
    home.files.make_folder(home.layout.at("requests"))
    path = home.layout.at("requests", f"{label}.csr")
    put(home, path, content)
    return path


def _waiting(home: Home, certificate: x509.Certificate, where: str) -> str:
    """The label of the requested key that this certificate is for."""
    for label in requested(home):
        if spki(narrowed(home.keys.open(label))) == spki(certificate):
            return label
    raise InputError(
        f"no key of this home waits for the certificate of {certificate.subject.rfc4514_string()}",
        where=where,
        hint="handclasp ca request LABEL     makes key and request",
    )


def _refuse_second(home: Home, label: str, certificate: x509.Certificate, where: str) -> None:
    """PolicyError when this CA has another certificate: its request was signed twice."""
    for one in home.store.authorities():
        if one.label == label and certificate_of(one) != certificate:
            serial, other = (format_serial(of.serial_number) for of in (certificate_of(one), certificate))
            raise PolicyError(
                f"the {label} CA has another certificate already: serial {serial}",
                where=where,
                hint=f"its request was signed twice; where that was, revoke this one: handclasp ca revoke {other}",
            )


def requested(home: Home) -> tuple[str, ...]:
    """Labels of the keys here that a CA certificate was asked for."""
    folder = home.layout.keys
    names = [path.rpartition("/")[2].removesuffix(".pem") for path in home.files.glob(f"{folder}/*.pem")]
    return tuple(name for name in names if home.store.value(f"{REQUESTED}{name}") is not None)


def _record_above(home: Home, above: tuple[x509.Certificate, ...], crls: tuple[x509.CertificateRevocationList, ...]) -> str:
    """The CAs above as CAs of this home, without keys; the label of the lowest."""
    label: str | None = None
    for certificate, crl in reversed(tuple(zip(above, crls, strict=True))):
        der = certificate.public_bytes(Encoding.DER)
        known = next((one for one in home.store.authorities() if one.certificate == der), None)
        if known is None:
            free = _free_label(home, label)
            known = Authority(label=free, parent=label, certificate=der, key=free)
            with home.store.begin() as transaction:
                transaction.add_authority(known)
                details = issued_details(certificate)
                transaction.audit(
                    at=home.clock.now(), actor=home.actor, action="authority-known", subject=known.label, details=details
                )
        label = known.label
        last = home.store.latest_crl(label)
        if last is None or _number(x509.load_der_x509_crl(last)) < _number(crl):
            save_crl(home, label, crl)
    if label is None:
        raise InputError("has no CA above the new one")
    return label


def _free_label(home: Home, parent: str | None) -> str:
    base = "root" if parent is None else "intermediate"
    used = {one.label for one in home.store.authorities()} | set(requested(home))
    return next(name for name in (base, *(f"{base}-{turn}" for turn in range(2, 1000))) if name not in used)


def _record(home: Home, made: Authority, certificate: x509.Certificate, above: str) -> None:
    now = home.clock.now()
    common = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    intent = Intent(
        serial=certificate.serial_number,
        issuer=above,
        profile=profiles.ISSUING.name,
        name=str(common[0].value) if common else certificate.subject.rfc4514_string(),
        tbs_sha256="0" * 64,
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        created=now,
    )
    with home.store.begin() as transaction:
        if home.store.find(above, intent.serial) is None:
            transaction.add_intent(intent)
        transaction.record_issued(above, intent.serial, made.certificate)
        transaction.mark_exported(above, intent.serial)
        transaction.add_authority(made)
        details = issued_details(certificate)
        transaction.audit(at=now, actor=home.actor, action="authority-accepted", subject=made.label, details=details)


def _accept_crl(home: Home, crl: x509.CertificateRevocationList, where: str) -> None:
    for authority in home.authorities():
        certificate = certificate_of(authority)
        key = certificate.public_key()
        if crl.issuer == certificate.subject and crl.is_signature_valid(key):  # type: ignore[arg-type]  # CAs sign
            break
    else:
        raise InputError(f"the CRL of {crl.issuer.rfc4514_string()} is of no CA of this home", where=where)
    if home.keys.exists(authority.key):
        return  # its own CRLs are made here
    last = home.store.latest_crl(authority.label)
    if last is not None:
        before = x509.load_der_x509_crl(last)
        if _number(crl) < _number(before):
            raise PolicyError(
                f"CRL {_number(crl)} of the {authority.label} CA is older than number {_number(before)}, which is here",
                where=where,
            )
        gone = {one.serial_number for one in before} - {one.serial_number for one in crl}
        lost = [serial for serial in gone if _unexpired(home, authority.label, serial)]
        if lost:
            raise PolicyError(f"the CRL forgets the revocation of serial {format_serial(lost[0])}", where=where)
    save_crl(home, authority.label, crl)


def _unexpired(home: Home, label: str, serial: int) -> bool:
    record = home.store.find(label, serial)
    return record is None or record.not_after > home.clock.now()


def save_crl(home: Home, label: str, crl: x509.CertificateRevocationList) -> None:
    """Keep a CRL that was made elsewhere, with what it revokes. PolicyError when it has expired."""
    now = home.clock.now()
    if crl.last_update_utc > now:
        raise PolicyError(
            f"the CRL of the {label} CA begins on {crl.last_update_utc:%Y-%m-%d %H:%M} UTC: nginx would refuse everybody",
            hint="compare the clocks: timedatectl status\n"
            "where its key is, with the clock set right: handclasp crl --refresh --clock-set-right",
        )
    if crl.next_update_utc is None or crl.next_update_utc <= now:
        raise PolicyError(f"the CRL of the {label} CA has expired or has no end", hint="make a fresh one where its key is")
    der = Held(crl.public_bytes(Encoding.DER))
    with home.store.begin() as transaction:
        last = home.store.latest_crl(label)
        ahead = _number(crl) - (_number(x509.load_der_x509_crl(last)) if last else 0)
        transaction.skip_crl_numbers(label, max(0, ahead))
        transaction.save_crl(
            label, number=_number(crl), der=der, this_update=crl.last_update_utc, next_update=crl.next_update_utc
        )
        for entry in crl:
            record = home.store.find(label, entry.serial_number)
            if record is not None and record.state is not CertificateState.REVOKED:
                transaction.revoke(label, entry.serial_number, at=entry.revocation_date_utc, reason=Reason.UNSPECIFIED)
                for name in _below(home, record):
                    transaction.set_value(f"{RETIRED}{name}", now.isoformat())
                    transaction.set_value(f"{DROPPED}{name}", now.isoformat())
        details = {"number": str(_number(crl)), "revoked": str(len(crl))}
        transaction.audit(at=now, actor=home.actor, action="crl-accepted", subject=label, details=details)


def _below(home: Home, record: CertificateRecord) -> tuple[str, ...]:
    """The CAs that fall with a revoked certificate: nobody below them gets in any more, so nothing here may wait for them."""
    label = next((one.label for one in home.store.authorities() if one.certificate == record.certificate), None)
    return tuple(one.label for one in below(home, label)) if label else ()


def _number(crl: x509.CertificateRevocationList) -> int:
    try:
        return crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
    except x509.ExtensionNotFound:
        return 0
