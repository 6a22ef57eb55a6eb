"""Keys and signatures against OpenSSL's security level (x509_vfy.c:check_auth_level, SSL_CTX_set_security_level)."""

from handclasp.catalogue.openssl_releases import ML_DSA_KNOWN
from handclasp.model.certificate import Certificate, KeyKind
from handclasp.model.nginx import OpensslSeries
from handclasp.verdict.question import Chain, Findings, Question

_MINIMUM_BITS = (0, 80, 112, 128, 192, 256)
_INTEGER_KEYS = ((15360, 256), (7680, 192), (3072, 128), (2048, 112), (1024, 80))
_CURVES = ((512, 256), (384, 192), (256, 128), (224, 112), (160, 80))
_FIXED = {KeyKind.ED25519: 128, KeyKind.ED448: 224}
_ML_DSA = {KeyKind.ML_DSA_44: 128, KeyKind.ML_DSA_65: 192, KeyKind.ML_DSA_87: 256}
_DIGEST_BITS = {"sha224": 112, "sha256": 128, "sha384": 192, "sha512": 256, "sha512-224": 112, "sha512-256": 128,
                "sha3-224": 112, "sha3-256": 128, "sha3-384": 192, "sha3-512": 256}  # fmt: skip
_BROKEN_DIGESTS = {"md5": (64, 39), "sha1": (80, 63)}


def check_leaf(question: Question, findings: Findings) -> None:
    """Raise 66 for a weak leaf key: the very first check."""
    leaf = question.presented[0]
    if not _at_least(question, _key_bits(leaf, question)):
        findings.error("EE_KEY_TOO_SMALL", 0, leaf)


def check(question: Question, findings: Findings, chain: Chain) -> None:
    """Raise 67 for weak CA keys and 68 for weak signatures; the signature on the topmost certificate does not count."""
    for depth, certificate in enumerate(chain.certificates):
        if depth > 0 and not _at_least(question, _key_bits(certificate, question)):
            findings.error("CA_KEY_TOO_SMALL", depth, certificate)
        if depth < chain.size - 1 and not _at_least(question, _signature_bits(certificate, question)):
            findings.error("CA_MD_TOO_WEAK", depth, certificate)


def _at_least(question: Question, bits: int) -> bool:
    if question.series is OpensslSeries.V1_0_2:
        return True
    return bits >= _MINIMUM_BITS[min(max(question.security_level, 0), 5)]


def _key_bits(certificate: Certificate, question: Question) -> int:
    kind, size = certificate.key_kind, certificate.key_bits
    if kind in _FIXED:
        return _FIXED[kind]
    if kind in _ML_DSA:
        return _ML_DSA[kind] if question.series.since(ML_DSA_KNOWN) else 0
    table = _CURVES if kind is KeyKind.EC else _INTEGER_KEYS
    small = size // 2 if kind is KeyKind.EC else 0
    found = next((bits for least, bits in table if size >= least), small)
    return found if certificate.subgroup_bits is None else _with_subgroup(found, certificate.subgroup_bits)


def _with_subgroup(found: int, size: int) -> int:
    """BN_security_bits: half of the subgroup's size, if that is less; nothing below 80."""
    half = size // 2
    return min(found, half) if half >= 80 else 0


def _signature_bits(certificate: Certificate, question: Question) -> int:
    if certificate.signature_kind in _FIXED:
        return _FIXED[certificate.signature_kind]
    if certificate.signature_kind in _ML_DSA:
        # x509_set.c:x509_sig_info_init asks the certificate's own key, not the one that signed.
        return _key_bits(certificate, question) if question.series.since(ML_DSA_KNOWN) else 0
    digest = certificate.signature_digest or ""
    if digest in _BROKEN_DIGESTS:
        return _BROKEN_DIGESTS[digest][question.modern]
    return _DIGEST_BITS.get(digest, 0)
