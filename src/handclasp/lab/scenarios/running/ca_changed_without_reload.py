"""The right CA was written into the file, but nginx was not told, or refused the reload."""

from handclasp.lab import setup
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import CLIENT, Setup, pems
from handclasp.ports.stage import Reload


def _written(*, broken_config: bool) -> Setup:
    made = setup.client(0)
    files = {"client-ca.pem": pems([made.root]).encode()}
    made.advertised = [made.stranger_root()]
    if broken_config:
        files["nginx.conf"] = made.nginx_conf().replace("ssl_verify_client", "ssl_verify_cleint").encode()
    replaced = Reload(files=files, signal=broken_config, refused=broken_config)
    made.visits = [made.visit("client-before"), replaced, made.visit(CLIENT)]
    return made


def _test_and_reload(made: Setup) -> None:
    files = {"client-ca.pem": pems([made.root]).encode(), "nginx.conf": made.nginx_conf().encode()}
    made.visits = [Reload(files=files) if isinstance(act, Reload) else act for act in made.visits or []]


def _wait(made: Setup) -> None:
    made.visits = [*(made.visits or []), made.visit("client-later")]


SCENARIO = Scenario(
    cause="ca-changed-without-reload",
    broken={
        "no-reload": lambda: _written(broken_config=False),
        "reload-refused-because-config-is-broken": lambda: _written(broken_config=True),
    },
    control={"current": lambda: setup.client(0)},
    remedies={"test-and-reload": _test_and_reload},
    dead_ends={"wait": _wait},
    history=True,
)
