"""The client sends no certificate where nginx requires one."""

from handclasp.lab import changes, setup
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import CLIENT, Setup
from handclasp.model.probe import TlsVersion


def _nothing() -> Setup:
    made = setup.client(1)
    made.chain = []
    return made


def _nothing_tls12() -> Setup:
    made = _nothing()
    made.visits = [made.visit(CLIENT, tls=TlsVersion.TLS1_2)]
    return made


def _configure_client(made: Setup) -> None:
    made.chain = list(made.draft.tiers[:-1])
    if made.visits:
        made.visits = [made.visit(CLIENT, tls=TlsVersion.TLS1_2)]


SCENARIO = Scenario(
    cause="client-sent-no-cert",
    broken={"no-cert": _nothing, "no-cert-tls12": _nothing_tls12},
    control={"with-certificate": lambda: setup.client(1)},
    remedies={"configure-client": _configure_client},
    dead_ends={"change-the-ca-file": changes.append_intermediates, "raise-depth": changes.raise_depth},
)
