"""The OCSP responder says that the client's certificate is revoked."""

from cryptography.x509.ocsp import OCSPCertStatus

from handclasp.lab import changes, responder
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import CLIENT, Setup

_NEW = ("1.22/3.0", "1.26/3.5")


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
