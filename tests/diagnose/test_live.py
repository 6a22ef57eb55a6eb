"""The doctor before a live address, with nothing else in hand."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from handclasp.adapters.tls_probe import TlsProbe
from handclasp.app.live import look
from handclasp.diagnose.engine import diagnose
from handclasp.model.evidence import Evidence, Seen
from handclasp.model.finding import Severity
from handclasp.model.probe import ClientIdentity
from tests.nginx_rig import Rig, rig


def told(nginx: Rig, identity: ClientIdentity | None = None) -> list[tuple[str, Severity]]:
    seen = look(TlsProbe(), f"https://app.test:{nginx.port}/", identity, connect=f"127.0.0.1:{nginx.port}")
    assert len(seen) == 4
    presented = identity.certificate_chain if identity else None
    evidence = Evidence(at=datetime(2026, 1, 1, tzinfo=UTC), seen=seen, presented=presented)
    return [(finding.cause, finding.severity) for finding in diagnose(evidence).diagnosis.findings]


@pytest.fixture(scope="module")
def asking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with rig(tmp_path_factory.mktemp("live") / "nginx") as made:
        made.verifying()
        made.start()
        yield made


def test_nobody_is_told_that_a_certificate_is_wanted(asking: Rig) -> None:
    assert told(asking) == [("client-sent-no-cert", Severity.ERROR)]


def test_a_good_client_finds_nothing_wrong(asking: Rig) -> None:
    assert told(asking, asking.alice.identity()) == []


def test_a_stranger_is_told_that_its_ca_is_not_accepted(asking: Rig) -> None:
    assert told(asking, asking.stranger.identity())[0] == ("client-ca-not-trusted", Severity.ERROR)


def test_an_address_that_never_asks(tmp_path: Path) -> None:
    with rig(tmp_path / "nginx") as made:
        made.site()
        made.start()
        assert told(made, made.alice.identity()) == [("verify-client-not-enabled", Severity.WARNING)]


@pytest.mark.parametrize(
    ("server", "cause", "facts"),
    [
        ("awselb/2.0", "tls-terminated-before-nginx", 0),
        ("nginx/1.22.1", "verify-client-not-enabled", 0),
        ("openresty", "verify-client-not-enabled", 0),
        ("", "verify-client-not-enabled", 1),
        (None, "verify-client-not-enabled", 0),
    ],
)
def test_who_says_that_it_answers(server: str | None, cause: str, facts: int) -> None:
    """A program that calls itself another is where TLS ends; one that says nothing may be."""
    shown = Seen(url="https://app.test/", certificate=False, sni=True, asked=False, status=200, title="200", server=server)
    first = diagnose(Evidence(at=datetime(2026, 1, 1, tzinfo=UTC), seen=(shown,))).diagnosis.findings[0]
    assert (first.cause, len(first.evidence)) == (cause, facts)


def test_the_name_of_the_server_is_read_from_its_answer(asking: Rig) -> None:
    seen = look(TlsProbe(), f"https://app.test:{asking.port}/", None, connect=f"127.0.0.1:{asking.port}")
    assert {(item.server or "").partition("/")[0] for item in seen if item.status is not None} == {"nginx"}
