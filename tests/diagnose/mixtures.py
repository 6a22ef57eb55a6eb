"""Set-ups with several faults at once, from a seed: other names, layouts, keys and chain lengths than the lab's own.

Every fault knows the cause that a diagnosis must tell of it. Faults that cannot be seen together are never drawn together.
"""

from datetime import UTC, datetime
from random import Random

from handclasp.lab import extensions as ext
from handclasp.lab import mint
from handclasp.lab.case import pem
from handclasp.lab.draft import Draft
from handclasp.lab.mint import Blank, name
from handclasp.model.evidence import Evidence
from handclasp.model.nginx import NginxBuild, NginxVersion
from handclasp.model.verdict import Side
from tests.diagnose import mixture_peers as peers
from tests.diagnose import mixture_settings as settings
from tests.diagnose.mixture_parts import Mixture, Party, block, own
from tests.diagnose.mixture_peers import Fault
from tests.diagnose.mixture_settings import START, der_file

AT = datetime(2030, 1, 1, tzinfo=UTC)
BUILDS = (
    NginxBuild(path="nginx", version=NginxVersion(1, 18, 0), openssl="1.1.1w"),
    NginxBuild(path="nginx", version=NginxVersion(1, 22, 1), openssl="3.0.19"),
    NginxBuild(path="nginx", version=NginxVersion(1, 26, 3), openssl="3.5.7"),
)
_COMPANIES = ("Nordwind", "Acme GmbH", "东方物流", "Łódź Energia", "O'Brien & Sons", "shop")
_HOSTS = ("api.shop.example", "pay.internal", "gw-1.prod.corp", "mtls.xn--bcher-kva.example")
_FOLDERS = ("/etc/nginx/pki", "/etc/ssl/mtls", "/srv/certs", "/etc/nginx")
_KEYS = ("p256", "p256", "rsa2048", "p384", "ed25519")
_LAYOUTS = ("one-file", "conf.d", "sites-enabled", "http-level")


def mixture(seed: int) -> Mixture:
    """The set-up of a seed: none to four faults, of the peers, of the configuration, sometimes one that keeps nginx down."""
    random = Random(seed)
    made = _sound(random)
    parties = [party for party in (made.client, made.upstream) if party is not None]
    wanted = random.choice((0, 1, 1, 2, 2, 3, 4))
    start = random.random() < 0.12
    taken: set[tuple[Side, Fault]] = set()
    for _ in range(wanted):
        party = random.choice(parties)
        pool = peers.PEER if party.side is Side.UPSTREAM or random.random() < 0.6 else settings.CONFIG
        fault = random.choice(pool)
        chosen = {other for side, other in taken if side is party.side} | {fault}
        if (party.side, fault) in taken or any(len(group & chosen) > 1 for group in (*peers.APART, *settings.APART)):
            continue
        _damage(made, party, fault)
        taken.add((party.side, fault))
    if start:
        # Put right, a directive that insists on a certificate shuts the hole beside it.
        _damage(made, made.client, random.choice(START if made.client.verify == "on" else (der_file,)))
    return made


def _damage(made: Mixture, party: Party, fault: Fault) -> None:
    causes = fault(made, party)
    if causes is not None:
        made.faults.append(f"{party.side.value}.{fault.__name__}")
        made.expected.append(causes)


def _sound(random: Random) -> Mixture:
    company = random.choice(_COMPANIES)
    both = random.random() < 0.35
    made = Mixture(
        random=random,
        company=company,
        host=random.choice(_HOSTS),
        folder=random.choice(_FOLDERS),
        layout=random.choice(_LAYOUTS),
        build=random.choice(BUILDS),
        client=_party(random, Side.CLIENT, company),
        upstream=_party(random, Side.UPSTREAM, company) if both else None,
    )
    if random.random() < 0.5:
        made.bystanders.append(block("listen 80;", f"server_name {made.host};", "return 301 https://$host$request_uri;"))
    if random.random() < 0.3:
        made.bystanders.append(block("listen 8443 ssl;", "server_name www.example;", *own(made), 'return 200 "open";'))
    return made


