"""Sites with different client CAs on one address: each takes the clients of its own, whatever root they share."""

from dataclasses import dataclass, replace

import pytest

from handclasp.adapters.tls_probe import TlsProbe
from handclasp.model.errors import PolicyError
from handclasp.model.intent import SiteIntent, SiteMaterial, UpstreamIntent
from handclasp.model.nginx import NginxVersion
from handclasp.model.probe import ProbeRequest, ProbeResult, TlsVersion
from handclasp.nginxconf.render import render_sites
from handclasp.nginxconf.render_main import render_main
from handclasp.nginxconf.render_stream import NAMES
from handclasp.pki.distinguished_name import rfc2253
from tests.nginx_rig import Issued, crl, free_port, make
from tests.nginxconf_write.site_rig import SiteRig

APP, PARTNER = "app.test", "partner.test"


@dataclass(frozen=True)
class Families:
    """The issuing CA of the rig, one beside it below the same root, one of a root of its own, and clients of each.

    `eve` comes from a CA that the one beside made in the name of the rig's.
    """

    rig: SiteRig
    beside: Issued
    partner: Issued
    clients: dict[str, tuple[Issued, ...]]

    def material(self, site: str, **changes: object) -> SiteMaterial:
        rig = self.rig
        ours = (rig.issuing, rig.root) if site == APP else (self.partner,)
        lists = crl(rig.issuing, rig.clients["mallory"]) + crl(rig.root) if site == APP else crl(self.partner)
        values: dict[str, object] = {
            "client_certificate": rig.write(f"{site}.ca.pem", b"".join(one.pem for one in ours)),
            "crl": rig.write(f"{site}.crl.pem", lists),
            "verify_depth": len(ours) - 1,
            "issuers": tuple(rfc2253(one.certificate.subject.public_bytes()) for one in ours),
            "session_mark": "0a0a0a0a" if site == APP else "0b0b0b0b",
            "error_log": rig.path(f"logs/{site}-error.log"),
            "access_log": rig.path(f"logs/{site}-access.log"),
        }
        return rig.material(**values | changes)

    def intent(self, site: str, **changes: object) -> SiteIntent:
        return self.rig.intent(server_names=(site,), **changes)

    def ask(
        self,
        client: str,
        site: str,
        *,
        session: bytes | None = None,
        tls: TlsVersion | None = None,
        sni: str | None = "",
        patience: float | None = None,
    ) -> ProbeResult:
        leaf, *above = self.clients[client]
        return TlsProbe().ask(
            ProbeRequest(
                address="127.0.0.1",
                port=self.rig.port,
                sni=site if sni == "" else sni,
                host=site,
                identity=leaf.identity(*above),
                tls=tls,
                session=session,
                patience=patience,
            )
        )


@pytest.fixture
def families(rig: SiteRig) -> Families:
    beside, partner = make("CA beside", rig.root, ca=True), make("Partner root", ca=True)
    impostor = make("Test issuing CA", beside, ca=True)
    clients = {name: (rig.clients[name], rig.issuing) for name in ("alice", "mallory")} | {
        "carol": (make("carol", beside), beside),
        "eve": (make("eve", impostor), impostor, beside),
        "dave": (make("dave", partner),),
    }
    return Families(rig, beside, partner, clients)


def serve(found: Families, *sites: str, version: NginxVersion | None = None, **intent: object) -> None:
    pairs = [(found.intent(site, **intent), found.material(site)) for site in sites]
    found.rig.serve(*render_sites(pairs, version or found.rig.version), foreign=version is not None)


@pytest.mark.parametrize("order", [(APP, PARTNER), (PARTNER, APP)], ids=["home first", "partner first"])
@pytest.mark.parametrize("version", [None, NginxVersion(1, 18, 0)], ids=["this nginx", "text for 1.18"])
def test_each_site_takes_the_clients_of_its_own_ca(
    families: Families, order: tuple[str, ...], version: NginxVersion | None
) -> None:
    serve(families, *order, version=version)
    for client, site in (("alice", APP), ("dave", PARTNER)):
        assert families.ask(client, site).status == 200
    wrong = [("carol", APP), ("eve", APP), ("dave", APP), ("mallory", APP), ("alice", PARTNER), ("carol", PARTNER)]
    for client, site in wrong:
        assert families.ask(client, site).status == 400, (client, site)


def test_the_issuer_alone_keeps_the_ca_beside_out(families: Families) -> None:
    """With the CRLs and the depth of the whole home, which `nginx render` names, nginx takes the path of a CA beside."""
    rig = families.rig
    rig.write("all.crl", crl(rig.issuing) + crl(rig.root) + crl(families.beside))
    given = families.material(APP, crl=rig.path("all.crl"), client_certificate=rig.path("ca.pem"), verify_depth=2)
    for intent in (families.intent(APP), families.intent(APP, free_from=("any",))):
        rig.serve(*render_sites([(intent, given)], rig.version))
        assert families.ask("alice", APP).status == 200
        assert families.ask("carol", APP).status == 403
        # The CA beside can make a CA of any name, but no CRL for it that its real key signed.
        assert families.ask("eve", APP).status == 400
    open_to_all = replace(given, issuers=())
    rig.serve(*render_sites([(families.intent(APP), open_to_all)], rig.version))
    assert families.ask("carol", APP).status == 200


