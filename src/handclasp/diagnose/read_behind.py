"""The identity headers that a backend of this same configuration reads."""

import re

from handclasp.diagnose.case import Case
from handclasp.diagnose.reach import addresses_of, block_at
from handclasp.model.nginx import Location
from handclasp.nginxconf.tree import walk
from handclasp.verdict.behind import own_socket

UNTOLD = "header-missing-at-backend"
"""The cause of a backend that waits for a header nobody sets."""

_AUTHORITY = re.compile(r"^http://([^/$]+)", re.IGNORECASE)
_READ = re.compile(r"\$\{?http_(\w*(?:client|ssl|tls|x509|cert)\w*)")
_MEANT = (
    ("verif", "$ssl_client_verify"),
    ("i_dn", "$ssl_client_i_dn"),
    ("issuer", "$ssl_client_i_dn"),
    ("serial", "$ssl_client_serial"),
    ("fingerprint", "$ssl_client_fingerprint"),
    ("dn", "$ssl_client_s_dn"),
    ("subject", "$ssl_client_s_dn"),
    ("cert", "$ssl_client_escaped_cert"),
)
"""What a header should hold, by a part of its name; the first that fits counts."""


def read_behind(case: Case, location: Location) -> dict[str, str]:
    """The identity headers that a server of this same configuration reads behind a location, with what they should hold."""
    found: dict[str, str] = {}
    for address in _addresses(case, location.target.value or ""):
        socket = own_socket(case.stage.config, address)
        for server in socket.servers if socket else ():
            block = block_at(case, server.origin)
            for item, _ in walk((block,)) if block else ():
                for name in _READ.findall(" ".join(item.args)):
                    value = next((value for words, value in _MEANT if words in name), None)
                    if value:
                        found["-".join(part.capitalize() for part in name.split("_"))] = value
    return found


def _addresses(case: Case, target: str) -> tuple[str, ...]:
    """The addresses behind a target of proxy_pass: its own, or those of the upstream{} that it names."""
    authority = _AUTHORITY.match(target)
    return addresses_of(case, authority[1]) if authority else ()
