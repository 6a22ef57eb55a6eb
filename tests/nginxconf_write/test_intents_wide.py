"""Generated sites of every kind in one nginx, with services that check who nginx is: each lets in whom its intent names.

Requests, gRPC and bytes; over plain connections and TLS in both directions; lists, paths, free networks, limits, OCSP, three
TLS policies, three sets of client CAs, several sites on an address, those of bytes told apart by SNI where nginx knows names.
HANDCLASP_WIDE=12 makes so many batches.
"""

import os
import random
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace

import pytest

from handclasp.adapters.tls_probe import TlsProbe
from handclasp.model.intent import (
    AdmittedCertificate,
    ClientCaIntent,
    OcspIntent,
    RateIntent,
    SiteIntent,
    SiteMaterial,
    UpstreamIntent,
)
from handclasp.model.nginx import NginxVersion
from handclasp.model.probe import ClientIdentity, ProbeRequest, ProbeResult
from handclasp.nginxconf.render import render_sites
from handclasp.nginxconf.render_main import render_main
from handclasp.nginxconf.render_stream import NAMES
from handclasp.pki.distinguished_name import rfc2253
from tests.nginx_rig import Issued, crl, free_port, make
from tests.nginxconf_write.site_rig import SiteRig, issuer_dn, serial
from tests.nginxconf_write.test_intents_random import ASKED, CLIENTS, LISTS, drawn, expected
from tests.nginxconf_write.test_ocsp_live import responder
from tests.nginxconf_write.test_render_clean import findings

BATCHES = int(os.environ.get("HANDCLASP_WIDE", "3"))
SITES = 20
KINDS = ("none", "http", "https", "grpc", "grpcs", "tcp", "tls")
STREAMS = {"tcp", "tls"}
EVERYBODY = (*CLIENTS, "carol", "dave")
"""carol is of a CA beside the first below the same root, dave of another root."""
ENTERING = {"": {"alice", "bob", "carol"}, "issuing": {"alice", "bob"}, "partner": {"dave"}}
"""Whose certificate is good, by the client CA of a site; "": those of the root together."""
_HTTP2_DIRECTIVE = NginxVersion(1, 25, 1)
_OCSP, _OCSP_STREAM = NginxVersion(1, 19, 0), NginxVersion(1, 27, 2)
LIE = "CN=admin"
FORGED = tuple((name, LIE) for name in ("X-Client-DN", "X_Client_DN", "X-Client-Verify", "Remote-User", "Client-Cert"))
POLICIES: dict[str, dict[str, object]] = {
    "intermediate": {"tls": "intermediate"},
    "modern": {"tls": "modern"},
    "own": {"tls": "own", "protocols": ("TLSv1.2",), "ciphers": ("ECDHE-ECDSA-AES256-GCM-SHA384",)},
}
HTTP = """
server {{ listen 127.0.0.1:{http}; {say} }}
server {{ listen 127.0.0.1:{https} ssl; {tls} {say} }}
server {{ listen 127.0.0.1:{grpc}{by_option}; {by_directive} {say} }}
server {{ listen 127.0.0.1:{grpcs} ssl{by_option}; {by_directive} {tls} {say} }}
"""
BYTES = """
server {{ listen 127.0.0.1:{tcp}; return "bytes"; }}
server {{ listen 127.0.0.1:{tls_} ssl; {tls} return "bytes"; }}
"""
SAY = 'location / { return 200 "verify=$http_x_client_verify dn=$http_x_client_dn as=$http_remote_user$http_client_cert"; }'


