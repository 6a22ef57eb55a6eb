"""The origin demands a client certificate in the handshake itself and answers with an alert."""

from handclasp.lab import extensions as ext
from handclasp.lab import setup
from handclasp.lab.mint import name
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import Setup, pems


def _demanded(version: str) -> Setup:
    made = setup.upstream(1)
    ca = made.draft.authority(name(("O", "Lab"), ("CN", "Front CA")))
    made.origin += [
        "ssl_client_certificate front-ca.pem;",
        "ssl_verify_client on;",
        "ssl_conf_command VerifyMode Require;",
        f"ssl_protocols {version};",
    ]
    made.origin_files["front-ca.pem"] = pems([ca]).encode()
    made.server.append("proxy_ssl_protocols TLSv1.2 TLSv1.3;")
    own = made.draft.end_entity(name(("CN", "front")), ca)
    own.put("extKeyUsage", ext.extended_key_usage("clientAuth"))
    made.files = {"proxy.pem": pems([own]).encode(), "proxy.key": own.key.pem.encode()}
    return made


def _present(made: Setup) -> None:
    made.server += ["proxy_ssl_certificate proxy.pem;", "proxy_ssl_certificate_key proxy.key;"]


def _control() -> Setup:
    made = _demanded("TLSv1.2 TLSv1.3")
    _present(made)
    return made


def _more_trust(made: Setup) -> None:
    made.advertised = [*made.advertised, *made.intermediates]


SCENARIO = Scenario(
    cause="upstream-demands-cert-alert",
    broken={"no-cert-tls1_2": lambda: _demanded("TLSv1.2"), "no-cert-tls1_3": lambda: _demanded("TLSv1.3")},
    control={"presented": _control},
    remedies={"present-certificate": _present},
    dead_ends={"more-in-trusted-certificate": _more_trust},
    history=True,
)
