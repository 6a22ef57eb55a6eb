"""What a proof is made with: one sandboxed copy, the people who ask, and the state of both after each remedy."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from handclasp.app.doubles import Doubles, Identity, put_in
from handclasp.diagnose.attempt import Attempt, Who
from handclasp.diagnose.attempt_parts import believed_by
from handclasp.diagnose.case import Case
from handclasp.diagnose.reach import mentions_client
from handclasp.diagnose.remedies.change import Change, applied
from handclasp.diagnose.remedies.pem_edit import pem
from handclasp.diagnose.rules.headers import SET_HEADER
from handclasp.diagnose.rules.protocol import CURRENT
from handclasp.diagnose.stand_in import StandIn, stand_in
from handclasp.model.certificate import Certificate
from handclasp.model.evidence import Evidence
from handclasp.model.nginx import TlsUpstream, VerifyClient
from handclasp.model.probe import ClientIdentity, ProbeRequest
from handclasp.model.verdict import Side
from handclasp.nginxconf.sandbox import SandboxPlan, UpstreamStub
from handclasp.nginxconf.tree import walk
from handclasp.pki.read import certificates_from_pem
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

    def plan(
        self, upstream: Identity | None = None, *, stubs: Mapping[str, UpstreamStub] | None = None, revoking: str | None = None
    ) -> SandboxPlan:
        """The copy as it is now; with other stubs, or with the client that doubles make put into a CRL file."""
        files: dict[str, bytes | None] = {
            path: self.doubles.content(content) if content else content for path, content in self.evidence.files.items()
        }
        for change in self.provided:
            put_in(self.doubles, change, files)
        if revoking is not None and files.get(revoking):
            files[revoking] = self.doubles.without_made_clients(files[revoking] or b"")
        tree = Stage(self.evidence).tree
        keys = self.doubles.private_keys()
        certificates = {path: content for path, content in files.items() if path not in tree.sources}
        return SandboxPlan(
            tree=tree,
            files=certificates,
            keys=keys,
            spki={path: spki for path, spki in self.evidence.keys.items() if path not in keys},
            upstreams={**self._believed, **self._stubs(upstream or self._upstream()), **(stubs or {})},
            keep_log_level=self.keep_log_level,
            echo=self._echo,
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

    @cached_property
    def _echo(self) -> tuple[str, ...]:
        """The headers by which backends are told who the client is, wherever they are written."""
        stage = self.case.stage
        set_somewhere = (
            item.args for item, _ in walk(stage.tree.directives) if item.name in SET_HEADER.values() and len(item.args) > 1
        )
        return tuple(dict.fromkeys(args[0] for args in set_somewhere if mentions_client(stage.config, args[1])))

    @cached_property
    def _believed(self) -> dict[str, UpstreamStub]:
        """For upstreams that are verified: a certificate that is believed, made by a CA of their trust file."""
        found: dict[str, UpstreamStub] = {}
        for server in self.case.stage.config.servers:
            for upstream in (location.upstream for location in server.locations if location.upstream):
                issuer = believed_by(self.case, upstream) if upstream.verify.value else None
                if issuer is not None:
                    found.update(dict.fromkeys(upstream.addresses, self.stub(upstream, issuer)))
        return found

    def stub(self, upstream: TlsUpstream, issuer: Certificate | None, *, asks: bool = False) -> UpstreamStub:
        """A stand-in for an upstream with a certificate of a CA; None: of a CA that nobody trusts."""
        name = upstream.name.value if "$" not in upstream.name.value else "sandbox"
        identity = self.doubles.server_of(issuer, name) if issuer else self.doubles.stranger(Side.UPSTREAM)
        chain, key = (identity.chain, identity.key) if identity else (None, None)
        return UpstreamStub(chain=chain, key=key, protocols=CURRENT, asks=asks)

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

    @property
    def plain(self) -> bool:
        """Whether that request comes without TLS: what the copy now listens for."""
        return not Stage(self.evidence).scene.socket.listen.ssl

    @property
    def shut_out(self) -> bool:
        """Whether nobody at hand gets past this nginx to the upstream in question: nothing can be shown of it then."""
        if self.case.side is Side.CLIENT:
            return False
        who = self.sender()
        sent = certificates_from_pem(who.chain, where="the sandbox's client") if who else ()
        stage = Stage(replace(self.evidence, files={**self.evidence.files, **self.plan().files}))
        return not stage.client_verdict(sent).admitted

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
        """The request of an attempt."""
        identity = None
        if attempt.who is Who.STRANGER:
            identity = self.doubles.stranger(Side.CLIENT)
        elif attempt.who is Who.CLIENT_OF and attempt.issuer is not None:
            identity = self.doubles.client_of(attempt.issuer, subject=attempt.subject, below=attempt.below)
        return ProbeRequest(
            address=attempt.address, port=attempt.port, sni=attempt.sni, host=attempt.host, path=attempt.uri,
            identity=_identity(identity), headers=attempt.headers, method=attempt.method,
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
