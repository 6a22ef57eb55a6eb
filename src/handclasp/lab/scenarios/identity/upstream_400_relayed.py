"""The origin is an nginx that asks for a client certificate; its 400 page is passed on to the visitor."""

from handclasp.lab import changes, setup
from handclasp.lab import extensions as ext
from handclasp.lab.mint import Blank, name
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import Setup, pems
from handclasp.ports.stage import Performance

_ASKING = ["ssl_client_certificate front-ca.pem;", "ssl_verify_client on;"]


def _asked() -> tuple[Setup, Blank]:
    made = setup.upstream(1)
    ca = made.draft.authority(name(("O", "Lab"), ("CN", "Front CA")))
    made.origin += _ASKING
    made.origin_files["front-ca.pem"] = pems([ca]).encode()
    return made, ca


def _show(made: Setup, own: Blank) -> None:
    own.put("extKeyUsage", ext.extended_key_usage("clientAuth"))
    made.files |= {"proxy.pem": pems([own]).encode(), "proxy.key": own.key.pem.encode()}
    made.server = ["proxy_ssl_certificate proxy.pem;", "proxy_ssl_certificate_key proxy.key;"]


def _absent() -> Setup:
    return _asked()[0]


def _of_other_ca() -> Setup:
    made, _ = _asked()
    _show(made, made.draft.end_entity(name(("CN", "front")), made.stranger_root()))
    return made


def _server_certificate() -> Setup:
    made, ca = _asked()
    own = made.draft.end_entity(name(("CN", "front")), ca)
    _show(made, own)
    own.put("extKeyUsage", ext.extended_key_usage("serverAuth"))
    made.files["proxy.pem"] = pems([own]).encode()
    return made


def _right() -> Setup:
    made, ca = _asked()
    _show(made, made.draft.end_entity(name(("CN", "front")), ca))
    return made


def _give(made: Setup) -> None:
    sound = _right()
    made.files, made.server, made.origin_files = sound.files, sound.server, sound.origin_files


def _front_verify(made: Setup) -> None:
    made.server.append("ssl_verify_client off;")


def _answered(seen: Performance) -> bool:
    result = seen.results.get("nobody")
    return result is not None and result.status == 200


SCENARIO = Scenario(
    cause="upstream-400-relayed",
    broken={
        "proxy_ssl_certificate-absent": _absent,
        "proxy_ssl_certificate-of-wrong-ca": _of_other_ca,
        "server-certificate-used-as-client-cert": _server_certificate,
    },
    control={"right-certificate": _right},
    remedies={"give-nginx-a-client-certificate": _give},
    dead_ends={"change-the-front-s-verify-client": _front_verify, "raise-depth": changes.raise_depth},
    good=_answered,
    history=True,
)
