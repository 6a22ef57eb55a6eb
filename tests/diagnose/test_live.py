"""The doctor before a live address, with nothing else in hand."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest

from handclasp.adapters.system_clock import SystemClock
from handclasp.adapters.tls_probe import TlsProbe
from handclasp.app.live import look
from handclasp.diagnose.engine import diagnose
from handclasp.lab.draft import healthy
from handclasp.lab.mint import PAST, name
from handclasp.model.evidence import Evidence, Seen
from handclasp.model.finding import Severity
from handclasp.model.probe import ClientIdentity
from handclasp.model.verdict import Side
from handclasp.pki.read import certificates_from_pem
from tests.diagnose.scenes import blank_pem
from tests.nginx_rig import Rig, rig


def told(nginx: Rig, identity: ClientIdentity | None = None) -> list[tuple[str, Severity]]:
    seen = look(TlsProbe(), f"https://app.test:{nginx.port}/", identity, connect=f"127.0.0.1:{nginx.port}")
    assert len(seen) == 4
    presented = identity.certificate_chain if identity else None
    evidence = Evidence(at=SystemClock().now(), seen=seen, presented=presented)
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


NOW = datetime(2026, 1, 1, tzinfo=UTC)
URL = "https://app.test/"
BAD = "400 The SSL certificate error"


def _of(shown: Seen, *, ours: Seen | None = None, presented: bytes | None = None) -> list[tuple[str, Severity]]:
    seen = (shown, *((ours,) if ours else ()))
    found = diagnose(Evidence(at=NOW, seen=seen, presented=presented)).diagnosis.findings
    return [(finding.cause, finding.severity) for finding in found]


def _client(*names: tuple[str, str], expired: bool = False) -> tuple[bytes, str]:
    """What a client sends, a leaf alone, and its issuer as nginx would write it."""
    draft = healthy(Random(3), Side.CLIENT, 0)
    draft.root.subject = name(*names)
    leaf = draft.leaf
    if expired:
        leaf.not_after = PAST
    content = blank_pem(leaf).encode()
    return content, certificates_from_pem(content, where="test")[0].issuer_text


def test_what_is_wrong_with_the_chain_itself_is_told_before_what_a_page_may_mean() -> None:
    chain, issuer = _client(("CN", "Root"), expired=True)
    asked = Seen(url=URL, certificate=False, sni=True, asked=True, status=400, title=BAD, advertised=(issuer,))
    told = _of(asked, ours=replace(asked, certificate=True), presented=chain)
    assert told[0] == ("client-cert-expired", Severity.ERROR)
    assert {severity for _, severity in told[1:]} == {Severity.WARNING}
    served = replace(asked, certificate=True, status=200, title="200")
    assert _of(asked, ours=served, presented=chain) == [("client-cert-expired", Severity.WARNING)]


def test_a_ca_whose_name_is_not_ascii_is_known_again(tmp_path: Path) -> None:
    with rig(tmp_path / "nginx", root_name="根证书 Ærø") as made:
        made.verifying()
        made.start()
        assert told(made, made.alice.identity()) == []
        assert "client-ca-not-trusted" in dict(told(made, made.stranger.identity()))


@pytest.mark.parametrize(
    ("shown", "cause", "severity"),
    [
        (
            Seen(url=URL, certificate=False, sni=True, asked=False, alert="handshake_failure (40)"),
            "tls-no-shared-cipher",
            "error",
        ),
        (Seen(url=URL, certificate=False, sni=True, asked=True, status=200, title="200"), "optional-not-enforced", "warning"),
    ],
)
def test_what_is_seen_without_a_certificate(shown: Seen, cause: str, severity: str) -> None:
    assert _of(shown)[0] == (cause, severity)


def test_who_gets_in_and_finds_nobody_behind_is_told_of_the_upstream() -> None:
    asked = Seen(url=URL, certificate=False, sni=True, asked=True, status=400, title="400 No required SSL certificate was sent")
    told = _of(asked, ours=replace(asked, certificate=True, status=502, title="502 Bad Gateway"))
    assert told
    assert all(cause.startswith("upstream-") for cause, _ in told)


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
