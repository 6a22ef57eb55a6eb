"""From evidence to a verdict: the configuration is read, the request placed in it, and nginx's answer worked out."""

import re
from dataclasses import dataclass, replace
from functools import cached_property

from handclasp.catalogue.openssl_releases import strict_crls
from handclasp.model.certificate import Certificate
from handclasp.model.errors import InputError
from handclasp.model.evidence import Evidence
from handclasp.model.near import did_you_mean
from handclasp.model.nginx import (
    EffectiveConfig,
    Location,
    NginxVersion,
    OpensslSeries,
    StartFault,
    TlsServer,
    TlsUpstream,
    VerifyClient,
)
from handclasp.model.origin import Origin
from handclasp.model.verdict import Otherwise, Side, Verdict
from handclasp.nginxconf.effective import effective
from handclasp.nginxconf.gathered import tree_from_files
from handclasp.nginxconf.select import Socket, by_name, sockets
from handclasp.nginxconf.start_faults import evidence_faults
from handclasp.nginxconf.tree import ConfigTree, Directive, walk
from handclasp.pki.read import certificates_from_pem
from handclasp.verdict.behind import behind, own_socket, refusal, sent_name
from handclasp.verdict.client import Judge, client_otherwise, client_verdict, plain_verdict
from handclasp.verdict.pairs import keyless
from handclasp.verdict.scene import Scene, asked, meet, plain_name, scene
from handclasp.verdict.trust import certificates_in
from handclasp.verdict.upstream import upstream_verdict

DEFAULT_VERSION = NginxVersion(1, 22, 1)
DEFAULT_OPENSSL = "3.0"
DEFAULT_LEVEL = 2
KEYLESS = Verdict(
    side=Side.CLIENT,
    status=None,
    title=None,
    alert="handshake_failure",
    log="SSL_do_handshake() failed (SSL: ... no shared cipher) while SSL handshaking",
)
_FEW = 3
_SECURITY_LEVEL = re.compile(r"@SECLEVEL=(\d)", re.IGNORECASE)


