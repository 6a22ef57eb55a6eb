"""Many generated sites in one nginx: it starts, nothing is to be said against them, and each lets in whom its intent names.

HANDCLASP_INTENTS=1000 makes more of them.
"""

import os
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from handclasp.adapters.tls_probe import TlsProbe
from handclasp.model.intent import AdmittedCertificate, OcspIntent, RateIntent, SiteIntent, UpstreamIntent
from handclasp.model.nginx import NginxVersion
from handclasp.model.probe import ClientIdentity, ProbeRequest
from handclasp.nginxconf.parse import parse
from handclasp.nginxconf.render import render_sites
from handclasp.nginxconf.tree import Directive, render
from tests.nginxconf_write.site_rig import SiteRig, issuer_dn, serial, site_rig
from tests.nginxconf_write.test_intents_random import ASKED, CLIENTS, drawn, expected
from tests.nginxconf_write.test_render_clean import findings

INTENTS = int(os.environ.get("HANDCLASP_INTENTS", "120"))
BATCH = 40
_BACK = "http://127.0.0.1:{}"


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[SiteRig]:
    with site_rig(tmp_path / "prefix") as made:
        yield made


def site(rig: SiteRig, chance: random.Random, number: int) -> SiteIntent:
    """A site with who may enter drawn at random, and any of the other wishes beside it."""
    drawn_site = drawn(rig, chance)
    names = (f"s{number}.test", *((f"*.s{number}.test",) if chance.random() < 0.3 else ()))
    return replace(drawn_site, server_names=names, rate=rate(chance))


def rate(chance: random.Random) -> RateIntent | None:
    return RateIntent(clients="10000r/s", burst=10_000) if chance.random() < 0.3 else None


@pytest.mark.parametrize("seed", range(max(1, INTENTS // BATCH)))
def test_everybody_gets_what_each_intent_says(rig: SiteRig, seed: int) -> None:
    chance = random.Random(seed)
    admitted = tuple(
        AdmittedCertificate(identity=name, issuer_dn=issuer_dn(rig.clients[name]), serial=serial(rig.clients[name]))
        for name in ("alice", "bob")
    )
    sites = [site(rig, chance, number) for number in range(BATCH)]
    texts = render_sites(((one, rig.material(admitted=admitted)) for one in sites), rig.version)
    assert texts == render_sites(((one, rig.material(admitted=admitted)) for one in sites), rig.version)
    rig.serve(*texts)
    assert findings(rig, rig.version) == ()
    for one in sites:
        for client in CLIENTS:
            for path in chance.sample(ASKED, 2):
                assert ask(rig, one, client, path) == expected(one, client, path), (one, client, path)


def ask(rig: SiteRig, one: SiteIntent, client: str | None, path: str) -> int | None:
    identity = None
    if client:
        chain = (rig.prefix / f"clients/{client}.pem").read_bytes()
        identity = ClientIdentity(certificate_chain=chain, private_key=rig.clients[client].key_pem)
    name = one.server_names[0]
    request = ProbeRequest(address="127.0.0.1", port=rig.port, sni=name, host=name, path=path, identity=identity)
    return TlsProbe().ask(request).status


VERSIONS = [NginxVersion(1, 18, 0), NginxVersion(1, 22, 1), NginxVersion(1, 26, 3), NginxVersion(1, 29, 7)]
UPSTREAMS = (
    None,
    UpstreamIntent(url=_BACK.format(8080), websocket=True, client_cert=True),
    UpstreamIntent(
        url="https://back.test", trusted_certificate="/c/up.pem", certificate="/c/o.pem", certificate_key="/c/o.key"
    ),
    UpstreamIntent(url="grpcs://rpc.test:50051", trusted_certificate="/c/up.pem"),
    UpstreamIntent(url="tls://db.test:5432", trusted_certificate="/c/up.pem"),
)


def words(directives: tuple[Directive, ...]) -> list[object]:
    """A tree without its places."""
    return [[list(item.values), None if item.children is None else words(item.children)] for item in directives]


@pytest.mark.parametrize("version", VERSIONS, ids=str)
@pytest.mark.parametrize("seed", range(30))
def test_what_is_rendered_is_read_back(rig_free: SiteRig, seed: int, version: NginxVersion) -> None:
    """The text is its tree, and the tree its text; a second rendering says the same."""
    chance = random.Random(seed)
    upstream = chance.choice(UPSTREAMS)
    made = replace(drawn(rig_free, chance), upstream=upstream)
    if made.stream:
        made = replace(made, paths=(), free_from=())
    elif version >= NginxVersion(1, 19, 0) and chance.random() < 0.3:
        made = replace(made, ocsp=OcspIntent(responder="http://127.0.0.1:8888/"))
    admitted = tuple(
        AdmittedCertificate(identity=name, issuer_dn="CN=CA", serial=f"0{name[0].upper()}") for name in ("alice", "bob")
    )
    (text,) = render_sites(((made, rig_free.material(admitted=admitted)),), version)
    document = parse(text)
    assert render(document) == text
    assert words(parse(render(document)).directives) == words(document.directives)


@pytest.fixture(scope="module")
def rig_free(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SiteRig]:
    with site_rig(tmp_path_factory.mktemp("free") / "prefix") as made:
        yield made
