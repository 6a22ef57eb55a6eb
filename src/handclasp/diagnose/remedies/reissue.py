"""Certificates that only their CA can make right: renewed, or issued anew with other contents."""

from collections.abc import Iterator
from datetime import timedelta

from handclasp.diagnose.case import Case, errors_at
from handclasp.diagnose.issuers import end_entity
from handclasp.diagnose.party import Party
from handclasp.diagnose.remedies.change import Change
from handclasp.diagnose.rule import say
from handclasp.model.certificate import Certificate
from handclasp.model.finding import Applicability, Finding
from handclasp.model.text import Text
from handclasp.model.verdict import Side
from handclasp.pki.der import BIT_STRING, BOOLEAN, encode
from handclasp.pki.der_write import oid, sequence
from handclasp.pki.resigned import Alteration
from handclasp.verdict.extensions import KNOWN_CRITICAL

_EKU, _KU, _BC, _NETSCAPE = "2.5.29.37", "2.5.29.15", "2.5.29.19", "2.16.840.1.113730.1.1"
_AUTH = {Side.CLIENT: "1.3.6.1.5.5.7.3.2", Side.UPSTREAM: "1.3.6.1.5.5.7.3.1"}
_LIFE = timedelta(days=90)
_SAME_KEY = Text(
    en="a CA certificate renewed with the same name and key keeps every certificate below it working",
    zh="CA 证书以相同名称和密钥续期后，其下已签发的证书仍然有效",
)
_NO_CA = Text(
    en="do not make that certificate a CA: whoever holds its key could then make clients of any name",
    zh="不要把那张证书变成 CA：否则其私钥持有者可以签发任意名称的客户端",
)
_DATES = frozenset({"CERT_HAS_EXPIRED", "CERT_NOT_YET_VALID"})
_USES = frozenset({"INVALID_PURPOSE", "INVALID_CA", "KEYUSAGE_NO_CERTSIGN"})
_STRENGTH = frozenset({"EE_KEY_TOO_SMALL", "CA_KEY_TOO_SMALL", "CA_MD_TOO_WEAK", "CERT_SIGNATURE_FAILURE"})
_CHANGED = (*_DATES, *_USES, *_STRENGTH, "CERT_REVOKED", "UNHANDLED_CRITICAL_EXTENSION")


def changes(case: Case, finding: Finding) -> Iterator[Change]:
    """One re-issue for the certificate that the finding is about, with just the faulty contents put right."""
    party, whole = case.party, case.whole
    depth = finding.where.depth
    if party is None or whole is None or depth is None or depth >= len(whole.path):
        return
    certificate = whole.path[depth].certificate
    if depth and end_entity(certificate):
        below, above = whole.path[depth - 1].certificate, certificate.issuer_text
        yield _by_its_ca(party, below, above, certificate)
        return
    yield Change(
        id="renew-ca" if depth else "reissue",
        title=_title(party, certificate, ca=depth > 0),
        applicability=Applicability.MANUAL,
        commands=_commands(party, certificate, ca=depth > 0),
        note=_SAME_KEY if depth else None,
        reissued={certificate: _alteration(case, party, certificate, finding)},
    )


def _by_its_ca(party: Party, below: Certificate, above: str, between: Certificate) -> Change:
    """Whoever holds a certificate of a client must never be made a CA: what it issued is issued anew."""
    return Change(
        id="reissue",
        title=say(
            "issue the certificate {name} anew, from {ca} itself and not from {between}",
            "由 {ca} 直接重新签发 {name} 的证书，而不是由 {between} 签发",
            name=below.subject_text, ca=above, between=between.subject_text,
        ),
        applicability=Applicability.MANUAL,
        commands=_commands(party, below, ca=False),
        note=_NO_CA,
        first_certificate=party.side is Side.CLIENT,
        sends=() if party.side is Side.CLIENT else None,
    )  # fmt: skip


def _title(party: Party, certificate: Certificate, *, ca: bool) -> Text:
    if ca:
        return say("renew the CA certificate {name}", "为 CA 证书 {name} 续期", name=certificate.subject_text)
    usage = "clientAuth" if party.side is Side.CLIENT else "serverAuth"
    return say(
        "issue a new certificate to {name}, with extended key usage {usage}",
        "为 {name} 签发新证书，扩展密钥用法含 {usage}", name=certificate.subject_text, usage=usage,
    )  # fmt: skip


def _commands(party: Party, certificate: Certificate, *, ca: bool) -> tuple[str, ...]:
    if ca:
        return ("openssl x509 -in ca.pem -noout -subject -dates -ext basicConstraints,keyUsage,extendedKeyUsage",)
    name = certificate.common_names[0] if certificate.common_names else "NAME"
    safe = name if all(letter.isalnum() or letter in "-._@" for letter in name) else "NAME"
    profile = "" if party.side is Side.CLIENT else f" --profile server --san dns:{safe}"
    return (f"handclasp issue {safe}{profile}", "openssl x509 -in new.pem -noout -dates -ext keyUsage,extendedKeyUsage")


def _alteration(case: Case, party: Party, certificate: Certificate, finding: Finding) -> Alteration:
    """Fresh dates and serial; the extensions that were at fault made right."""
    assert case.whole is not None
    faults = {symbol for symbol in _CHANGED for _, item in errors_at(case.whole, symbol) if item == certificate}
    now = party.judge.at
    dated = faults & _DATES or not certificate.not_before <= now < certificate.not_after
    extensions: dict[str, bytes | None] = {}
    if faults & _USES or finding.cause == "client-crl-issuer-lacks-crlsign":
        extensions = _authority() if certificate != party.leaf else _end_entity(party.side)
    if "UNHANDLED_CRITICAL_EXTENSION" in faults:
        extensions |= dict.fromkeys(oid for oid in certificate.critical_extensions if oid not in KNOWN_CRITICAL)
    return Alteration(
        serial=certificate.serial + 1 if certificate == party.leaf or "CERT_REVOKED" in faults else None,
        not_before=now - timedelta(hours=1) if dated else None,
        not_after=now + _LIFE if dated else None,
        extensions=extensions,
        sound=bool(faults & _STRENGTH),
    )


def _end_entity(side: Side) -> dict[str, bytes | None]:
    return {_EKU: sequence(oid(_AUTH[side])), _KU: encode(BIT_STRING, b"\x07\x80"), _NETSCAPE: None}


def _authority() -> dict[str, bytes | None]:
    ca = sequence(encode(BOOLEAN, b"\xff"))
    return {_EKU: None, _KU: encode(BIT_STRING, b"\x01\x06"), _BC: ca, _NETSCAPE: None}