@dataclass(frozen=True)
class Street:
    """An nginx with a service of every kind behind it, an OCSP responder, and a port for each TLS policy."""

    rig: SiteRig
    ports: dict[str, int]
    doors: dict[str, int]
    ocsp: int
    free: tuple[int, ...]
    cas: dict[str, tuple[Issued, ...]]

    def material(self, site: SiteIntent) -> SiteMaterial:
        label = called(site)
        above = self.cas[label]
        own: dict[str, object] = {
            "client_certificate": self.rig.write(f"ca-{label}.pem", b"".join(one.pem for one in above)),
            "crl": self.rig.write(f"ca-{label}.crl", b"".join(self.list_of(one) for one in above)),
        }
        issuers = tuple(rfc2253(one.certificate.subject.public_bytes()) for one in above)
        own |= {"issuers": issuers, "session_mark": f"{len(above):08x}", "verify_depth": min(1, len(above) - 1)}
        return self.rig.material(admitted=self.admitted, **own)

    def list_of(self, authority: Issued) -> bytes:
        return crl(authority, *([self.rig.clients["mallory"]] if authority is self.rig.issuing else []))

    def serve(self, sites: list[SiteIntent]) -> None:
        texts = render_sites(((site, self.material(site)) for site in sites), self.rig.version)
        for number, (site, text) in enumerate(zip(sites, texts, strict=True)):
            self.rig.write(f"streams/{number}.stream" if site.stream else f"sites/{number}.conf", text)
        build = self.rig.nginx.build()
        loaded = () if build.stream else (f"{build.modules_path}/ngx_stream_module.so",)
        self.rig.write("sites/back.conf", self.http)
        self.rig.write("streams/back.stream", self.bytes)
        main = render_main(str(self.rig.prefix), user="root", modules=loaded, stream="streams/*.stream")
        self.rig.write("nginx.conf", main)
        tested = self.rig.nginx.test(prefix=str(self.rig.prefix), config=self.rig.config)
        assert tested.ok, tested.output
        assert "[warn]" not in tested.output, tested.output
        self.rig.nginx.start(prefix=str(self.rig.prefix), config=self.rig.config)

    @property
    def tls(self) -> str:
        """The services ask nginx who it is."""
        path = self.rig.path
        return (
            f"ssl_certificate {path('up.pem')}; ssl_certificate_key {path('up.key')};"
            f" ssl_client_certificate {path('ca.pem')}; ssl_verify_client on; ssl_protocols TLSv1.2 TLSv1.3;"
        )

    @property
    def http(self) -> str:
        new = self.rig.version >= _HTTP2_DIRECTIVE
        words = {"by_option": "" if new else " http2", "by_directive": "http2 on;" if new else "", "tls": self.tls, "say": SAY}
        return HTTP.format(**words, **{kind: self.ports[kind] for kind in ("http", "https", "grpc", "grpcs")})

    @property
    def bytes(self) -> str:
        return BYTES.format(tcp=self.ports["tcp"], tls_=self.ports["tls"], tls=self.tls)

    @property
    def admitted(self) -> tuple[AdmittedCertificate, ...]:
        clients = self.rig.clients
        return tuple(
            AdmittedCertificate(identity=name, issuer_dn=issuer_dn(clients[name]), serial=serial(clients[name]))
            for name in ("alice", "bob")
        )

    def upstream(self, kind: str, chance: random.Random) -> UpstreamIntent | None:
        if kind == "none":
            return None
        plain = UpstreamIntent(url=f"{kind}://127.0.0.1:{self.ports[kind]}")
        if kind == "http":
            return replace(plain, websocket=chance.random() < 0.5, client_cert=chance.random() < 0.5)
        if kind not in {"https", "grpcs", "tls"}:
            return plain
        return replace(
            plain,
            name="up.test",
            trusted_certificate=self.rig.path("root.pem"),
            crl=self.rig.path("ca.crl") if chance.random() < 0.5 else None,
            certificate=self.rig.path("front.pem"),
            certificate_key=self.rig.path("front.key"),
        )

    def draw(self, chance: random.Random, number: int) -> SiteIntent:
        kind, policy = chance.choice(KINDS), chance.choice(tuple(POLICIES))
        version, names = self.rig.version, (f"s{number}.test", *((f"*.s{number}.test",) if chance.random() < 0.3 else ()))
        changes: dict[str, object] = {"server_names": names, "upstream": self.upstream(kind, chance), **POLICIES[policy]}
        label = chance.choice(("", "", "issuing", "partner"))
        if label:
            changes["client_ca"] = ClientCaIntent(label=label)
        ocsp = OcspIntent(responder=f"http://127.0.0.1:{self.ocsp}/")
        if label == "issuing" and chance.random() < 0.5 and version >= (_OCSP_STREAM if kind in STREAMS else _OCSP):
            changes["ocsp"] = ocsp
        if kind in STREAMS:
            together = version >= NAMES and chance.random() < 0.6
            changes |= {
                "listen": (("127.0.0.1", self.free[-1 if together else number]),),
                "allow": chance.choice(LISTS) if label != "partner" else None,
                "paths": (),
                "free_from": (),
            } | (POLICIES["intermediate"] | {"protocols": (), "ciphers": ()} if together else {})
            return replace(self.rig.intent(), **changes)  # type: ignore[arg-type]
        site = replace(drawn(self.rig, chance), listen=(("127.0.0.1", self.doors[policy]),), **changes)  # type: ignore[arg-type]
        if label == "partner":
            site = replace(site, allow=None, paths=tuple(replace(path, allow=None) for path in site.paths))
        strangers = "10000r/s" if site.optional else None
        rate = RateIntent(rate=strangers, clients="10000r/s", burst=10_000)
        return replace(site, rate=rate) if chance.random() < 0.3 else site

    def ask(self, site: SiteIntent, client: str | None, path: str) -> ProbeResult:
        identity = None
        if client:
            chain = (self.rig.prefix / f"clients/{client}.pem").read_bytes()
            identity = ClientIdentity(certificate_chain=chain, private_key=self.rig.clients[client].key_pem)
        name, (address, port) = site.server_names[0], site.listen[0]
        return TlsProbe().ask(
            ProbeRequest(
                address=address,
                port=port,
                sni=name,
                host=name,
                path=path,
                identity=identity,
                headers=FORGED,
                patience=5 if site.stream else None,
            )
        )


