"""The CA file holds BEGIN TRUSTED CERTIFICATE, as `openssl x509 -addtrust` writes it."""

from handclasp.catalogue.builds import lab_builds
from handclasp.lab import mint, setup
from handclasp.lab.case import pem
from handclasp.lab.extensions import PURPOSES
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import Setup
from handclasp.model.nginx import NginxVersion
from handclasp.pki.der import encode
from handclasp.pki.der_write import oid, sequence


def _trusted(*, trust: str | None = None, reject: str | None = None) -> Setup:
    made = setup.client(1)
    settings = sequence(
        sequence(oid(PURPOSES[trust])) if trust else b"", encode(0xA0, oid(PURPOSES[reject])) if reject else b""
    )
    made.files["client-ca.pem"] = pem(mint.certificate(made.root) + settings, "TRUSTED CERTIFICATE").encode()
    return made


def _plain(made: Setup) -> None:
    made.files.clear()


def _trust_for_clients(made: Setup) -> None:
    made.files = _trusted(trust="clientAuth").files


SCENARIO = Scenario(
    cause="ca-file-trusted-certificate",
    broken={
        "addreject-clientAuth": lambda: _trusted(reject="clientAuth"),
        "addtrust-serverAuth-only": lambda: _trusted(trust="serverAuth"),
    },
    control={"plain": lambda: setup.client(1)},
    remedies={"plain-certificate": _plain},
    dead_ends={"trust-for-clientauth": _trust_for_clients},
    # From 1.27.2 on the form is read, with its settings.
    builds={"trust-for-clientauth": lab_builds(lambda build: build.nginx < NginxVersion(1, 27, 2))},
)
