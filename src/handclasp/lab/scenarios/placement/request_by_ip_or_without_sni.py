"""Another server is the default of the address and does not ask for certificates; the request has no SNI, or that server's."""

from handclasp.lab import setup
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import CLIENT, Setup

_OPEN = """\
server {
    listen 127.0.0.1:@PORT@ ssl default_server;
    server_name other.test;
    ssl_certificate server.pem;
    ssl_certificate_key server.key;
    location / { return 200 "open\\n"; }
}"""


def _visited(sni: str | None) -> Setup:
    made = setup.client(1)
    made.http.append(_OPEN)
    made.sni = sni
    made.visits = [made.visit(CLIENT)]
    return made


def _closed(made: Setup) -> None:
    """The default server serves nobody, so that clients must use the name."""
    made.http = [_OPEN.replace('return 200 "open\\n"', "return 444")]
    made.sni = "app.test"
    made.visits = [made.visit(CLIENT)]


SCENARIO = Scenario(
    cause="request-by-ip-or-without-sni",
    broken={"no-sni": lambda: _visited(None), "sni-of-unprotected-host": lambda: _visited("other.test")},
    control={"right-sni": lambda: _visited("app.test")},
    remedies={"close-default-server": _closed},
    history=True,
)