@pytest.fixture
def street(rig: SiteRig) -> Iterator[Street]:
    service, front = make("up.test", rig.issuing, server=True), make("front", rig.issuing)
    for name, issued in (("up", service), ("front", front)):
        rig.write(f"{name}.pem", issued.pem + rig.issuing.pem)
        rig.write(f"{name}.key", issued.key_pem)
    beside, partner = make("CA beside", rig.root, ca=True), make("Partner root", ca=True)
    rig.client("carol", beside, beside)
    rig.client("dave", partner)
    ports = iter([free_port() for _ in range(len(KINDS) + len(POLICIES) + 2 + SITES)])
    made = Street(
        rig,
        ports=dict(zip(KINDS, ports, strict=False)),
        doors=dict(zip(POLICIES, ports, strict=False)),
        ocsp=next(ports),
        free=tuple(ports),
        cas={"": (rig.issuing, beside, rig.root), "issuing": (rig.issuing, rig.root), "partner": (partner,)},
    )
    with ExitStack() as stack:
        stack.enter_context(responder(rig, made.ocsp))
        yield made


@pytest.mark.parametrize("seed", range(BATCHES))
def test_everybody_gets_what_each_intent_says(street: Street, seed: int) -> None:
    chance = random.Random(1000 + seed)
    sites = [street.draw(chance, number) for number in range(SITES)]
    street.serve(sites)
    ours = {f"sites/{number}.conf" for number in range(SITES)} | {f"streams/{number}.stream" for number in range(SITES)}
    found = findings(street.rig, street.rig.version)
    assert [one for one in found if str(one.where.file).removeprefix(f"{street.rig.prefix}/") in ours] == []
    for site in sites:
        for client in EVERYBODY:
            for path in chance.sample(ASKED, 2) if not site.stream else ("/",):
                judge(site, client, path, street.ask(site, client, path))


def called(site: SiteIntent) -> str:
    """The name of its set of client CAs."""
    return (site.client_ca.label or "") if site.client_ca else ""


def judge(site: SiteIntent, client: str | None, path: str, seen: ProbeResult) -> None:
    about = (site, client, path, seen)
    assert LIE.encode() not in seen.body, about
    if site.stream:
        allowed = client in ENTERING[called(site)] and (site.allow is None or client in site.allow)
        assert (seen.body == b"bytes") == allowed, about
        return
    known = client is None or client in ENTERING[called(site)]
    wanted = expected(site, client, path) if known else 400
    assert seen.status == (401 if wanted == 400 and site.grpc else wanted), about
    if seen.status == 200 and site.upstream is not None:
        verify, dn = ("SUCCESS", f"CN={client}") if client else ("NONE", "")
        assert seen.body.startswith(f"verify={verify} dn={dn} as=".encode()), about
