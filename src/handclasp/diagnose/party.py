"""One verification under examination, client or upstream, so that one rule serves both sides."""

from dataclasses import dataclass, replace
from functools import cached_property

from handclasp.model.certificate import Certificate, Crl
from handclasp.model.nginx import NginxVersion, Setting, TlsServer, TlsUpstream, VerifyClient
from handclasp.model.origin import Origin
from handclasp.model.text import Text
from handclasp.model.verdict import PathVerdict, Side
from handclasp.verdict.client import Judge
from handclasp.verdict.openssl import verify
from handclasp.verdict.predict import Stage
from handclasp.verdict.question import Question
from handclasp.verdict.trust import Trust, client_trust, upstream_trust

UNLIMITED = 100
"""Deeper than any chain: a depth that never decides."""


@dataclass(frozen=True, slots=True)
class Directives:
    """What the settings of a side are called."""

    verify: str
    depth: str
    trust: str
    crl: str


@dataclass(frozen=True, kw_only=True)
class Party:
    """The settings that judge a peer, and what the peer presents (never empty).

    `trust_files` are in load order; `block` is where a directive of this side belongs. `version` and `judge` are nginx's and
    OpenSSL's.
    """

    side: Side
    presented: tuple[Certificate, ...]
    trust: Trust
    trust_files: tuple[Setting[str | None], ...]
    crl_file: Setting[str | None]
    depth: Setting[int]
    directives: Directives
    block: Origin
    judge: Judge

    @property
    def peer(self) -> Text:
        """Who presents the chain."""
        return CLIENT if self.side is Side.CLIENT else UPSTREAM

    @property
    def leaf(self) -> Certificate:
        """The peer's own certificate."""
        return self.presented[0]

    @property
    def trust_file(self) -> Setting[str | None]:
        """The file whose certificates should hold the peer's CA."""
        return next((setting for setting in self.trust_files if setting.value), self.trust_files[0])

    @property
    def version(self) -> NginxVersion:
        """Nginx's."""
        return self.judge.version

    def slug(self, name: str) -> str:
        """A cause of this side: `slug("ca-not-trusted")` is client-ca-not-trusted or upstream-ca-not-trusted."""
        return f"{self.side.value}-{name}"

    def verify(
        self,
        *,
        presented: tuple[Certificate, ...] | None = None,
        added: tuple[Certificate, ...] = (),
        crls: tuple[Crl, ...] | None = None,
        depth: int | None = None,
    ) -> PathVerdict:
        """OpenSSL's verdict, with what is given here in place of what is set. `added` joins the trust store."""
        return verify(
            Question(
                presented=presented or self.presented,
                store=replace(self.trust.store, certificates=(*self.trust.store.certificates, *added)),
                crls=self.trust.crls if crls is None else crls,
                depth=self.depth.value if depth is None else depth,
                side=self.side,
                at=self.judge.at,
                series=self.judge.series,
                security_level=self.judge.security_level,
                strict_crls=self.judge.strict_crls,
            )
        )

    @cached_property
    def deep(self) -> PathVerdict:
        """The verdict if depth were no matter."""
        return self.verify(depth=UNLIMITED)


CLIENT = Text(en="the client", zh="客户端")
UPSTREAM = Text(en="the upstream", zh="上游")
CLIENT_DIRECTIVES = Directives("ssl_verify_client", "ssl_verify_depth", "ssl_client_certificate", "ssl_crl")


def client_party(stage: Stage, presented: tuple[Certificate, ...]) -> Party | None:
    """The verification of a client's certificate; None when this server asks for none or the client sends none."""
    server = stage.scene.handshake
    if not presented or server.verify_client.value is VerifyClient.OFF or not stage.scene.socket.listen.tls:
        return None
    return _of_server(stage, server, presented)


def _of_server(stage: Stage, server: TlsServer, presented: tuple[Certificate, ...]) -> Party:
    judge = stage.judge(server.ciphers.value, server.conf_commands.value)
    return Party(
        side=Side.CLIENT,
        presented=presented,
        trust=client_trust(server, stage.evidence.files, stage.version),
        trust_files=(server.client_certificate, server.trusted_certificate),
        crl_file=server.crl,
        depth=server.verify_depth,
        directives=CLIENT_DIRECTIVES,
        block=server.origin,
        judge=judge,
    )


def upstream_party(stage: Stage, presented: tuple[Certificate, ...]) -> Party | None:
    """The verification of an upstream's certificate; None when it is not verified."""
    found = stage.upstream_location
    upstream = stage.upstream
    if found is None or upstream is None or not upstream.verify.value or not presented:
        return None
    server, location = found
    return _of_upstream(stage, upstream, location.origin or server.origin, presented)


def _of_upstream(stage: Stage, upstream: TlsUpstream, block: Origin, presented: tuple[Certificate, ...]) -> Party:
    module = upstream.module
    return Party(
        side=Side.UPSTREAM,
        presented=presented,
        trust=upstream_trust(upstream, stage.evidence.files, stage.version),
        trust_files=(upstream.trusted_certificate,),
        crl_file=upstream.crl,
        depth=upstream.verify_depth,
        directives=Directives(*(f"{module}_ssl_{name}" for name in ("verify", "verify_depth", "trusted_certificate", "crl"))),
        block=block,
        judge=stage.judge(upstream.ciphers.value, upstream.conf_commands.value),
    )


def with_presented(party: Party, presented: tuple[Certificate, ...]) -> Party:
    """The same settings, another chain."""
    return replace(party, presented=presented)
