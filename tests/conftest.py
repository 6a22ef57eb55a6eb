"""Shared fixtures. Real parts only: a missing nginx, openssl or curl fails the run instead of skipping."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.ca_rig import Ca, copied, founded, fresh
from tests.postgres_rig import Cluster, cluster

# A shell that starts the tests in the background has its children ignore SIGINT, nohup has them ignore SIGHUP; the programs
# under test must get both.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)

# The same examples in every run, and as long for each as a busy machine takes: what fails, fails again.
# pytest --hypothesis-profile=searching looks for others.
for name, derandomize in (("searching", False), ("repeatable", True)):
    settings.register_profile(name, derandomize=derandomize, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("repeatable")


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Ca:
    """A CA that has just been made. Folders that need more in it have a `template` of their own."""
    return founded(tmp_path_factory.mktemp("template"))


@pytest.fixture
def ca(template: Ca, tmp_path: Path) -> Ca:
    """A copy of it, to do with as a test likes."""
    return copied(template, tmp_path)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    """A server for everybody who asks it for a database of their own, and leaves it running."""
    with cluster() as made:
        yield made


@pytest.fixture
def empty(tmp_path: Path) -> Ca:
    """A place for one."""
    return fresh(tmp_path)
