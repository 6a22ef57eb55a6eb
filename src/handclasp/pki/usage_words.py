"""What a certificate says that its key is for, in the words of RFC 5280."""

from handclasp.model.certificate import Certificate
from handclasp.pki.ca_extensions import EXTENDED_KEY_USAGES
from handclasp.pki.tbs import KEY_USAGE_BITS

_KEY_USAGES = {argument: word for word, argument in KEY_USAGE_BITS.items()}
_PURPOSES = {oid.dotted_string: word for word, oid in EXTENDED_KEY_USAGES.items()} | {
    "1.3.6.1.5.5.7.3.3": "codeSigning",
    "1.3.6.1.5.5.7.3.8": "timeStamping",
    "2.5.29.37.0": "anyExtendedKeyUsage",
}


def key_usages(certificate: Certificate) -> list[str]:
    """Its key usages (RFC 5280 4.2.1.3), sorted; none too when it does not limit them."""
    return sorted(_KEY_USAGES.get(one, one) for one in certificate.key_usage or ())


def extended_key_usages(certificate: Certificate) -> list[str]:
    """Its purposes (RFC 5280 4.2.1.12), sorted; an unknown one by its number; none too when it does not limit them."""
    return sorted(_PURPOSES.get(one, one) for one in certificate.extended_key_usage or ())
