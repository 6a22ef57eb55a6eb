"""A browser asks with OPTIONS, without its certificate, before it sends the real request from another origin."""

from handclasp.lab import setup
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import CLIENT, NOBODY, Setup
from handclasp.ports.stage import Performance

_MAP = 'map "$request_method:$ssl_client_verify" $shut_out {\n    default 1;\n    "~^OPTIONS:" 0;\n    "~:SUCCESS$" 0;\n}'
_CORS = 'add_header Access-Control-Allow-Origin https://page.test;\n    return 200 "welcome\\n";'


def _preflight() -> Setup:
    made = setup.client(1)
    made.location = _CORS
    return _asked(made)


def _asked(made: Setup) -> Setup:
    """The request with the certificate, one without, and last the preflight: the same client, without its certificate."""
    headers = (("Origin", "https://page.test"), ("Access-Control-Request-Method", "GET"))
    preflight = made.visit(CLIENT, chain="", key="", method="OPTIONS", headers=headers)
    made.visits = [made.visit("client-request"), made.visit(NOBODY), preflight]
    return made


def _guarded(made: Setup) -> None:
    made.verify = "optional"
    made.http.append(_MAP)
    made.server.append("if ($shut_out) {\n    return 403;\n}")


def _unguarded(made: Setup) -> None:
    made.verify = "optional"


def _inside_if(made: Setup) -> None:
    made.verify = None
    made.server.append("if ($request_method != OPTIONS) {\n    ssl_verify_client on;\n}")


def _control() -> Setup:
    made = _preflight()
    _guarded(made)
    return made


def _works(seen: Performance) -> bool:
    """The preflight and the client are answered, somebody without a certificate is not."""
    if seen.start is not None:
        return False
    status = {visitor: result.status for visitor, result in seen.results.items()}
    return status[CLIENT] == 200 and status["client-request"] == 200 and status[NOBODY] != 200


SCENARIO = Scenario(
    cause="cors-preflight-has-no-cert",
    broken={"preflight-verify-on": _preflight},
    control={"guarded": _control},
    remedies={"optional-with-options-guard": _guarded},
    dead_ends={"optional-without-guard": _unguarded, "verify-inside-if": _inside_if},
    good=_works,
    history=True,
)
