"""CRLs: missing for a level, out of date, not acceptable, or naming a certificate of this chain."""

from collections.abc import Iterator
from dataclasses import replace

from handclasp.diagnose.case import Case, errors_at
from handclasp.diagnose.party import Party
from handclasp.diagnose.rule import Rule, finding, say
from handclasp.model.certificate import Certificate
from handclasp.model.finding import Finding, Where
from handclasp.model.text import Text
from handclasp.model.verdict import PathVerdict, Side

_SIMPLE = (
    ("CRL_HAS_EXPIRED", "client-crl-expired", "the CRL of {issuer} has expired ({when}): every client of that CA is refused",
     "{issuer} 的证书吊销列表已过期（{when}）：该 CA 的所有客户端都会被拒绝"),
    ("CRL_NOT_YET_VALID", "client-crl-not-yet-valid", "the CRL of {issuer} is dated in the future ({since})",
     "{issuer} 的证书吊销列表尚未生效（{since}）"),
    ("CRL_SIGNATURE_FAILURE", "client-crl-bad-signature", "the CRL of {issuer} was signed with another key than that CA's",
     "{issuer} 的证书吊销列表不是用该 CA 的密钥签名的"),
    ("KEYUSAGE_NO_CRL_SIGN", "client-crl-issuer-lacks-crlsign", "the key usage of {issuer} does not include CRL signing",
     "{issuer} 的密钥用法不含吊销列表签名"),
    ("UNHANDLED_CRITICAL_CRL_EXTENSION", "client-crl-file-format",
     "the CRL of {issuer} has a critical extension that OpenSSL does not know",
     "{issuer} 的吊销列表含有 OpenSSL 不认识的关键扩展"),
    ("DIFFERENT_CRL_SCOPE", "client-crl-file-format",
     "the CRL of {issuer} is for other certificates than this one (its issuingDistributionPoint): nginx needs a complete CRL",
     "{issuer} 的吊销列表不涵盖这张证书（见其 issuingDistributionPoint）：nginx 需要完整的吊销列表"),
)  # fmt: skip


def check(case: Case) -> Iterator[Finding]:
    """Faults of the lists first, they concern everybody; then what a list says of this chain."""
    party, whole = case.party, case.whole
    if party is None or whole is None or party.trust.crls is None:
        return
    missing = _missing(case, party, whole)
    if missing:
        yield _of_missing(party, missing)
    # Where the CA's key fits nothing that bears its name, the CA certificate is the wrong one, and no list can be right.
    other_key = {item.issuer for _, item in errors_at(whole, "CERT_SIGNATURE_FAILURE")}
    for symbol, cause, en, zh in _SIMPLE:
        reported: set[bytes] = set()
        for depth, certificate in errors_at(whole, symbol):
            if symbol == "CRL_SIGNATURE_FAILURE" and certificate.issuer in other_key:
                continue
            if certificate.issuer not in reported:
                reported.add(certificate.issuer)
                where = _signer(party, whole, depth) if symbol == "KEYUSAGE_NO_CRL_SIGN" else _where(party)
                yield finding(_slug(party, cause), say(en, zh, **_facts(party, certificate)), where, _listed(party))
    for depth, certificate in errors_at(whole, "CERT_REVOKED"):
        yield _revoked(party, depth, certificate)


def _slug(party: Party, cause: str) -> str:
    return cause if party.side is Side.CLIENT else "upstream-crl"


def _where(party: Party) -> Where:
    return Where.at(party.crl_file.origin, party.directives.crl)


def _signer(party: Party, whole: PathVerdict, depth: int) -> Where:
    """The place of a fault of the CA itself."""
    above = whole.path[min(depth + 1, len(whole.path) - 1)]
    return replace(_where(party), depth=above.depth, subject=above.certificate.subject_text)


