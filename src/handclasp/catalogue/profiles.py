"""Certificate profiles as data: what each kind of certificate may be. A profile decides every extension.

Sources: RFC 5280 section 4.2.1 (extensions), RFC 5280 appendix A (ub-common-name), and what nginx was measured to accept:
clientAuth is needed when an EKU is there at all, anyExtendedKeyUsage does not replace it, a client key needs digitalSignature,
and every CA needs keyCertSign and, for its CRL, cRLSign.
"""

from datetime import timedelta

from handclasp.model.errors import UsageError
from handclasp.model.issuance import KeyType, Profile

_YEAR = timedelta(days=365)
_STRONG = (KeyType.EC_P256, KeyType.EC_P384, KeyType.RSA_3072, KeyType.RSA_4096, KeyType.ED25519)

BACKDATE = timedelta(hours=1)
"""notBefore and thisUpdate lie this far in the past: clocks of clients and servers differ."""

CRL_LIFETIME = timedelta(days=365)
"""nextUpdate minus now. nginx reads a CRL at reload only, so freshness comes from publishing at each revocation; a short
nextUpdate would add nothing but the day on which OpenSSL error 12 locks every client out."""

ROOT = Profile(
    name="root-ca",
    ca=True,
    path_len_constraint=None,  # issuing CAs have one; a limit here would forbid to vouch for the next root
    key_usage=("keyCertSign", "cRLSign"),
    extended_key_usage=(),
    lifetime=10 * _YEAR,
    max_lifetime=30 * _YEAR,
    san_kinds=(),
    san_required=False,
    key_types=_STRONG,
    reference="RFC 5280 4.2.1.3, 4.2.1.9",
)

ISSUING = Profile(
    name="issuing-ca",
    ca=True,
    path_len_constraint=0,
    key_usage=("keyCertSign", "cRLSign"),
    extended_key_usage=(),
    lifetime=5 * _YEAR,
    max_lifetime=20 * _YEAR,
    san_kinds=(),
    san_required=False,
    key_types=_STRONG,
    reference="RFC 5280 4.2.1.3, 4.2.1.9",
)

CROSS = Profile(
    name="cross-ca",
    ca=True,
    path_len_constraint=None,
    key_usage=("keyCertSign", "cRLSign"),
    extended_key_usage=(),
    lifetime=10 * _YEAR,
    max_lifetime=30 * _YEAR,
    san_kinds=(),
    san_required=False,
    key_types=tuple(KeyType),
    reference="RFC 4949: cross-certificate; an old root vouches for the new one",
)

CLIENT = Profile(
    name="client",
    ca=False,
    path_len_constraint=None,
    key_usage=("digitalSignature",),
    extended_key_usage=("clientAuth",),
    lifetime=_YEAR,
    max_lifetime=5 * _YEAR,
    san_kinds=("dns", "ip", "email", "uri", "upn"),
    san_required=False,
    key_types=tuple(KeyType),
    reference="RFC 5280 4.2.1.12; RFC 8446 4.4.2.2",
)

SERVER = Profile(
    name="server",
    ca=False,
    path_len_constraint=None,
    key_usage=("digitalSignature",),
    extended_key_usage=("serverAuth",),
    lifetime=_YEAR,
    max_lifetime=5 * _YEAR,
    san_kinds=("dns", "ip", "uri"),
    san_required=True,
    key_types=tuple(KeyType),
    reference="RFC 9525 section 6; RFC 5280 4.2.1.6",
)

PEER = Profile(
    name="peer",
    ca=False,
    path_len_constraint=None,
    key_usage=("digitalSignature",),
    extended_key_usage=("clientAuth", "serverAuth"),
    lifetime=_YEAR,
    max_lifetime=5 * _YEAR,
    san_kinds=("dns", "ip", "uri"),
    san_required=True,
    key_types=tuple(KeyType),
    reference="RFC 5280 4.2.1.12: a service that both calls and is called",
)

