"""The CA's own certificate and key are used as a client's."""

from handclasp.lab import changes, setup
from handclasp.lab import extensions as ext
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import Setup


def _ca_as_client() -> Setup:
    made = setup.client(1)
    made.chain = list(made.intermediates)
    return made


def _issue_leaf(made: Setup) -> None:
    made.chain = [made.leaf, *made.intermediates]


def _more_usages(made: Setup) -> None:
    made.intermediates[0].put("extKeyUsage", ext.extended_key_usage("clientAuth"))


SCENARIO = Scenario(
    cause="client-uses-ca-certificate",
    broken={"ca-as-client": _ca_as_client},
    control={"leaf": lambda: setup.client(1)},
    remedies={"issue-leaf": _issue_leaf},
    dead_ends={"clientauth-on-the-ca": _more_usages, "optional-no-ca": changes.optional_no_ca},
)