def _missing(case: Case, party: Party, whole: PathVerdict) -> list[Certificate]:
    """The certificates whose issuer's CRL is not there.

    The gap above an untrusted top is no fault of the CRLs, unless that top is in nginx's own file: then its issuer is meant to
    be trusted, and no list bears that name.
    """
    last = len(whole.path) - 1
    listed = {crl.issuer for crl in party.trust.crls or ()}
    own = party.trust.store.certificates
    meant = bool(whole.path) and whole.path[-1].certificate in own
    above = [item for item in case.beyond if meant and item.issuer not in listed]
    return [
        item
        for depth, item in errors_at(whole, "UNABLE_TO_GET_CRL")
        if whole.trusted or depth < last or (meant and item.issuer not in listed)
    ] + above


def _of_missing(party: Party, missing: list[Certificate]) -> Finding:
    assert party.trust.crls is not None
    issuers = ", ".join(dict.fromkeys(item.issuer_text for item in missing))
    if not party.trust.crls:
        summary = say(
            "{file} holds no CRL, so nothing can be checked and everybody is refused",
            "{file} 中没有任何证书吊销列表，无法检查，所有人都会被拒绝", file=party.crl_file.value,
        )  # fmt: skip
        return finding(_slug(party, "client-crl-file-format"), summary, _where(party))
    summary = say(
        "{file} has no usable CRL of {issuers}; nginx wants one of every CA of the chain, the root included",
        "{file} 中没有 {issuers} 的可用吊销列表；nginx 要求链上每个 CA（包括根）都有",
        file=party.crl_file.value, issuers=issuers,
    )  # fmt: skip
    return finding(_slug(party, "client-crl-missing-for-a-level"), summary, _where(party), _listed(party))


def _revoked(party: Party, depth: int, certificate: Certificate) -> Finding:
    cause = "client-cert-revoked" if depth == 0 else "client-intermediate-revoked"
    entry = next(
        (
            crl.revoked[certificate.serial]
            for crl in party.trust.crls or ()
            if crl.issuer == certificate.issuer and certificate.serial in crl.revoked
        ),
        None,
    )
    summary = say(
        "{subject} (serial {serial}) was revoked by {issuer} on {date}",
        "{subject}（序列号 {serial}）已于 {date} 被 {issuer} 吊销",
        subject=certificate.subject_text, serial=f"{certificate.serial:X}", issuer=certificate.issuer_text,
        date=f"{entry.revocation_date:%Y-%m-%d}" if entry else "?",
    )  # fmt: skip
    return finding(_slug(party, cause), summary, Where(depth=depth, subject=certificate.subject_text))


def _facts(party: Party, certificate: Certificate) -> dict[str, object]:
    crls = [crl for crl in party.trust.crls or () if crl.issuer == certificate.issuer]
    newest = max(crls, key=lambda crl: crl.this_update, default=None)
    ends = newest.next_update if newest else None
    return {
        "issuer": certificate.issuer_text,
        "when": f"{ends:%Y-%m-%d %H:%M}Z" if ends else "?",
        "since": f"{newest.this_update:%Y-%m-%d %H:%M}Z" if newest else "?",
    }


def _listed(party: Party) -> Text:
    rows = [
        f"{crl.issuer_text} ({crl.this_update:%Y-%m-%d} .. {f'{crl.next_update:%Y-%m-%d}' if crl.next_update else '-'})"
        for crl in party.trust.crls or ()
    ]
    return say("CRLs in the file: {rows}", "文件中的吊销列表：{rows}", rows="; ".join(rows) or "-")


RULES = (
    Rule(
        "revocation",
        (
            "client-crl-missing-for-a-level",
            "client-crl-file-format",
            "client-crl-expired",
            "client-crl-not-yet-valid",
            "client-crl-bad-signature",
            "client-crl-issuer-lacks-crlsign",
            "client-cert-revoked",
            "client-intermediate-revoked",
            "upstream-crl",
        ),
        check,
        about_peer=True,
    ),
)
