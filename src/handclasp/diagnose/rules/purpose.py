"""A certificate of the chain may not be used for this: EKU, keyUsage, CA flag, path length, unknown critical extensions."""

from collections.abc import Iterator

from handclasp.diagnose.case import Case, errors_at
from handclasp.diagnose.party import Party
from handclasp.diagnose.rule import Rule, finding, say
from handclasp.model.certificate import Certificate
from handclasp.model.finding import Finding, Where
from handclasp.model.text import Text
from handclasp.model.verdict import Side
from handclasp.pki.usage_words import extended_key_usages, key_usages
from handclasp.verdict.extensions import ca_kind
from handclasp.verdict.issued import key_usage_refuses
from handclasp.verdict.trust import certificates_in

_WANTED = {Side.CLIENT: ("clientAuth", "1.3.6.1.5.5.7.3.2"), Side.UPSTREAM: ("serverAuth", "1.3.6.1.5.5.7.3.1")}


def check(case: Case) -> Iterator[Finding]:
    """One finding per certificate that is unfit, with the extension that makes it so."""
    party, whole = case.party, case.whole
    if party is None or whole is None:
        return
    proxies = dict(errors_at(whole, "PROXY_CERTIFICATES_NOT_ALLOWED", "PROXY_SUBJECT_NAME_VIOLATION"))
    for depth, certificate in proxies.items():
        signer = whole.path[min(depth + 1, len(whole.path) - 1)]
        yield finding(_only(party, "issuer-not-a-ca"), _proxy(certificate), _where(signer.depth, signer.certificate))
    excluded = dict(errors_at(whole, "CERT_REJECTED"))
    for certificate in excluded.values():
        yield _excluded(case, party, certificate)
    faulty = dict(errors_at(whole, "INVALID_PURPOSE")) | dict(errors_at(whole, "INVALID_CA"))
    for depth, certificate in sorted(faulty.items()):
        if depth in excluded:
            continue
        where = _where(depth, certificate)
        if depth == 0:
            yield from (finding(*told, where, _usage(certificate)) for told in _leaf(party, certificate))
        else:
            yield finding(*_authority(party, certificate), where, _usage(certificate))
    for depth, certificate in errors_at(whole, "PATH_LENGTH_EXCEEDED"):
        yield finding(_only(party, "pathlen-exceeded"), _path_length(certificate), _where(depth, certificate))
    for depth, certificate in errors_at(whole, "UNHANDLED_CRITICAL_EXTENSION"):
        yield finding(_only(party, "unhandled-critical-extension"), _critical(certificate), _where(depth, certificate))


def _excluded(case: Case, party: Party, certificate: Certificate) -> Finding:
    """A certificate of the trust file whose own trust settings leave this use out."""
    files = case.evidence.files
    holder = next((one for one in party.trust_files if certificate in certificates_in(files, one.value)), party.trust_file)
    summary = say(
        "{file} holds {ca} as a TRUSTED CERTIFICATE, whose settings leave out {usage}",
        "{file} 中的 {ca} 是 TRUSTED CERTIFICATE，其信任设置不包括 {usage}",
        file=holder.value, ca=certificate.subject_text, usage=_WANTED[party.side][0],
    )  # fmt: skip
    slug = "ca-file-trusted-certificate" if party.side is Side.CLIENT else "upstream-ca-not-trusted"
    return finding(slug, summary, Where.at(holder.origin, party.directives.trust))


def _where(depth: int, certificate: Certificate) -> Where:
    return Where(depth=depth, subject=certificate.subject_text)


def _only(party: Party, name: str) -> str:
    """Causes that the catalogue keeps for clients; an upstream's are told together."""
    return f"client-{name}" if party.side is Side.CLIENT else "upstream-eku-lacks-serverauth"


def _leaf(party: Party, leaf: Certificate) -> list[tuple[str, Text]]:
    """Every reason; OpenSSL gives one error for all of them."""
    name, oid = _WANTED[party.side]
    words = {"leaf": leaf.subject_text, "usage": name, "has": _has(leaf)}
    found: list[tuple[str, Text]] = []
    if leaf.extended_key_usage is not None and oid not in leaf.extended_key_usage:
        summary = say(
            "{leaf} is not made for this: its extended key usage has {has} and not {usage}",
            "{leaf} 的用途不符：其扩展密钥用法为 {has}，没有 {usage}", **words,
        )  # fmt: skip
        found.append((party.slug(f"eku-lacks-{name.lower()}"), summary))
    if key_usage_refuses(leaf, "digital_signature", "key_agreement"):
        found.append(_unsigning(party, leaf, words))
    if found:
        return found
    summary = say(
        "the old nsCertType extension of {leaf} does not allow this use", "{leaf} 的旧扩展 nsCertType 不允许这种用途", **words
    )
    return [(_only(party, "nscerttype-wrong"), summary)]


