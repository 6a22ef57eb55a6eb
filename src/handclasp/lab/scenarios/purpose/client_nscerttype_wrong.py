"""An old nsCertType says that this is a server."""

from handclasp.lab import extensions as ext
from handclasp.lab import setup
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import Setup


def _server_type() -> Setup:
    made = setup.client(1)
    made.leaf.put("nsCertType", ext.netscape_type("server"))
    return made


def _drop(made: Setup) -> None:
    made.leaf.drop("nsCertType")


def _more_purposes(made: Setup) -> None:
    made.leaf.put("extKeyUsage", ext.extended_key_usage("clientAuth", "serverAuth"))


SCENARIO = Scenario(
    cause="client-nscerttype-wrong",
    broken={"nsCertType=server": _server_type},
    control={"without": lambda: setup.client(1)},
    remedies={"drop-nscerttype": _drop},
    dead_ends={"add-clientauth": _more_purposes},
)
