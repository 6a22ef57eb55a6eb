"""nginx offers signature algorithms that the client's key cannot make; the client then sends no certificate."""

from handclasp.catalogue.builds import lab_builds
from handclasp.lab import changes, setup
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import CLIENT, Setup
from handclasp.model.nginx import NginxVersion
from handclasp.model.probe import TlsVersion

_NEW = lab_builds(lambda build: build.nginx >= NginxVersion(1, 19, 4))  # ssl_conf_command came with it


def _only(algorithms: str, tls: TlsVersion) -> Setup:
    made = setup.client(0)
    made.leaf.key = made.draft.new_key("rsa2048")
    made.server = ["ssl_protocols TLSv1.2 TLSv1.3;", f"ssl_conf_command ClientSignatureAlgorithms {algorithms};"]
    made.visits = [made.visit(CLIENT, tls=tls)]
    return made


def _allow(made: Setup) -> None:
    made.server = [line.replace("ECDSA+SHA256", "ECDSA+SHA256:RSA-PSS+SHA256:RSA+SHA256") for line in made.server]


def _reissue(made: Setup) -> None:
    made.leaf.serial = made.draft.new_serial()
    made.visits = [made.visit(CLIENT, tls=act.tls) for act in made.visits or [] if hasattr(act, "tls")]


SCENARIO = Scenario(
    cause="client-signature-algorithms-restricted",
    broken={
        "ecdsa-only-tls13": lambda: _only("ECDSA+SHA256", TlsVersion.TLS1_3),
        "ecdsa-only-tls12": lambda: _only("ECDSA+SHA256", TlsVersion.TLS1_2),
    },
    control={"rsa-too": lambda: _only("ECDSA+SHA256:RSA-PSS+SHA256", TlsVersion.TLS1_3)},
    remedies={"allow-algorithm": _allow},
    dead_ends={"same-certificate-again": _reissue, "raise-depth": changes.raise_depth},
    builds=dict.fromkeys(("ecdsa-only-tls13", "ecdsa-only-tls12", "rsa-too"), _NEW),
    history=True,
)
