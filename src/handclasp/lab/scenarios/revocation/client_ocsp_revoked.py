"""The OCSP responder says that the client's certificate is revoked."""

from cryptography.x509.ocsp import OCSPCertStatus

from handclasp.catalogue.builds import lab_builds
from handclasp.lab import changes, responder
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import CLIENT, Setup
from handclasp.model.nginx import NginxVersion

_NEW = lab_builds(lambda build: build.nginx >= NginxVersion(1, 19, 0))


def _revoked() -> Setup:
    made = responder.asking()
    responder.answers(made, OCSPCertStatus.REVOKED)
    return made


def _issue_new(made: Setup) -> None:
    changes.reissue_leaf(made)
    responder.answers(made)
    made.visits = [made.visit(CLIENT)]


def _cached(made: Setup) -> None:
    """What was learned is kept; it is still "revoked"."""
    made.server.append("ssl_ocsp_cache shared:ocsp:1m;")


SCENARIO = Scenario(
    cause="client-ocsp-revoked",
    broken={"revoked": _revoked},
    control={"good": responder.asking},
    remedies={"issue-new": _issue_new},
    dead_ends={"ocsp-cache": _cached},
    builds={"revoked": _NEW, "good": _NEW},
    history=True,
)
