"""What OpenSSL releases changed of how nginx judges certificates, and which releases were measured.

Differences within a series come with its patch releases. Sources: x509_vfy.c, x_crl.c, x509_txt.c and x509_vfy.h.in of 3.0.20,
3.0.22, 3.5.7, 3.6.3 and 4.0.2; runs of the lab on 1.1.1w, 3.0.19, 3.5.7 and 3.6.5; 4.0.3 in memory, without nginx.
"""

import re

from handclasp.model.nginx import OpensslSeries

NO_CRL_FOR_SELF_SIGNED = OpensslSeries.V3_6
"""From it on (3.6.0) no CRL is looked up for a self-signed certificate: a root cannot be revoked by its own list. The root's
CRL is wanted all the same, for what the root issued. x509_vfy.c:check_cert_crl; openssl issue 8439."""

LAST_SECOND_COUNTS = OpensslSeries.V4_0
"""From it on the second of notAfter and of nextUpdate is within the validity, and notAfter 99991231235959Z never comes
(RFC 5280 4.1.2.5). Before, X509_cmp_time had no answer "equal" and took it for past. x509_vfy.c:ossl_x509_check_cert_time."""

ML_DSA_KNOWN = OpensslSeries.V3_5
"""The first series with keys of FIPS 204. To the others such a key cannot be read: it is too weak, and nobody's issuer."""

_First = dict[OpensslSeries, tuple[int, int, int]]
_STRICT_CRLS: _First = {
    OpensslSeries.V3_0: (3, 0, 22),
    OpensslSeries.V3_5: (3, 5, 8),
    OpensslSeries.V3_6: (3, 6, 4),
    OpensslSeries.V4_0: (4, 0, 2),
}
"""The releases of August 2026 (openssl pulls 31044 and 31213). Of deltas, read: 3.0.22 and 4.0.2 do, 3.0.20, 3.5.7 and 3.6.3 do
not. Seen of both: 3.6.5 does, 1.1.1w, 3.0.19 and 3.5.7 do not; of deltas 4.0.3 does."""

_OWN_DIGESTS_SPARED: _First = {OpensslSeries.V3_6: (3, 6, 4), OpensslSeries.V4_0: (4, 0, 0)}
"""t1_lib.c:ssl_security_cert without its look at the signature. Read: 4.0.2 does, 3.6.3 and 3.0.22 do not. Seen: 3.6.5 does."""

_NEWEST = frozenset({OpensslSeries.V3_6, OpensslSeries.V4_0})
"""Series whose newest release stands for the series when the patch release is not known."""


def strict_crls(version: str) -> bool:
    """Whether a delta CRL in the file of ssl_crl is passed over, and the two algorithms that a CRL names must be the same.

    Older releases take a delta for a complete list, and never look at the algorithm inside. `version` is a series or a full
    version, as 3.5, 3.0.22 or "OpenSSL 3.6.5 29 Sep 2026". A series alone stands for the release that the lab runs of it.
    """
    return _reaches(version, _STRICT_CRLS)


def spares_own_digests(version: str) -> bool:
    """Whether a certificate is loaded whatever digest it was signed with: the security level asks of its key alone.

    `version` as for `strict_crls`. What a peer presents is judged by its digest as before.
    """
    return _reaches(version, _OWN_DIGESTS_SPARED)


def _reaches(version: str, first: _First) -> bool:
    series = OpensslSeries.of(version)
    if series not in first:
        return False
    found = re.search(r"(\d+)\.(\d+)\.(\d+)", version)
    return series in _NEWEST if found is None else (int(found[1]), int(found[2]), int(found[3])) >= first[series]


def unmeasured(version: str) -> str | None:
    """What to know of verdicts for an OpenSSL that no nginx of the lab runs with, in words; None for the others."""
    series = OpensslSeries.of(version)
    own = re.search(r"(\d+)\.(\d+)", version)
    newest = max(OpensslSeries, key=lambda item: item.numbers)
    if own and (int(own[1]), int(own[2])) > newest.numbers:
        return f"OpenSSL {own[0]} is later than any known here: it is judged by the rules of {newest}, the newest that is"
    if series is OpensslSeries.V4_0:
        return "OpenSSL 4.0 is foretold from its source and from its library alone: no such nginx was at hand to compare with"
    if series is OpensslSeries.V1_0_2:
        return "OpenSSL 1.0.2 is foretold from its source and from reports: no such nginx was at hand to compare with"
    return None
