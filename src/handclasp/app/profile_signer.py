"""Signs Apple configuration profiles (CMS SignedData, RFC 5652), so that nobody changes one on its way."""

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from handclasp.app.authority import certificate_of
from handclasp.app.delegates import Delegate, due, key_of, make, newest
from handclasp.app.home import Home
from handclasp.app.identity_files import issuers_of, root_of
from handclasp.app.recover import recover
from handclasp.catalogue.profiles import SIGNER
from handclasp.model.errors import Bug
from handclasp.model.issuance import KeyType

SIGNERS = Delegate(profile=SIGNER, role="profile signer", suffix="signer", action="signer-made")


def sign_profile(home: Home, content: bytes) -> bytes:
    """The profile with its signature and the signer's chain, DER. The signer is made when there is none.

    Raises:
        WorldError: the CA keys cannot be unlocked.
    """
    authority = home.issuing("client")
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
