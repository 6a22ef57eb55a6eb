"""nginx's own certificate is below OpenSSL's security level: nginx does not start."""

from handclasp.catalogue.builds import lab_builds
from handclasp.catalogue.openssl_releases import spares_own_digests
from handclasp.lab import mint, setup
from handclasp.lab.case import pem
from handclasp.lab.mint import Blank, name
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import Setup
from handclasp.pki.throwaway import key


def _server(kind: str, digest: str) -> Setup:
    made = setup.client(1)
    issuer = made.draft.authority(name(("CN", "Server CA")), kind="rsa2048")
    pair = key(kind, 77)
    blank = Blank(subject=name(("CN", "app.test")), key=pair, serial=7, issuer=issuer, digest=digest)
    made.files["server.pem"] = pem(mint.certificate(blank)).encode()
    made.files["server.key"] = pair.pem.encode()
    return made


def _reissue(made: Setup) -> None:
    made.files.clear()


SCENARIO = Scenario(
    cause="server-cert-too-weak-to-load",
    broken={"rsa1024": lambda: _server("rsa1024", "sha256"), "sha1-signed": lambda: _server("rsa2048", "sha1")},
    control={"strong": lambda: _server("rsa2048", "sha256")},
    remedies={"reissue-server": _reissue},
    builds={"sha1-signed": lab_builds(lambda build: not spares_own_digests(build.series))},
)
