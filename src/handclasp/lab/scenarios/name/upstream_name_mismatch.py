"""The origin's certificate does not carry the name that nginx expects."""

from handclasp.lab import changes, setup
from handclasp.lab import extensions as ext
from handclasp.lab.mint import name
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import Setup


def _named(*names: tuple[str, str], expected: str | None, target: str = "127.0.0.1") -> Setup:
    made = setup.upstream(1)
    made.leaf.put("subjectAltName", ext.general_names(*names))
    made.proxy_name = expected
    made.target = f"https://{target}" + (":@ORIGIN@" if target == "127.0.0.1" else "")
    if target != "127.0.0.1":
        made.http.append(f"upstream {target} {{\n    server 127.0.0.1:@ORIGIN@;\n}}")
    return made


def _common_name() -> Setup:
    made = _named(("dns", "elsewhere.test"), expected="lab.test")
    made.leaf.subject = name(("O", "Lab"), ("CN", "lab.test"))
    return made


def _carry_the_name(made: Setup) -> None:
    """proxy_ssl_name as the certificate has it; where it has none that fits, a certificate that does."""
    made.proxy_name = "lab.test"
    made.leaf.put("subjectAltName", ext.general_names(("dns", "lab.test")))


def _host_header(made: Setup) -> None:
    made.server.append("proxy_set_header Host lab.test;")


def _server_name(made: Setup) -> None:
    made.server.append("proxy_ssl_server_name on;")


def _address_as_name(made: Setup) -> None:
    made.proxy_name = "127.0.0.1"


SCENARIO = Scenario(
    cause="upstream-name-mismatch",
    broken={
        "upstream-block-name": lambda: _named(("dns", "lab.test"), expected=None, target="backend"),
        "ip-in-proxy_pass": lambda: _named(("dns", "lab.test"), expected=None),
        "ip-san-is-not-enough": lambda: _named(("dns", "lab.test"), ("ip", "127.0.0.1"), expected=None),
        "cn-ignored-when-san-present": _common_name,
        "wildcard-one-level-only": lambda: _named(("dns", "*.lab.test"), expected="a.b.lab.test"),
    },
    control={"name-carried": lambda: setup.upstream(1)},
    remedies={"set-proxy-ssl-name": _carry_the_name},
    dead_ends={
        "set-host-header": _host_header,
        "only-proxy-ssl-server-name": _server_name,
        "address-as-name": _address_as_name,
        "verify-off": changes.verify_off,
    },
)
