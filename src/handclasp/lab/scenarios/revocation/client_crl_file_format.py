"""ssl_crl names a file that is no PEM CRL: nginx does not start, or up to 1.27.1 takes certificates in it for trusted ones."""

from handclasp.lab import mint, setup
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import Setup, pems


def _der() -> Setup:
    made = setup.client(1)
    made.files["ca.crl"] = mint.crl(made.all_crls()[0])
    return made


def _empty() -> Setup:
    made = setup.client(1)
    made.all_crls()
    made.files["ca.crl"] = b""
    return made


def _certificate() -> Setup:
    made = setup.client(1)
    made.all_crls()
    made.files["ca.crl"] = pems([made.root]).encode()
    return made


def _convert(made: Setup) -> None:
    made.files.clear()


def _rename(made: Setup) -> None:
    made.files["ca.pem"] = made.files.pop("ca.crl")
    made.crls = None
    made.server.append("ssl_crl ca.pem;")


def _control() -> Setup:
    made = setup.client(1)
    made.all_crls()
    return made


SCENARIO = Scenario(
    cause="client-crl-file-format",
    broken={"der": _der, "empty": _empty, "certificate-instead-of-crl": _certificate},
    control={"pem": _control},
    remedies={"convert-crl": _convert},
    dead_ends={"rename-the-file": _rename},
)