@pytest.mark.parametrize("tls", TlsVersion)
@pytest.mark.parametrize("order", [(APP, PARTNER), (PARTNER, APP)], ids=["home first", "partner first"])
def test_no_session_of_one_site_opens_the_other(families: Families, order: tuple[str, ...], tls: TlsVersion) -> None:
    """CVE-2025-23419 and its kin: a session brings the verification of the site that it was made at."""
    serve(families, *order)
    for client, own, other in (("alice", APP, PARTNER), ("dave", PARTNER, APP)):
        first = families.ask(client, own, tls=tls)
        assert first.status == 200
        assert first.session is not None
        assert families.ask(client, own, tls=tls, session=first.session).status == 200
        assert families.ask(client, other, tls=tls, session=first.session).status != 200


def test_free_networks_do_not_let_the_wrong_ca_in(families: Families) -> None:
    serve(families, APP, PARTNER, free_from=("127.0.0.0/8",))
    assert families.ask("alice", APP).status == 200
    assert families.rig.curl(client=None)[0] == 200
    assert [families.ask(who, APP).status for who in ("carol", "dave", "mallory")] == [400, 400, 400]


@dataclass(frozen=True)
class Bytes:
    """Two sites of stream{} on one address, with a service behind each that says its name."""

    families: Families
    ports: dict[str, int]

    def texts(self, version: NginxVersion, **changes: object) -> tuple[str, ...]:
        return render_sites(
            [
                (
                    self.families.intent(site, upstream=UpstreamIntent(url=f"tcp://127.0.0.1:{port}")),
                    self.families.material(site, **changes),
                )
                for site, port in self.ports.items()
            ],
            version,
        )

    def serve(self, **changes: object) -> None:
        rig = self.families.rig
        build = rig.nginx.build()
        for number, text in enumerate(self.texts(build.version, **changes)):
            rig.write(f"streams/{number}.stream", text)
        back = "".join(f'server {{ listen 127.0.0.1:{port}; return "{site}"; }}\n' for site, port in self.ports.items())
        rig.write("streams/back.stream", back)
        loaded = () if build.stream else (f"{build.modules_path}/ngx_stream_module.so",)
        main = render_main(str(rig.prefix), user="root", modules=loaded, stream="streams/*.stream")
        rig.write("nginx.conf", main)
        tested = rig.nginx.test(prefix=str(rig.prefix), config=rig.config)
        assert tested.ok, tested.output
        assert "[warn]" not in tested.output
        rig.nginx.start(prefix=str(rig.prefix), config=rig.config)

    def hear(self, client: str, site: str, **how: object) -> str:
        return self.families.ask(client, site, patience=5, **how).body.decode()  # type: ignore[arg-type]


@pytest.fixture
def both(families: Families) -> Bytes:
    return Bytes(families, {APP: free_port(), PARTNER: free_port()})


def test_bytes_told_apart_by_name(both: Bytes) -> None:
    """Before nginx 1.25.5 stream{} knows no names, and it is said what to do."""
    version = both.families.rig.version
    if version < NAMES:
        with pytest.raises(PolicyError, match="cannot tell sites that pass bytes apart by name") as refused:
            both.texts(version)
        assert "an address or a port of its own" in (refused.value.hint or "")
        return
    both.serve()
    assert both.hear("alice", APP) == APP
    assert both.hear("dave", PARTNER) == PARTNER
    for client, site in (("alice", PARTNER), ("dave", APP), ("carol", APP), ("eve", APP), ("mallory", APP)):
        assert both.hear(client, site) == "", (client, site)
    for client in ("alice", "dave"):
        assert [both.hear(client, APP, sni=name) for name in (None, "unknown.test")] == ["", ""]
    for tls in TlsVersion:
        first = both.families.ask("alice", APP, tls=tls, patience=5)
        assert first.session is not None
        # With TLS 1.2 the session brings its own name, and so its own site.
        assert both.hear("alice", PARTNER, tls=tls, session=first.session) in {"", APP}


def test_bytes_for_one_ca_on_every_build(families: Families) -> None:
    alone = Bytes(families, {APP: free_port()})
    families.rig.write("all.crl", crl(families.rig.issuing) + crl(families.rig.root) + crl(families.beside))
    alone.serve(crl=families.rig.path("all.crl"), verify_depth=2)
    assert alone.hear("alice", APP) == APP
    assert alone.hear("alice", APP, sni=None) == APP
    assert [alone.hear(client, APP) for client in ("carol", "eve", "dave")] == ["", "", ""]


def test_the_text_for_a_build_that_knows_names(both: Bytes) -> None:
    first, second = both.texts(NAMES)
    assert first.count("default_server") == 1
    assert f"server_name {APP};" in first
    assert "default_server" not in second