def _unsigning(party: Party, leaf: Certificate, words: dict[str, str]) -> tuple[str, Text]:
    own = next((item for item in party.presented[1:] if not ca_kind(item, party.judge.series)), None)
    if ca_kind(leaf, party.judge.series) and own is not None:
        return _only(party, "uses-ca-certificate"), say(
            "the chain is in the wrong order: the CA {leaf} comes first, and {own} must",
            "证书链顺序不对：排在第一的是 CA {leaf}，第一张应为 {own}", own=own.subject_text, **words,
        )  # fmt: skip
    if ca_kind(leaf, party.judge.series):
        return _only(party, "uses-ca-certificate"), say(
            "{leaf} is a CA certificate, and its key usage allows signing certificates only",
            "{leaf} 是 CA 证书，其密钥用法只允许签发证书", **words,
        )  # fmt: skip
    return _only(party, "ku-lacks-digitalsignature"), say(
        "the key usage of {leaf} has neither digitalSignature nor keyAgreement",
        "{leaf} 的密钥用法既没有 digitalSignature，也没有 keyAgreement", **words,
    )  # fmt: skip


def _authority(party: Party, authority: Certificate) -> tuple[str, Text]:
    name, oid = _WANTED[party.side]
    words = {"ca": authority.subject_text, "usage": name, "has": _has(authority)}
    if ca_kind(authority, party.judge.series) == 1 and authority.extended_key_usage and oid not in authority.extended_key_usage:
        return _only(party, "intermediate-eku-lacks-clientauth"), say(
            "the CA {ca} limits what it issues: its extended key usage has {has} and not {usage}",
            "CA {ca} 限制了所签证书的用途：其扩展密钥用法为 {has}，没有 {usage}", **words,
        )  # fmt: skip
    slug = _only(party, "root-not-a-ca" if authority.self_issued else "issuer-not-a-ca")
    if authority.basic_constraints is not None and not authority.basic_constraints.ca:
        return slug, say(
            "{ca} issued a certificate but says of itself CA:FALSE", "{ca} 签发了证书，但自身标明 CA:FALSE", **words
        )
    if key_usage_refuses(authority, "key_cert_sign"):
        return _only(party, "issuer-lacks-keycertsign"), say(
            "the key usage of the CA {ca} does not include certificate signing", "CA {ca} 的密钥用法不含证书签发", **words
        )  # fmt: skip
    return slug, say("{ca} issued a certificate but does not say CA:TRUE", "{ca} 签发了证书，但没有标明 CA:TRUE", **words)


def _has(certificate: Certificate) -> str:
    return ", ".join(extended_key_usages(certificate)) or "-"


def _usage(certificate: Certificate) -> Text:
    bits = ", ".join(key_usages(certificate)) if certificate.key_usage is not None else "-"
    return say(
        "extended key usage: {eku}; key usage: {bits}",
        "扩展密钥用法：{eku}；密钥用法：{bits}", eku=_has(certificate), bits=bits,
    )  # fmt: skip


def _path_length(certificate: Certificate) -> Text:
    limit = certificate.basic_constraints.path_len_constraint if certificate.basic_constraints else None
    return say(
        "{ca} allows {limit} CAs below it, and there are more", "{ca} 只允许其下有 {limit} 级 CA，而实际更多",
        ca=certificate.subject_text, limit=limit,
    )  # fmt: skip


def _proxy(certificate: Certificate) -> Text:
    return say(
        "{subject} is a proxy certificate (RFC 3820), signed by {issuer}, which is no CA; nginx takes no proxy certificates",
        "{subject} 是代理证书（RFC 3820），由 {issuer} 签发，而后者不是 CA；nginx 不接受代理证书",
        subject=certificate.subject_text, issuer=certificate.issuer_text,
    )  # fmt: skip


def _critical(certificate: Certificate) -> Text:
    return say(
        "{subject} has a critical extension that OpenSSL does not know; among {oids}",
        "{subject} 含有 OpenSSL 不认识的关键扩展，见 {oids}",
        subject=certificate.subject_text, oids=", ".join(certificate.critical_extensions),
    )  # fmt: skip


RULES = (
    Rule(
        "purpose",
        (
            "client-eku-lacks-clientauth",
            "client-ku-lacks-digitalsignature",
            "client-uses-ca-certificate",
            "client-nscerttype-wrong",
            "client-intermediate-eku-lacks-clientauth",
            "client-issuer-not-a-ca",
            "client-root-not-a-ca",
            "client-issuer-lacks-keycertsign",
            "client-pathlen-exceeded",
            "client-unhandled-critical-extension",
            "upstream-eku-lacks-serverauth",
            "ca-file-trusted-certificate",
            "upstream-ca-not-trusted",
        ),
        check,
        about_peer=True,
    ),
)
