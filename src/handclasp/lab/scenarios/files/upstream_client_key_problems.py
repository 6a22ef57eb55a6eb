"""proxy_ssl_certificate and its key are not a pair, or one is missing: nginx does not start.

Where the key is of another kind than the certificate it starts, and shows the origin nothing.
"""

from handclasp.lab import extensions as ext
from handclasp.lab import setup
from handclasp.lab.mint import name
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import Setup, pems

_BOTH = ["proxy_ssl_certificate proxy.pem;", "proxy_ssl_certificate_key proxy.key;"]


def _identity(fault: str) -> Setup:
    made = setup.upstream(1)
    ca = made.draft.authority(name(("CN", "Proxy CA")))
    own = made.draft.end_entity(name(("CN", "proxy")), ca)
    own.put("extKeyUsage", ext.extended_key_usage("clientAuth"))
    chain = [ca, own] if fault == "order" else [own, ca]
    private = made.draft.new_key() if fault == "mismatch" else own.key
    made.files = {"proxy.pem": pems(chain).encode(), "proxy.key": private.pem.encode()}
    if fault == "missing":
        del made.files["proxy.pem"]
    made.server += _BOTH[:1] if fault == "nokey" else _BOTH
    return made


def _key_of_another_kind() -> Setup:
    made = _identity("")
    made.origin = ["ssl_client_certificate proxy-ca.pem;", "ssl_verify_client on;"]
    made.origin_files["proxy-ca.pem"] = made.files["proxy.pem"]
    made.files["proxy.key"] = made.draft.new_key("rsa2048").pem.encode()
    return made


def _fix(made: Setup) -> None:
    sound = _identity("")
    made.files, made.server = sound.files, sound.server


SCENARIO = Scenario(
    cause="upstream-client-key-problems",
    broken={
        **{fault: lambda fault=fault: _identity(fault) for fault in ("mismatch", "order", "nokey", "missing")},  # type: ignore[misc]
        "key-of-another-kind": _key_of_another_kind,
    },
    control={"pair": lambda: _identity("")},
    remedies={"fix-proxy-pair": _fix},
    history=True,  # what an origin says to nobody is its own affair
)
