"""Ciphers, curves and commands that OpenSSL has none of: what nginx says of them at start.

Names that some build, provider or policy may add are not called unknown; so what is told here holds for every stock OpenSSL.
"""

import re

from handclasp.model.nginx import OpensslSeries
from handclasp.nginxconf.openssl_words import ssl_reason

_PARTS = frozenset(
    """ALL COMPLEMENTOFALL DEFAULT COMPLEMENTOFDEFAULT HIGH MEDIUM LOW EXP EXP1024 EXPORT EXPORT40 EXPORT56 FIPS eNULL
    aNULL NULL kRSA aRSA RSA kDHE kEDH DHE EDH DH kDHr kDHd kDH aDH kEECDH kECDHE ECDHE EECDH ECDH kECDHr kECDHe kECDH
    aECDH AECDH ADH aDSS DSS aECDSA ECDSA SSLv2 SSLv3 TLSv1 TLSv1.0 TLSv1.2 AES128 AES256 AES AESGCM AESCCM AESCCM8
    ARIA128 ARIA256 ARIA ARIAGCM CAMELLIA128 CAMELLIA256 CAMELLIA CHACHA20 POLY1305 3DES DES RC4 RC2 IDEA SEED MD5 SHA1
    SHA SHA256 SHA384 GCM CBC CBC3 CCM CCM8 PSK kPSK aPSK kECDHEPSK kDHEPSK kRSAPSK SRP kSRP aSRP KRB5 kKRB5 aKRB5 kGOST
    kGOST18 aGOST aGOST01 aGOST12 GOST94 GOST89 GOST89MAC GOST12 GOST2001 GOST2012 GOST94MAC MAGMA KUZNYECHIK OMAC CTR
    STREEBOG256 SUITEB128 SUITEB128ONLY SUITEB192 CBC8 DES40 SM4 SM3 SM2 ECC""".split()  # noqa: SIM905 - a list of words is read as words
)
_FREE_FORM = re.compile(r"[\[\]|=]|^TLS_\w+_WITH_")
"""What other libraries, policies of a distribution (PROFILE=SYSTEM) and newer releases (names of IANA) take."""

_CURVE = re.compile(
    r"(?:x25519|x448|prime\d+v\d|secp\d+[rk]\d|sect\d+[rk]\d|[pkb]-\d+|brainpoolp\d+[rt]1(?:tls13)?|ffdhe\d+|\w*mlkem\w*|\w*kyber\w*"
    r"|curvesm2|sm2\w*|gc\d+\w|gost\w*|c2\w+|wap-\S+|id-\S+|p\d+_\w+|default|oakley\S*|x\d+_\w+)",
    re.IGNORECASE,
)
_MARKS = "?*-"
_OPTIONS = frozenset(
    """sessionticket emptyfragments bugs compression serverpreference prioritizechacha dhsingle ecdhsingle
    unsaferenegotiation unsafelegacyrenegotiation unsafelegacyserverconnect norenegotiation encryptthenmac
    noresumptiononrenegotiation clientrenegotiation allownodhekex preferfordhekex prefernodhekex antireplay
    middleboxcompat ktls ktlstxzerocopysendfile certdhsingle extendedmastersecret strictcertcheck cipherserverpreference
    canames tlsrollbackbug nossl2 nossl3 notls1 notls1.1 notls1.2 notls1.3 rxcertificatecompression
    txcertificatecompression enablemiddleboxcompat enablektls legacyserverconnect ignoreunexpectedeof
    legacyecpointformats""".split()  # noqa: SIM905
)
_PROTOCOLS = frozenset({"none", "sslv3", "tlsv1", "tlsv1.1", "tlsv1.2", "tlsv1.3", "dtlsv1", "dtlsv1.2", "dtlsv0.9", "all"})
_OF_PROTOCOLS = frozenset({"minprotocol", "maxprotocol"})


def cipher_fault(ciphers: str, series: OpensslSeries) -> str | None:
    """What nginx says of a cipher list of which nothing is left; names of TLS 1.3 do not belong here, and count for nothing."""
    tokens = [token for token in re.split(r"[:;, ]+", ciphers) if token]
    if any(token[0] not in "!-+@" and _may_be_known(token) for token in tokens):
        return None
    return f'SSL_CTX_set_cipher_list("{ciphers}") failed {ssl_reason(series, "no cipher")}'


def _may_be_known(token: str) -> bool:
    return bool(_FREE_FORM.search(token)) or all(part in _PARTS for part in re.split(r"[-+]", token))


def curve_fault(curves: str, series: OpensslSeries) -> str | None:
    """What nginx says of ssl_ecdh_curve; one curve that is unknown spoils all."""
    if series is OpensslSeries.V1_0_2:
        return None
    strange = next((one for one in re.split(r"[:/]", curves) if _is_strange(one.strip(_MARKS), series)), None)
    if strange is None or (not strange.strip(_MARKS)) or (strange[0] == "?" and series.since(OpensslSeries.V3_0)):
        return None
    reason = f" {ssl_reason(series, 'group', label=strange)}" if series is OpensslSeries.V3_0 else ""
    return f'SSL_CTX_set1_curves_list("{curves}") failed{reason}'


def _is_strange(curve: str, series: OpensslSeries) -> bool:
    """Hybrid groups came with 3.5."""
    too_new = "mlkem" in curve.lower() and not series.since(OpensslSeries.V3_5)
    return too_new or not _CURVE.fullmatch(curve)


def command_value_fault(name: str, value: str, series: OpensslSeries) -> str | None:
    """What nginx says of the value of ssl_conf_command, for the commands whose values are few."""
    words = [one.lower().lstrip("+-") for one in re.split(r"[,]", value)]
    known = _OPTIONS if name.lower() == "options" else _PROTOCOLS if name.lower() in _OF_PROTOCOLS else None
    if known is None or all(_near(word, known) for word in words):
        return None
    return f'SSL_CONF_cmd("{name}", "{value}") failed {ssl_reason(series, "value", label=f"{name}, value={value}")}'


def _near(word: str, known: frozenset[str]) -> bool:
    return word.strip() in known or not word.strip()
