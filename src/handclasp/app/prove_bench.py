"""What a proof is made with: one sandboxed copy, the people who ask, and the state of both after each remedy."""

from dataclasses import dataclass
from functools import cached_property

from handclasp.app.doubles import Doubles, Identity, put_in
from handclasp.diagnose.attempt import Attempt, Who
from handclasp.diagnose.case import Case
from handclasp.diagnose.remedies.change import Change, applied
from handclasp.diagnose.remedies.pem_edit import pem
from handclasp.diagnose.rules.protocol import CURRENT
from handclasp.diagnose.stand_in import StandIn, stand_in
from handclasp.model.certificate import Certificate
from handclasp.model.evidence import Evidence
from handclasp.model.nginx import VerifyClient
from handclasp.model.probe import ClientIdentity, ProbeRequest
from handclasp.model.verdict import Side
from handclasp.nginxconf.sandbox import SandboxPlan, UpstreamStub
from handclasp.verdict.predict import Stage
from handclasp.verdict.trust import client_trust


@dataclass
class Bench:
    """One sandbox and the state of the copy in it."""

    case: Case
    doubles: Doubles
    evidence: Evidence
    chain: tuple[Certificate, ...]
    client: Identity | None
    provided: list[Change]
    keep_log_level: bool = False

    @cached_property
    def stand_in(self) -> StandIn:
        """What is known of the upstream."""
        return stand_in(self.case)

    def plan(self, upstream: Identity | None = None) -> SandboxPlan:
        """The copy as it is now."""
        files: dict[str, bytes | None] = {
            path: self.doubles.content(content) if content else content for path, content in self.evidence.files.items()
        }
        for change in self.provided:
            put_in(self.doubles, change, files)
        tree = Stage(self.evidence).tree
        keys = self.doubles.private_keys()
        certificates = {path: content for path, content in files.items() if path not in tree.sources}
        return SandboxPlan(
            tree=tree,
            files=certificates,
            keys=keys,
            spki={path: spki for path, spki in self.evidence.keys.items() if path not in keys},
            upstreams=self._stubs(upstream or self._upstream()),
            keep_log_level=self.keep_log_level,
        )

    def _upstream(self) -> Identity | None:
        return self.doubles.identity(self.chain) if self.case.side is Side.UPSTREAM and self.chain else None

    def _stubs(self, identity: Identity | None) -> dict[str, UpstreamStub]:
        upstream = self.case.stage.upstream
        if identity is None or upstream is None:
            return {}
        wanted = self.stand_in
        cas = b"".join(pem(self.doubles.certificate(item), "CERTIFICATE") for item in wanted.client_cas)
        if wanted.issuer_of is not None and self.doubles.real_key is None:
            cas, _ = self.doubles.unknown_issuer(wanted.issuer_of)
        stub = UpstreamStub(
            chain=identity.chain, key=identity.key, client_ca=cas or None, protocols=wanted.protocols or CURRENT,
            name=wanted.name, rejects=wanted.rejects,
        )  # fmt: skip
        return dict.fromkeys(upstream.addresses, stub)

    def request(self, identity: Identity | None) -> ProbeRequest:
        """The request in question, made by somebody."""
        scene = self.case.stage.scene
        return ProbeRequest(
            address=scene.socket.address,
            port=scene.socket.port,
            sni=scene.sni,
            host=scene.host,
            path=scene.uri,
            identity=_identity(identity),
        )

    def sender(self) -> Identity | None:
        """Who asks: the client in question, or for an upstream any client that nginx lets in."""
        if self.case.side is Side.CLIENT and self.chain:
            return self.doubles.identity(self.chain)
        return self.client

    def apply(self, change: Change) -> None:
        """What a change does, to the copy's files and to the people of the sandbox."""
        self.evidence = applied(self.evidence, change.edits)
        if change.reissued:
            self.doubles.reissue(change.reissued)
        if change.sends is not None:
            self.chain = change.sends
        if change.first_certificate:
            server = self.case.stage.scene.handshake
            anchors = client_trust(server, self.case.evidence.files, self.case.stage.version).store.certificates
            self.client = self.doubles.first_client(anchors)
        if change.unknown_issuers or change.fresh_lists:
            self.provided.append(change)

    def tried(self, attempt: Attempt) -> ProbeRequest:
        """The request that shows a hole."""
        identity = None
        if attempt.who is Who.STRANGER:
            identity = self.doubles.stranger(Side.CLIENT)
        elif attempt.who is Who.CLIENT_OF and attempt.issuer is not None:
            identity = self.doubles.first_client((attempt.issuer,))
        return ProbeRequest(
            address=attempt.address, port=attempt.port, sni=attempt.sni, host=attempt.host, path=attempt.uri,
            identity=_identity(identity),
        )  # fmt: skip


def bench_for(case: Case, client_key: bytes | None) -> Bench:
    """The sandbox's people and files for a case. Doubles of all certificates, unless the peer's own key is given."""
    doubles = Doubles(case, real_key=client_key)
    server = case.stage.scene.handshake
    anchors = client_trust(server, case.evidence.files, case.stage.version).store.certificates
    asked = server.verify_client.value is not VerifyClient.OFF
    client = doubles.first_client(anchors) if asked and case.side is Side.UPSTREAM else None
    return Bench(case=case, doubles=doubles, evidence=case.evidence, chain=case.presented or (), client=client, provided=[])


def _identity(identity: Identity | None) -> ClientIdentity | None:
    return ClientIdentity(certificate_chain=identity.chain, private_key=identity.key) if identity else None
