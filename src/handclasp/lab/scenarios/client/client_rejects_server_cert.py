"""The client does not trust nginx's own certificate, and leaves before anybody looks at its own."""

from handclasp.lab import changes, setup
from handclasp.lab import extensions as ext
from handclasp.lab.case import pem
from handclasp.lab.mint import Blank, certificate, name
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import CLIENT, Setup, pems


def _visited(*, known: bool) -> Setup:
    """Nginx shows a certificate of a CA; the client knows that CA, or another."""
    made = setup.client(1)
    ca = made.draft.authority(name(("O", "Lab"), ("CN", "Server CA")))
    made.files |= _server(made, ca, "app.test")
    trusted = ca if known else made.stranger_root()
    made.visits = [made.visit(CLIENT, strict=pems([trusted]))]
    return made


def _server(made: Setup, ca: Blank, host: str) -> dict[str, bytes]:
    own = made.draft.end_entity(name(("CN", host)), ca)
    own.put("extKeyUsage", ext.extended_key_usage("serverAuth"))
    own.put("subjectAltName", ext.general_names(("dns", host)))
    return {"server.pem": (pems([own]) + pem(certificate(ca))).encode(), "server.key": own.key.pem.encode()}


def _root_given(made: Setup) -> None:
    """The client is given the root of nginx's certificate."""
    sound = _visited(known=True)
    made.files, made.visits = sound.files, sound.visits


SCENARIO = Scenario(
    cause="client-rejects-server-cert",
    broken={"unknown-server-ca": lambda: _visited(known=False)},
    control={"known-ca": lambda: _visited(known=True)},
    remedies={"serve-full-chain": _root_given},
    dead_ends={"append-intermediates": changes.append_intermediates},
    history=True,
)
