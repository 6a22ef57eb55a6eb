"""What is signed is read again, verified and compared before anything is recorded."""

import dataclasses
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from handclasp.app.press import Press, press_of
from handclasp.catalogue.profiles import CLIENT
from handclasp.model.errors import Bug
from handclasp.model.issuance import IssuanceRequest
from handclasp.pki.export import pem_of_read
from tests.app.spoilt_key import spoilt
from tests.ca_rig import fresh


@pytest.fixture(scope="module")
def press(tmp_path_factory: pytest.TempPathFactory) -> Press:
    folder: Path = tmp_path_factory.mktemp("press")
    ca = fresh(folder)
    ca.run("init")
    return press_of(ca.world.ca, "client")


def test_a_signature_of_something_else_is_refused(press: Press) -> None:
    drawn = press.drawn(CLIENT, IssuanceRequest(name="alice", profile="client"))
    (good,) = dataclasses.replace(press, key=spoilt(press.key, b"")).certificates([drawn])
    assert good.read.tbs_certificate_bytes == drawn.content
    with pytest.raises(Bug, match="does not verify"):
        dataclasses.replace(press, key=spoilt(press.key, b"!")).certificates([drawn])


def test_a_content_that_is_not_the_one_with_that_serial_is_refused(press: Press) -> None:
    drawn = press.drawn(CLIENT, IssuanceRequest(name="alice", profile="client"))
    with pytest.raises(Bug, match="differs"):
        press.certificates([drawn._replace(serial=drawn.serial + 1)])


def test_what_was_drawn_says_what_stands_in_it(press: Press) -> None:
    request = IssuanceRequest(name="alice", profile="client", organization="Ünion, a=b", lifetime=timedelta(days=3))
    drawn = press.drawn(CLIENT, request)
    (made,) = press.certificates([drawn])
    assert drawn.subject == made.read.subject.rfc4514_string()
    assert press.issuer_name == made.read.issuer.rfc4514_string()
    assert (drawn.not_before, drawn.not_after) == (made.read.not_valid_before_utc, made.read.not_valid_after_utc)
    assert drawn.serial == made.read.serial_number
    assert pem_of_read(made.der) == made.read.public_bytes(Encoding.PEM)
    assert made.der == made.read.public_bytes(Encoding.DER)
