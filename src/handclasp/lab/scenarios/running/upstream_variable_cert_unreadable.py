"""The certificate for an upstream is named by a variable: workers read it at every request, or find no name."""

from handclasp.catalogue.builds import lab_builds
from handclasp.lab import extensions as ext
from handclasp.lab import setup
from handclasp.lab.mint import name
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import NOBODY, Setup, pems
from handclasp.model.nginx import NginxVersion
from handclasp.ports.bench import FOLDER
from handclasp.ports.stage import Performance

_NEWER = lab_builds(lambda build: build.nginx >= NginxVersion(1, 21, 0))
_ASKS = ["ssl_client_certificate front-ca.pem;", "ssl_verify_client on;"]


def _named(folder: str) -> Setup:
    """The origin asks for a certificate of this nginx; `folder` holds it, "" when the variable has no value."""
    made = setup.upstream(1)
    ca = made.draft.authority(name(("O", "Lab"), ("CN", "Front CA")))
    own = made.draft.end_entity(name(("CN", "front")), ca)
    own.put("extKeyUsage", ext.extended_key_usage("clientAuth"))
    made.files |= {"proxy.pem": pems([own]).encode(), "proxy.key": own.key.pem.encode()}
    made.origin, made.origin_files = _ASKS, {"front-ca.pem": pems([ca]).encode()}
    made.http.append(_map(folder))
    made.server += ["proxy_ssl_certificate $pair.pem;", "proxy_ssl_certificate_key $pair.key;"] if folder else [
        "proxy_ssl_certificate $pair;", "proxy_ssl_certificate_key $pair;"
    ]  # fmt: skip
    made.visits = [made.visit(NOBODY)]
    return made


def _map(folder: str) -> str:
    value = f"{folder}/proxy" if folder else '""'
    return f"map $host $pair {{\n    default {value};\n}}"


def _fixed(made: Setup) -> None:
    """Named without a variable: the master reads it once, at start."""
    made.http.clear()
    made.server = ["proxy_ssl_certificate proxy.pem;", "proxy_ssl_certificate_key proxy.key;"]


def _control() -> Setup:
    made = _named(FOLDER)
    _fixed(made)
    return made


def _answered(seen: Performance) -> bool:
    return seen.start is None and seen.results[NOBODY].status == 200


SCENARIO = Scenario(
    cause="upstream-variable-cert-unreadable",
    broken={"key-0600-root": lambda: _named(FOLDER), "empty-variable": lambda: _named("")},
    control={"by-name": _control},
    remedies={"worker-readable": _fixed},
    good=_answered,
    history=True,
    builds={"key-0600-root": _NEWER, "empty-variable": _NEWER},
)
