"""Signs Apple configuration profiles (CMS SignedData, RFC 5652), so that nobody changes one on its way."""

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from handclasp.app.authority import certificate_of, issuer_of
from handclasp.app.delegates import Delegate, due, key_of, make, newest
from handclasp.app.hierarchy import is_retired
from handclasp.app.home import Home
from handclasp.app.identity_files import issuers_of, root_of
from handclasp.app.recover import recover
from handclasp.catalogue.profiles import SIGNER
from handclasp.model.errors import Bug, PolicyError
from handclasp.model.issuance import Authority, KeyType

SIGNERS = Delegate(profile=SIGNER, role="profile signer", suffix="signer", action="signer-made")


def sign_profile(home: Home, content: bytes) -> bytes:
    """The profile with its signature and the signer's chain, DER. The signer is made when there is none.

    Raises:
        PolicyError: every CA here is held to other usages.
        WorldError: the CA keys cannot be unlocked.
    """
    authority = _signing(home)
    if due(home, SIGNERS, authority, home.clock.now()):
        with home.changing("making the signer of profiles"):
            recover(home)
            make(home, SIGNERS, authority, KeyType.EC_P256)  # whatever the CA's: CMS here knows no Ed25519
    certificate = newest(home, SIGNERS, authority)
    key = key_of(home, SIGNERS, authority)
    if certificate is None or not isinstance(key, (ec.EllipticCurvePrivateKey, rsa.RSAPrivateKey)):
        raise Bug("the signer of profiles has no certificate, or a key that cannot sign")
    builder = pkcs7.PKCS7SignatureBuilder().set_data(content).add_signer(certificate, key, hashes.SHA256())
    for issuer in (*issuers_of(home, authority.label), certificate_of(root_of(home, authority.label))):
        builder = builder.add_certificate(issuer)
    return builder.sign(Encoding.DER, [pkcs7.PKCS7Options.Binary])


def _signing(home: Home) -> Authority:
    """The CA of clients, or another that nobody would disbelieve when it signs for mail: a CA may be for clients alone."""
    first = home.issuing("client")
    others = [one for one in home.authorities() if one.parent is not None and not is_retired(home, one.label)]
    for authority in (first, *others):
        usages = issuer_of(home, authority).limits.usages
        if home.keys.exists(authority.key) and (usages is None or usages.issuperset(SIGNER.extended_key_usage)):
            return authority
    raise PolicyError(
        "no CA of this home may sign Apple profiles: each is held to other usages",
        hint="leave the signature out: --unsigned\nor make a CA for that: handclasp ca add mail --for email",
    )
