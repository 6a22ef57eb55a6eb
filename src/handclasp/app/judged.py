"""The judgement before a certificate of the CA itself is signed: our own checks, then a linter that others maintain.

CAs, cross-certificates, OCSP responders and signers of profiles are made rarely and live long: a third of a second is nothing
there. What identities get is of shapes that the tests show to that linter, and is checked by us one by one.
"""

from cryptography.hazmat.primitives.serialization import Encoding

from handclasp.app.home import Home
from handclasp.model.errors import PolicyError
from handclasp.model.issuance import IssuanceRequest, Profile
from handclasp.pki import lint, tbs


def judge(home: Home, content: tbs.TbsCertificate, profile: Profile, request: IssuanceRequest, issuer: tbs.Issuer) -> None:
    """Refuse a certificate with faults, before its intent and before the CA's key.

    Raises:
        PolicyError: there is at least one; nothing was signed.
    """
    lint.check(content.preview, profile, request, issuer)
    if faults := home.linter.faults(content.preview.public_bytes(Encoding.DER)):
        raise PolicyError(
            f"pkilint finds fault with the certificate: {'; '.join(faults)}",
            where=request.name,
            hint="nothing was signed; please report this, profiles are meant to make it impossible",
        )
