"""The backend believes a header that nginx does not set, and so the one that the caller sends."""

from handclasp.lab import backend
from handclasp.lab.backend import FORGED
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import CLIENT, NOBODY, Setup


def _not_overwritten() -> Setup:
    return backend.open_to_all(backend.behind())


def _overwrite(made: Setup) -> None:
    backend.location(made, backend.DN)


def _secret_name(made: Setup) -> None:
    """Whoever has seen the name once, in a log or an error page, can send it."""
    made.http = backend.behind(answer="dn=$http_x_9f3c_dn").http
    backend.location(made, "proxy_set_header X-9F3C-DN $http_x_9f3c_dn;")
    made.visits = [made.visit(CLIENT), made.visit(NOBODY, headers=(("X-9F3C-DN", FORGED[0][1]),))]


SCENARIO = Scenario(
    cause="header-spoofable",
    broken={"not-overwritten": _not_overwritten},
    control={"overwritten": lambda: backend.open_to_all(backend.behind(backend.DN))},
    remedies={"always-overwrite": _overwrite},
    dead_ends={"secret-header-name": _secret_name},
    good=backend.told_truly,
)