def _party(random: Random, side: Side, company: str) -> Party:
    draft = Draft(side=side, random=random, tiers=[], presented=[], store=[])
    length = random.choice((0, 1, 1, 2, 3, 4))
    above: Blank | None = None
    tiers: list[Blank] = []
    for level in range(length + 1):
        title = "Root" if level == 0 else f"Issuing CA {level}"
        above = draft.authority(name(("O", company), ("CN", f"{side.value} {title}")), above, kind=random.choice(_KEYS))
        tiers.insert(0, above)
    leaf = draft.end_entity(name(("O", company), ("CN", "device 7" if side is Side.CLIENT else "origin")), above)
    leaf.key = draft.new_key(random.choice(_KEYS))
    if side is Side.UPSTREAM:
        leaf.put("subjectAltName", ext.general_names(("dns", "origin.internal")))
    tiers.insert(0, leaf)
    draft.tiers = tiers
    return Party(
        side=side, draft=draft, tiers=tiers, sends=tiers[:-1], trust=[tiers[-1]], crls=None,
        depth=length if length > 1 else None,
    )  # fmt: skip


def _client_lines(made: Mixture) -> list[str]:
    party, folder = made.client, made.folder
    return [
        f"ssl_client_certificate {folder}/clients.pem;",
        f"ssl_verify_client {party.verify};",
        *([f"ssl_verify_depth {party.depth};"] if party.depth else []),
        *([f"ssl_crl {folder}/clients.crl;"] if party.crls is not None else []),
    ]


def _location(made: Mixture) -> str:
    party, folder = made.upstream, made.folder
    if party is None:
        return f"location / {{ proxy_pass http://10.1.2.3:8080; {' '.join(made.location)} }}"
    lines = [
        "proxy_pass https://10.1.2.3:8443;",
        "proxy_ssl_name origin.internal;",
        "proxy_ssl_server_name on;",
        "proxy_ssl_verify on;",
        f"proxy_ssl_trusted_certificate {folder}/origin-ca.pem;",
        *([f"proxy_ssl_verify_depth {party.depth};"] if party.depth else []),
        *([f"proxy_ssl_crl {folder}/origin.crl;"] if party.crls is not None else []),
        *made.location,
    ]
    return f"location / {{ {' '.join(lines)} }}"


def evidence(made: Mixture) -> Evidence:
    """What a person would bring: configuration, files, both chains. No log lines, no page."""
    client, upstream = made.client, made.upstream
    files: dict[str, bytes | None] = dict(made.files)
    for party, label in ((client, "clients"), (upstream, "origin-ca")):
        if party is None:
            continue
        trust = _pems(party.trust) if party.trust_file is None else party.trust_file
        files[f"{made.folder}/{label}.pem"] = trust
        if party.crls is not None:
            lists = "".join(pem(mint.crl(crl), "X509 CRL") for crl in party.crls).encode()
            files[f"{made.folder}/{'clients' if party is client else 'origin'}.crl"] = lists
    server = client.draft.end_entity(name(("CN", made.host)), None)
    server.put("subjectAltName", ext.general_names(("dns", made.host)))
    files[f"{made.folder}/server.crt"] = pem(mint.certificate(server)).encode()
    files |= _configuration(made)
    return Evidence(
        at=AT,
        root="/etc/nginx/nginx.conf",
        prefix="/etc/nginx",
        files=files,
        keys={f"{made.folder}/server.key": server.key.spki},
        build=made.build,
        server=made.host,
        presented=_pems(client.sends),
        upstream_chain=_pems(upstream.sends) if upstream else None,
    )


def _pems(blanks: list[Blank]) -> bytes:
    return "".join(pem(mint.certificate(blank)) for blank in blanks).encode()


def _configuration(made: Mixture) -> dict[str, bytes]:
    """The same directives in one of four layouts."""
    tls = _client_lines(made)
    outside = tls if made.layout == "http-level" and not made.bystanders else []
    snippet = made.layout == "sites-enabled"
    inside = [] if outside else (["include snippets/mtls.conf;"] if snippet else tls)
    site = block("listen 443 ssl;", f"server_name {made.host};", *own(made), *inside, *made.server, _location(made))
    sites = {
        "one-file": {}, "http-level": {},
        "conf.d": {"conf.d/50-site.conf": site, "conf.d/99-rest.conf": "".join(made.bystanders)},
        "sites-enabled": {
            "snippets/mtls.conf": "\n".join(tls), "sites-enabled/site": site, "sites-enabled/zz-rest": "".join(made.bystanders),
        },
    }[made.layout]  # fmt: skip
    body = f"include {made.layout}/*;" if sites else site + "".join(made.bystanders)
    if sites and made.layout == "conf.d":
        body = "include conf.d/*.conf;"
    main = (
        f"error_log logs/error.log {made.level};\nevents {{ }}\nhttp {{\n"
        + "\n".join(["access_log off;", *made.http, *outside])
        + f"\n{body}\n}}\n"
    )
    return {f"/etc/nginx/{path}": text.encode() for path, text in ({"nginx.conf": main} | sites).items()}
