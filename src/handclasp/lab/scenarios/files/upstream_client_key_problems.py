"""proxy_ssl_certificate and its key are not a pair, or one is missing: nginx does not start."""

from handclasp.lab import setup
from handclasp.lab.mint import name
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import Setup, pems

_BOTH = ["proxy_ssl_certificate proxy.pem;", "proxy_ssl_certificate_key proxy.key;"]


def _identity(fault: str) -> Setup:
    made = setup.upstream(1)
    ca = made.draft.authority(name(("CN", "Proxy CA")))
    own = made.draft.end_entity(name(("CN", "proxy")), ca)
    chain = [ca, own] if fault == "order" else [own, ca]
    private = made.draft.new_key() if fault == "mismatch" else own.key
    made.files = {"proxy.pem": pems(chain).encode(), "proxy.key": private.pem.encode()}
    if fault == "missing":
        del made.files["proxy.pem"]
    made.server += _BOTH[:1] if fault == "nokey" else _BOTH
    return made


def _fix(made: Setup) -> None:
    sound = _identity("")
    made.files, made.server = sound.files, sound.server


SCENARIO = Scenario(
    cause="upstream-client-key-problems",
    broken={fault: lambda fault=fault: _identity(fault) for fault in ("mismatch", "order", "nokey", "missing")},  # type: ignore[misc]
    control={"pair": lambda: _identity("")},
    remedies={"fix-proxy-pair": _fix},
)
