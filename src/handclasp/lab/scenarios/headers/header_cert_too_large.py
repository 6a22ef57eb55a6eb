"""The client's certificate in a header is longer than what the backend reads of one."""

from handclasp.lab import backend
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import CLIENT, Setup
from handclasp.ports.stage import Performance

_HEADER = "proxy_set_header X-SSL-Cert $ssl_client_escaped_cert;"
_ANSWER = "cert=$http_x_ssl_cert"
_BUFFERS = "large_client_header_buffers 4 32k;"


def _big(*settings: str) -> Setup:
    made = backend.behind(_HEADER, answer=_ANSWER, settings=settings)
    backend.long_names(made)
    made.visits = [made.visit("client-before"), made.visit(CLIENT)]
    return made


def _bigger(made: Setup) -> None:
    made.http = _big(_BUFFERS).http


def _bigger_in_front(made: Setup) -> None:
    made.server.append(_BUFFERS)


def _whole(seen: Performance) -> bool:
    return seen.start is None and b"END%20CERTIFICATE" in seen.results[CLIENT].body


SCENARIO = Scenario(
    cause="header-cert-too-large",
    broken={"big-cert": _big},
    control={"small-cert": lambda: backend.behind(_HEADER, answer=_ANSWER)},
    remedies={"bigger-buffers": _bigger},
    dead_ends={"bigger-buffers-in-front": _bigger_in_front},
    good=_whole,
    history=True,
)
