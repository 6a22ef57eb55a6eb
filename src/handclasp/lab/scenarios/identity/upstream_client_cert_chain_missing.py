"""nginx shows the origin its certificate without the intermediate; the origin cannot build the chain."""

from handclasp.lab import extensions as ext
from handclasp.lab import setup
from handclasp.lab.mint import Blank, name
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import Setup, pems


def _identity(*, chain: bool) -> Setup:
    made = setup.upstream(1)
    root = made.draft.authority(name(("O", "Lab"), ("CN", "Front Root")))
    sub = made.draft.authority(name(("O", "Lab"), ("CN", "Front CA")), root)
    own = made.draft.end_entity(name(("CN", "front")), sub)
    own.put("extKeyUsage", ext.extended_key_usage("clientAuth"))
    made.origin += ["ssl_client_certificate front-ca.pem;", "ssl_verify_client on;"]
    made.origin_files["front-ca.pem"] = pems([root]).encode()
    _write(made, [own, sub] if chain else [own])
    made.server = ["proxy_ssl_certificate proxy.pem;", "proxy_ssl_certificate_key proxy.key;"]
    return made


def _write(made: Setup, chain: list[Blank]) -> None:
    made.files |= {"proxy.pem": pems(chain).encode(), "proxy.key": chain[0].key.pem.encode()}


def _append(made: Setup) -> None:
    sound = _identity(chain=True)
    made.files, made.origin_files = sound.files, sound.origin_files


def _into_trust(made: Setup) -> None:
    made.advertised = [*made.advertised, *made.intermediates]


SCENARIO = Scenario(
    cause="upstream-client-cert-chain-missing",
    broken={"leaf-only": lambda: _identity(chain=False)},
    control={"chain": lambda: _identity(chain=True)},
    remedies={"append-proxy-intermediate": _append},
    dead_ends={"intermediate-into-trusted-certificate": _into_trust},
    history=True,
)
