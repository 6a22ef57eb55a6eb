"""Whatever is done in whatever order: what was revoked stays on every CRL until it ends, numbers only grow, and OCSP agrees.

In process, because each example is many steps; the same operations are driven through the command line elsewhere.
"""

import tempfile
from pathlib import Path
from typing import ClassVar

import pytest
from cryptography import x509
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from handclasp.app.answer_ocsp import OcspDesk
from handclasp.app.apply_lockout import refuse_lockout
from handclasp.app.crl import publish_crls
from handclasp.app.issue import IssueOrder, issue
from handclasp.app.ocsp_responders import responders
from handclasp.app.recover import recover
from handclasp.app.renew import RenewOrder, renew
from handclasp.app.revoke_record import held, record_revocation, release, revocable
from handclasp.model.errors import HandclaspError, PolicyError
from handclasp.model.issuance import CertificateState, Reason
from handclasp.model.ocsp import Status
from handclasp.pki.ocsp_request import cert_id, write_request
from handclasp.wiring import World
from tests.ca_rig import Ca, copied

UNKNOWN = 0x0102030405060708090A0B0C0D0E0F10


class Revocations(RuleBasedStateMachine):
    """A home to which anything may be done; `gone` are the serials that were revoked for good."""

    template: ClassVar[Ca]

    @initialize()
    def begin(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.world: World = copied(self.template, Path(self.folder.name)).world
        self.home = self.world.ca
        self.names: list[str] = []
        self.gone: set[int] = set()
        self.numbers: dict[str, int] = {}
        publish_crls(self.home)

    def teardown(self) -> None:
        if hasattr(self, "folder"):
            self.folder.cleanup()

    @rule()
    def issue_one(self) -> None:
        name = f"guest-{len(self.names)}"
        issue(self.home, IssueOrder(name=name))
        self.names.append(name)

    @precondition(lambda self: self.names)
    @rule(data=st.data(), reason=st.sampled_from([Reason.UNSPECIFIED, Reason.KEY_COMPROMISE, Reason.CERTIFICATE_HOLD]))
    def revoke_one(self, data: st.DataObject, reason: Reason) -> None:
        chosen = revocable(self.home, data.draw(st.sampled_from(self.names)))
        done = record_revocation(self.home, chosen, reason=reason)
        self.gone |= {record.serial for record in done if not held(record)}
        publish_crls(self.home)

    @precondition(lambda self: self.names)
    @rule(data=st.data())
    def unhold_one(self, data: st.DataObject) -> None:
        try:
            release(self.home, data.draw(st.sampled_from(self.names)))
        except PolicyError:
            """It was not on hold, or is revoked for good."""

    @precondition(lambda self: self.names)
    @rule(data=st.data(), new_key=st.booleans())
    def renew_one(self, data: st.DataObject, new_key: bool) -> None:
        try:
            renew(self.home, RenewOrder(name=data.draw(st.sampled_from(self.names)), new_key=new_key))
        except HandclaspError:
            """What is revoked is not renewed."""

    @rule()
    def publish_again(self) -> None:
        publish_crls(self.home)

    @rule()
    def tidy(self) -> None:
        with self.home.changing("tidying"):
            recover(self.home)

    @rule()
    def start_anew(self) -> None:
        """Another process: nothing that was kept in memory counts."""
        self.world = World(self.world.home, passphrase_file=self.world.passphrase_file)
        self.home = self.world.ca

    @invariant()
    def nothing_is_forgotten(self) -> None:
        if not hasattr(self, "home"):
            return
        content = self.home.files.read(self.home.layout.crl)
        lists = [x509.load_pem_x509_crl(part + _END) for part in content.split(_END) if part.strip()]
        listed = {entry.serial_number for one in lists for entry in one}
        assert self.gone <= listed
        for one in lists:
            number = one.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
            issuer = one.issuer.rfc4514_string()
            assert number >= self.numbers.get(issuer, 0)
            self.numbers[issuer] = number
        refuse_lockout(self.home, bundle=self.home.files.read(self.home.layout.bundle), crls=content)
        self.ocsp_agrees(listed)

    def ocsp_agrees(self, listed: set[int]) -> None:
        """Revoked by the one is revoked by the other; what was never issued is unknown, which is neither."""
        desk = OcspDesk(self.home, responders(self.home))
        issuer = x509.load_der_x509_certificate(self.home.issuing().certificate)
        for record in self.home.store.certificates():
            if record.issuer != self.home.issuing().label or record.state not in _SIGNED:
                continue
            (status,) = desk.answer(write_request(cert_id(issuer, record.serial).encoded)).statuses
            assert status is (Status.REVOKED if record.serial in listed else Status.GOOD), record.name
        assert desk.answer(write_request(cert_id(issuer, UNKNOWN).encoded)).statuses == (Status.UNKNOWN,)


_END = b"-----END X509 CRL-----\n"
_SIGNED = (CertificateState.ISSUED, CertificateState.REVOKED)


def test_no_operation_drops_a_revocation(template: Ca, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Revocations, "template", template, raising=False)
    machine = Revocations.TestCase
    machine.settings = settings(
        max_examples=12, stateful_step_count=10, deadline=None, suppress_health_check=[HealthCheck.too_slow]
    )
    machine().runTest()


def test_a_crl_without_a_revocation_is_refused(ca: Ca) -> None:
    """An older list, put back by whatever hand, does not reach nginx."""
    ca.run("issue", "alice")
    ca.run("crl", "--refresh")
    older = (ca.home / "ca" / "crl.pem").read_bytes()
    ca.run("revoke", "alice")
    home = ca.world.ca
    with pytest.raises(PolicyError, match="is revoked, and the CRL does not say so"):
        refuse_lockout(home, bundle=home.files.read(home.layout.bundle), crls=older)


def test_retired_cas_go_on_listing(ca: Ca) -> None:
    """A CA that signs nobody new still says whom it revoked."""
    ca.run("issue", "alice")
    ca.run("revoke", "alice")
    serial = ca.world.ca.store.certificates(name="alice")[0].serial
    ca.run("ca", "rollover", "issuing")
    ca.run("crl", "--refresh")
    content = (ca.home / "ca" / "crl.pem").read_bytes()
    lists = [x509.load_pem_x509_crl(part + _END) for part in content.split(_END) if part.strip()]
    assert any(one.get_revoked_certificate_by_serial_number(serial) is not None for one in lists)