EMAIL = Profile(
    name="email",
    ca=False,
    path_len_constraint=None,
    key_usage=("digitalSignature", "keyEncipherment"),
    extended_key_usage=("emailProtection",),
    lifetime=_YEAR,
    max_lifetime=5 * _YEAR,
    san_kinds=("email",),
    san_required=True,
    # RSA only: keyEncipherment is for keys that encrypt (RFC 5480 3 forbids it for EC), and every mail program reads it
    key_types=(KeyType.RSA_3072, KeyType.RSA_2048, KeyType.RSA_4096),
    reference="RFC 8550 3 and 4.4.2",
)

PERSON = Profile(
    name="person",
    ca=False,
    path_len_constraint=None,
    key_usage=("digitalSignature", "keyEncipherment"),
    extended_key_usage=("clientAuth", "emailProtection"),
    lifetime=_YEAR,
    max_lifetime=5 * _YEAR,
    san_kinds=("email", "uri", "upn"),
    san_required=True,
    key_types=(KeyType.RSA_3072, KeyType.RSA_2048, KeyType.RSA_4096),  # as for EMAIL
    reference="RFC 8550 4.4.2 and RFC 5280 4.2.1.12: web, IMAP, SMTP and S/MIME with one certificate",
)

OCSP = Profile(
    name="ocsp",
    ca=False,
    path_len_constraint=None,
    key_usage=("digitalSignature",),
    extended_key_usage=("OCSPSigning",),
    # short, because it says that nobody needs to ask about it; it is renewed by itself long before
    lifetime=timedelta(days=30),
    max_lifetime=timedelta(days=90),
    san_kinds=(),
    san_required=False,
    key_types=_STRONG,
    reference="RFC 6960 4.2.2.2",
)

SIGNER = Profile(
    name="profile-signer",
    ca=False,
    path_len_constraint=None,
    key_usage=("digitalSignature",),
    extended_key_usage=("emailProtection",),  # what CMS verifiers ask for; it opens no door at nginx
    lifetime=timedelta(days=90),
    max_lifetime=timedelta(days=365),
    san_kinds=(),
    san_required=False,
    key_types=(KeyType.EC_P256,),
    reference="RFC 8550 4.4.2; Apple: configuration profiles may be signed",
)

CANARY = Profile(
    name="canary",
    ca=False,
    path_len_constraint=None,
    key_usage=("digitalSignature",),
    extended_key_usage=("clientAuth",),  # a client like any other, so that nothing but the CRL speaks against it
    lifetime=_YEAR,
    max_lifetime=_YEAR,
    san_kinds=(),
    san_required=False,
    key_types=(KeyType.EC_P256,),
    reference="RFC 5280 3.3: revoked before it is handed out, so that an nginx host can prove that it is refused",
)

_ALL = (ROOT, ISSUING, CROSS, CLIENT, SERVER, PEER, EMAIL, PERSON, OCSP, SIGNER, CANARY)
PROFILES = {profile.name: profile for profile in _ALL}
"""Every profile by its name."""

CA_PROFILES = tuple(profile.name for profile in PROFILES.values() if profile.ca)
"""Names of the profiles of CAs: their records stand in the registry beside those of identities."""

OWN_PROFILES = (*CA_PROFILES, OCSP.name, SIGNER.name, CANARY.name)
"""Names of the profiles of certificates that Handclasp makes and renews for itself: no identity has them."""

END_ENTITY_PROFILES = tuple(name for name in PROFILES if name not in OWN_PROFILES)
"""Names a person may give to `handclasp issue --profile`."""


def profile_named(name: str) -> Profile:
    """The profile of that name; UsageError when there is none."""
    if name not in PROFILES:
        raise UsageError(f"there is no profile {name!r}", hint=f"use one of: {', '.join(END_ENTITY_PROFILES)}")
    return PROFILES[name]
