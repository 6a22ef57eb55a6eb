"""ssl_client_certificate names something that is no PEM certificate: nginx does not start."""

from collections.abc import Callable

from handclasp.lab import mint, setup
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import Setup, pems


def _written(change: Callable[[Setup, bytes], bytes]) -> Setup:
    made = setup.client(1)
    made.files["client-ca.pem"] = change(made, pems([made.root]).encode())
    return made


def _indented(pem: bytes) -> bytes:
    return b"".join(b"    " + line + b"\n" for line in pem.splitlines())


def _pem(made: Setup) -> None:
    made.files.clear()
    made.server.clear()
    made.advertised = [made.root]


SCENARIO = Scenario(
    cause="ca-file-not-pem",
    broken={
        "der": lambda: _written(lambda made, _: mint.certificate(made.root)),
        "key": lambda: _written(lambda made, _: made.root.key.pem.encode()),
        "empty": lambda: _written(lambda _made, _pem: b""),
        "indent": lambda: _written(lambda _, pem: _indented(pem)),
        "utf16": lambda: _written(lambda _, pem: pem.decode().encode("utf-16")),
        "oneline": lambda: _written(lambda _, pem: pem.replace(b"\n", b"")),
    },
    control={"pem": lambda: setup.client(1)},
    remedies={"convert-to-pem": _pem},
)
