"""A map on $ssl_client_s_dn that is written in another form than nginx's, or that matches too much."""

from handclasp.lab import setup
from handclasp.lab.mint import name
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import CLIENT, STRANGER, Setup, pems


def _map(pattern: str) -> Setup:
    made = setup.client(1)
    made.http.append(f'map $ssl_client_s_dn $known_client {{\n    default 0;\n    "{pattern}" 1;\n}}')
    made.server.append("if ($known_client = 0) {\n    return 403;\n}")
    return made


def _too_wide() -> Setup:
    made = _map("~CN=alice")
    other = made.draft.end_entity(name(("O", "Lab"), ("CN", "alice-of-another-team")), made.leaf.issuer)
    chain = [other, *made.intermediates]
    made.visits = [made.visit(CLIENT), made.visit(STRANGER, chain=pems(chain), key=other.key.pem)]
    return made


def _exact(made: Setup) -> None:
    made.http = _map("CN=alice,O=Lab").http


SCENARIO = Scenario(
    cause="authz-dn-format",
    broken={
        "slash-form": lambda: _map("/O=Lab/CN=alice"),
        "openssl-text-order": lambda: _map("O=Lab,CN=alice"),
        "spaces-after-commas": lambda: _map("CN=alice, O=Lab"),
        "cn-only-exact": lambda: _map("alice"),
        "unanchored-regex-too-wide": _too_wide,
    },
    control={"rfc2253": lambda: _map("CN=alice,O=Lab")},
    remedies={"exact-rfc2253": _exact},
)
