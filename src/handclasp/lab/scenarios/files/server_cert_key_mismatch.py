"""ssl_certificate and its key do not belong together, or the chain file begins with the CA: nginx does not start.

Where the key is of another kind than the certificate it starts, and no handshake succeeds.
"""

from handclasp.lab import setup
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import Setup, pems, server_pair


def _other_key() -> Setup:
    made = setup.client(1)
    made.files["server.key"] = made.draft.new_key().pem.encode()
    return made


def _key_of_another_kind() -> Setup:
    made = setup.client(1)
    made.files["server.key"] = made.draft.new_key("rsa2048").pem.encode()
    return made


def _leaf_not_first() -> Setup:
    made = setup.client(1)
    made.files["server.pem"] = pems([made.root]).encode() + server_pair()[0]
    return made


def _right(made: Setup) -> None:
    made.files.clear()


def _client_ca(made: Setup) -> None:
    made.advertised = [*made.advertised, *made.intermediates]


SCENARIO = Scenario(
    cause="server-cert-key-mismatch",
    broken={"other-key": _other_key, "key-of-another-kind": _key_of_another_kind, "leaf-not-first": _leaf_not_first},
    control={"pair": lambda: setup.client(1)},
    remedies={"right-key-leaf-first": _right},
    dead_ends={"change-client-ca": _client_ca},
)
