"""A map on $ssl_client_fingerprint with colons, or with SHA-256: it is SHA-1 without separators."""

import hashlib

from handclasp.lab import mint, setup
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import Setup


def _map(form: str) -> Setup:
    made = setup.client(1)
    der = mint.certificate(made.leaf)
    sha1 = hashlib.sha1(der).hexdigest()  # noqa: S324 - what the variable holds
    written = {
        "plain": sha1,
        "colons": ":".join(sha1[at : at + 2] for at in range(0, 40, 2)).upper(),
        "sha256": hashlib.sha256(der).hexdigest(),
    }[form]
    made.http.append("map_hash_bucket_size 128;")
    made.http.append(f'map $ssl_client_fingerprint $known_client {{\n    default 0;\n    "{written}" 1;\n}}')
    made.server.append("if ($known_client = 0) {\n    return 403;\n}")
    return made


def _plain(made: Setup) -> None:
    made.http = _map("plain").http


SCENARIO = Scenario(
    cause="authz-fingerprint-format",
    broken={"colons": lambda: _map("colons"), "sha256": lambda: _map("sha256")},
    control={"sha1": lambda: _map("plain")},
    remedies={"sha1-no-colons": _plain},
)
