"""nginx asks for the status of the client's certificate and gets no answer that says "good"."""

from cryptography.x509.ocsp import OCSPCertStatus

from handclasp.catalogue.builds import lab_builds
from handclasp.lab import responder
from handclasp.lab.responder import NOBODY_THERE
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import Setup
from handclasp.model.nginx import NginxVersion

_NEW = lab_builds(lambda build: build.nginx >= NginxVersion(1, 19, 0))  # ssl_ocsp came with it


def _unknown() -> Setup:
    made = responder.asking()
    responder.answers(made, OCSPCertStatus.UNKNOWN)
    return made


def _name(made: Setup) -> None:
    """Name a responder that is there and knows the certificate."""
    sound = responder.asking()
    made.server, made.origin_files = sound.server, sound.origin_files


def _stapling(made: Setup) -> None:
    """Stapling is about nginx's own certificate."""
    made.server.append("ssl_stapling on;")


SCENARIO = Scenario(
    cause="client-ocsp-unreachable",
    broken={
        "responder-down": lambda: responder.asking(NOBODY_THERE),
        "no-aia-in-cert": lambda: responder.asking(None),
        "status-unknown": _unknown,
    },
    control={"good": responder.asking},
    remedies={"name-responder": _name},
    dead_ends={"ssl-stapling": _stapling},
    builds=dict.fromkeys(("responder-down", "no-aia-in-cert", "status-unknown", "good"), _NEW),
    history=True,
)
