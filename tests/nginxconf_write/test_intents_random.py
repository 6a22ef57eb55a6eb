"""Generated intents on a real nginx: everybody gets exactly what the intent says, judged by a few lines of Python."""

import random

import pytest

from handclasp.adapters.tls_probe import TlsProbe
from handclasp.model.intent import AdmittedCertificate, PathIntent, SiteIntent
from handclasp.model.nginx import NginxVersion
from handclasp.model.probe import ClientIdentity, ProbeRequest
from handclasp.nginxconf.render import render_site
from tests.nginxconf_write.site_rig import SiteRig, issuer_dn, serial

CLIENTS = ("alice", "bob", "stranger", "mallory", None)
PATHS = ("/a", "/a/b", "/a/b/c", "/ab", "/x-y", "/x-y/z.txt")
ASKED = ("/", "/a", "/a/", "/a/b", "/a/bb", "/a/b/c/d", "/ab", "/abc", "/x-y", "/x-y/z.txt", "/x-y/z.txt/1", "/x")
LISTS: tuple[tuple[str, ...] | None, ...] = (None, ("alice",), ("bob",), ("alice", "bob"))
NETWORKS: tuple[tuple[str, ...], ...] = ((), (), ("127.0.0.0/8",), ("10.0.0.0/8",), ("any",), ("10.0.0.0/8", "127.0.0.1/32"))
HERE = {"127.0.0.0/8", "127.0.0.1/32", "any"}


def drawn(rig: SiteRig, chance: random.Random) -> SiteIntent:
    paths = tuple(
        PathIntent(path=path, allow=chance.choice(LISTS), free_from=chance.choice(NETWORKS))
        for path in chance.sample(PATHS, chance.randint(0, 4))
    )
    return rig.intent(allow=chance.choice(LISTS), free_from=chance.choice(NETWORKS), paths=paths)


def expected(site: SiteIntent, client: str | None, path: str) -> int:
    """What the intent says, without nginx's tables."""
    if client in {"stranger", "mallory"}:
        return 400
    fitting = [zone for zone in site.paths if path == zone.path or path.startswith(f"{zone.path}/")]
    zone = max(fitting, key=lambda each: len(each.path), default=site.zones[0])
    if HERE & set(zone.free_from):
        return 200
    if client is None:
        return 400
    return 200 if zone.allow is None or client in zone.allow else 403


@pytest.mark.parametrize("version", [None, NginxVersion(1, 18, 0)], ids=["this nginx", "text for 1.18"])
@pytest.mark.parametrize("seed", range(8))
def test_everybody_gets_what_the_intent_says(rig: SiteRig, seed: int, version: NginxVersion | None) -> None:
    chance = random.Random(seed)
    admitted = tuple(
        AdmittedCertificate(identity=name, issuer_dn=issuer_dn(rig.clients[name]), serial=serial(rig.clients[name]))
        for name in ("alice", "bob")
    )
    for _ in range(3):
        site = drawn(rig, chance)
        text = render_site(site, rig.material(admitted=admitted), version or rig.version)
        rig.serve(text, foreign=version is not None)
        for client in CLIENTS:
            for path in ASKED:
                assert ask(rig, client, path) == expected(site, client, path), (site, client, path)


def ask(rig: SiteRig, client: str | None, path: str) -> int | None:
    identity = None
    if client:
        chain = (rig.prefix / f"clients/{client}.pem").read_bytes()
        identity = ClientIdentity(certificate_chain=chain, private_key=rig.clients[client].key_pem)
    request = ProbeRequest(address="127.0.0.1", port=rig.port, sni="app.test", host="app.test", path=path, identity=identity)
    return TlsProbe().ask(request).status
