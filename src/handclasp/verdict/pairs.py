"""Whether OpenSSL has a key to a certificate of its own.

A certificate and a key go into the slot of their kind (RSA, EC, Ed25519 ...). Of one kind they are compared, and nginx refuses
to start with two that do not belong together; of two kinds they are not. Measured with OpenSSL 1.1.1, 3.0, 3.5 and 3.6:
`nginx -t` is content, a server has nothing to show in any handshake, and nginx as a client shows no certificate.
"""

from collections.abc import Mapping, Sequence

from handclasp.nginxconf.pem_blocks import key_algorithm
from handclasp.verdict.trust import Files, certificates_in


def keyless(certificates: Sequence[str], keys: Sequence[str], files: Files, held: Mapping[str, bytes]) -> bool:
    """Whether none of these keys is even of the kind of one of these certificates, as far as all of them are at hand.

    `held` are the DER SubjectPublicKeyInfo of private keys by path.
    """
    chains = [certificates_in(files, path) for path in certificates]
    known = [held.get(path, b"") for path in keys]
    if not chains or not all(chains) or not all(known):
        return False
    return not {key_algorithm(chain[0].spki) for chain in chains} & set(map(key_algorithm, known))