@dataclass(frozen=True)
class Stage:
    """Evidence with everything worked out of it once: the tree, the effective settings, the scene, the chains."""

    evidence: Evidence

    @cached_property
    def tree(self) -> ConfigTree:
        """The configuration. Raises InputError when none was given or it does not parse."""
        if self.evidence.root is None:
            raise InputError("there is no configuration to look at", hint="give one with --config")
        return tree_from_files(self.evidence.root, self.evidence.files, self.evidence.prefix)

    @cached_property
    def version(self) -> NginxVersion:
        """The nginx version asked for, else that of the nginx at hand."""
        if self.evidence.nginx_version:
            return NginxVersion.parse(self.evidence.nginx_version)
        return self.evidence.build.version if self.evidence.build else DEFAULT_VERSION

    @cached_property
    def openssl(self) -> str:
        """The OpenSSL asked for, else that of the nginx at hand: a series or a full version."""
        return self.evidence.engine or (self.evidence.build.openssl if self.evidence.build else DEFAULT_OPENSSL)

    @cached_property
    def series(self) -> OpensslSeries:
        """The series of that OpenSSL."""
        return OpensslSeries.of(self.openssl)

    @cached_property
    def blocks(self) -> dict[Origin, Directive]:
        """Every block by the place of its name."""
        return {item.origin: item for item, _ in walk(self.tree.directives) if item.children is not None}

    @cached_property
    def around(self) -> dict[Directive, tuple[Directive, ...]]:
        """The blocks around every block, outermost first."""
        return {item: parents for item, parents in walk(self.tree.directives) if item.children is not None}

    @cached_property
    def config(self) -> EffectiveConfig:
        """What holds in each server."""
        return effective(self.tree, self.version)

    @cached_property
    def start_faults(self) -> tuple[StartFault, ...]:
        """Why nginx refuses to start with these files; () when it would start."""
        return evidence_faults(self.evidence, self.tree, self.config, self.version, self.openssl)

    def about(self, evidence: Evidence) -> "Stage":
        """The same files with another question: what was read of them is kept."""
        other = Stage(evidence)
        for name in ("tree", "version", "series", "config", "blocks", "around", "start_faults"):
            other.__dict__[name] = getattr(self, name)
        return other

    @cached_property
    def scene(self) -> Scene:
        """The request of a well-behaved client. Raises InputError when no server fits."""
        found = scene(self.config, self._server_asked, uri=self.evidence.location)
        if found is not None and self.evidence.request is not None:
            found = asked(self.config, found, self.evidence.request)
        if found is None:
            raise self._no_server()
        passes = found.location is not None and found.location.proxied
        return found if self.evidence.side is Side.CLIENT or passes else self._towards_upstream(found)

    def _no_server(self) -> InputError:
        wanted = self.evidence.server
        if not wanted:
            return InputError("the configuration has no server", where=self.evidence.root)
        names = tuple(dict.fromkeys(name for server in self.config.servers for name in server.names if name))
        hint = did_you_mean(wanted, names, " / ".join(f"--server {name}" for name in names[:_FEW]))
        return InputError(f'the configuration has no server named "{wanted}"', where=self.evidence.root, hint=hint or None)

    @property
    def _server_asked(self) -> str | None:
        """The server named, else the one that a request names, where it exists."""
        request = self.evidence.request
        if self.evidence.server or request is None:
            return self.evidence.server
        known = any(request.host.lower() == name.lower() for server in self.config.servers for name in server.names)
        return request.host if known else None

    def _towards_upstream(self, found: Scene) -> Scene:
        """The request that reaches an upstream over TLS, where the one at hand reaches none."""
        servers = (found.answer,) if self.evidence.server else (found.answer, *self.config.servers)
        every = [(server, one) for server in servers for one in server.locations if one.upstream]
        server, location = next(
            ((server, one) for server, one in every if one.upstream and one.upstream.verify.value),
            every[0] if every else (found.answer, None),
        )
        socket = next((one for one in sockets(self.config) if server in one.servers and not one.listen.quic), None)
        if location is None or socket is None:
            return found
        name = plain_name(server)
        uri = location.path if location.modifier in {"", "=", "^~"} and location.path else self.evidence.location
        return meet(socket, sni=name or None, host=name or "localhost", uri=uri)

    @cached_property
    def presented(self) -> tuple[Certificate, ...] | None:
        """What the client sends, leaf first; () for nothing, None when nobody said."""
        return _chain(self.evidence.presented, "the client's certificate")

    @cached_property
    def upstream(self) -> TlsUpstream | None:
        """The upstream of the location at hand; else the first of the same server, a verified one before others.

        Another server's is none of this one's: whose question has the upstream's side and no server's name is led to it
        (`scene`).
        """
        inside = self.scene.location
        if inside and inside.upstream:
            return inside.upstream
        every = [location.upstream for location in self.scene.answer.locations if location.upstream]
        return next((item for item in every if item.verify.value), every[0] if every else None)

    @cached_property
    def upstream_location(self) -> tuple[TlsServer, Location] | None:
        """Where `upstream` is written."""
        server = self.scene.answer
        found = (one for one in server.locations if one.upstream is not None and one.upstream is self.upstream)
        return next(((server, location) for location in found), None)

    @cached_property
    def upstream_chain(self) -> tuple[Certificate, ...] | None:
        """What the upstream presents: as given, else as a server of this same configuration would; None when unknown.

        A chain given without saying whose it is (`presented`) is taken for the upstream's when nothing else is known.
        """
        given = _chain(self.evidence.upstream_chain, "the upstream's certificate")
        if given is not None or self.upstream is None:
            return given
        # Where clients are verified, or a visitor was shown a page, what a client sends is what was given.
        of_client = self.evidence.answer is not None or self.scene.handshake.verify_client.value is not VerifyClient.OFF
        return self._upstream_of_this_config() or (None if of_client else self.presented)

    @cached_property
    def upstream_socket(self) -> Socket | None:
        """The socket of this same configuration that the upstream is; None when it is elsewhere."""
        addresses = self.upstream.addresses if self.upstream else ()
        return next((found for address in addresses if (found := own_socket(self.config, address))), None)

    @cached_property
    def behind(self) -> Scene | None:
        """The request that nginx makes of itself when the upstream is a server of this same configuration; else None."""
        found = self.upstream_location
        return behind(self.config, found[1], self.upstream, self.scene) if found and self.upstream else None

    @cached_property
    def shown(self) -> tuple[Certificate, ...] | None:
        """What nginx shows its upstream, leaf first; () when it has nothing to show, None when the file is not known."""
        path = self.upstream.certificate.value if self.upstream else None
        key = self.upstream.certificate_key.value if self.upstream else None
        if not path or (key and keyless((path,), (key,), self.evidence.files, self.evidence.keys)):
            return ()
        return certificates_in(self.evidence.files, path) or None

    def _upstream_of_this_config(self) -> tuple[Certificate, ...] | None:
        socket = self.upstream_socket
        if self.upstream is None or socket is None or not socket.listen.ssl:
            return None
        server = by_name(socket, sent_name(self.upstream))
        if server.reject_handshake.value or not server.certificates.value:
            return None
        return certificates_in(self.evidence.files, server.certificates.value[0])

    def judge(self, ciphers: str, commands: tuple[tuple[str, str], ...] = ()) -> Judge:
        """What decides besides the configuration. A security level written into the cipher list wins."""
        lists = [ciphers, *(value for name, value in commands if name.lower() in {"cipherstring", "ciphers"})]
        written = [found[1] for text in lists if (found := _SECURITY_LEVEL.search(text))]
        given = self.evidence.security_level if self.evidence.security_level is not None else DEFAULT_LEVEL
        level = int(written[-1]) if written else given
        return Judge(
            at=self.evidence.at, series=self.series, version=self.version, security_level=level, files=self.evidence.files,
            strict_crls=strict_crls(self.openssl),
        )  # fmt: skip

    def client_verdict(self, presented: tuple[Certificate, ...]) -> Verdict:
        """Nginx's answer to a client that sends these certificates."""
        server = self.scene.handshake
        if self.evidence.request and self.evidence.request.plain and self.scene.socket.listen.ssl:
            return plain_verdict(self.config, self.scene)
        own = self.evidence
        if self.scene.socket.listen.tls and keyless(
            server.certificates.value, server.certificate_keys.value, own.files, own.keys
        ):
            return KEYLESS
        return client_verdict(self.config, self.scene, presented, self.judge(server.ciphers.value, server.conf_commands.value))

    def otherwise(self, presented: tuple[Certificate, ...]) -> tuple[Otherwise, ...]:
        """What else nginx may answer such a client, where a header, an address or a password decides."""
        request, server = self.evidence.request, self.scene.handshake
        if request and request.plain and self.scene.socket.listen.ssl:
            return ()
        judge = self.judge(server.ciphers.value, server.conf_commands.value)
        return client_otherwise(self.config, self.scene, presented, judge)

    def upstream_verdict(self, presented: tuple[Certificate, ...]) -> Verdict:
        """Nginx's answer when the upstream sends these certificates."""
        assert self.upstream is not None
        if self.upstream_refusal is not None:
            return self.upstream_refusal
        judge = self.judge(self.upstream.ciphers.value, self.upstream.conf_commands.value)
        asked = self.asked_behind
        passed, title = (asked.status, asked.title) if asked and asked.status is not None else (200, None)
        return upstream_verdict(self.upstream, presented, judge, passed=passed, title=title)

    @cached_property
    def upstream_refusal(self) -> Verdict | None:
        """Nginx's answer when the upstream is a socket of its own that breaks the handshake off; else None."""
        socket = self.upstream_socket
        return refusal(self.upstream, socket, self.series) if self.upstream and socket else None

    @cached_property
    def asked_behind(self) -> Verdict | None:
        """What a server of this same configuration answers to nginx as its client; None when the upstream is elsewhere."""
        if self.behind is None or self.shown is None:
            return None
        server = self.behind.handshake
        judge = self.judge(server.ciphers.value, server.conf_commands.value)
        return client_verdict(self.config, self.behind, self.shown, judge)


def predict(evidence: Evidence) -> Verdict:
    """What nginx will say.

    Raises:
        InputError: the configuration or a given chain cannot be read, or has no such server or upstream.
    """
    stage = Stage(evidence)
    if stage.start_faults:
        return Verdict(side=evidence.side, status=None, title=None, start=stage.start_faults[0].message)
    if evidence.side is Side.CLIENT:
        verdict = stage.client_verdict(stage.presented or ())
        return verdict if verdict.status is None else replace(verdict, otherwise=stage.otherwise(stage.presented or ()))
    if stage.upstream is None:
        raise InputError("no location of the configuration passes requests on over TLS", where=evidence.root)
    chain = stage.upstream_chain if stage.upstream_refusal is None else ()
    if chain is None:
        raise InputError(
            f"what {stage.upstream.target.value} presents is not known",
            hint="give its chain, leaf first, with --upstream-chain; `handclasp probe` can fetch it",
        )
    return stage.upstream_verdict(chain)


def _chain(pem: bytes | None, where: str) -> tuple[Certificate, ...] | None:
    if pem is None:
        return None
    return certificates_from_pem(pem, where=where) if pem.strip() else ()
