"""Broken set-ups as a person would have them: a folder with nginx.conf, PEM files, and what the peer sends."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from handclasp.lab import extensions as ext
from handclasp.lab import mint
from handclasp.lab.case import pem
from handclasp.lab.draft import Draft, healthy
from handclasp.lab.mint import PAST, Blank, name
from handclasp.model.verdict import Side


def blank_pem(blank: Blank) -> str:
    return pem(mint.certificate(blank))


@dataclass
class Scene:
    """A folder in the making. `nginx` and `upstream` are lines for the server and for its location."""

    folder: Path
    draft: Draft
    trust: list[Blank] = field(default_factory=list)
    sends: list[Blank] | None = None
    extra: list[Blank] = field(default_factory=list)
    server_chain: list[Blank] = field(default_factory=list)
    nginx: str = ""
    location: str = 'return 200 "in\\n";'
    level: str = "info"

    def write(self) -> None:
        server = self.draft.end_entity(name(("CN", "site.test")), None)
        own = Draft(side=Side.UPSTREAM, random=Random(1), tiers=[], presented=[], store=[])
        server = own.end_entity(name(("CN", "site.test")), None)
        server.key = self.draft.new_key()
        self.put("server.pem", blank_pem(server) + "".join(blank_pem(item) for item in self.server_chain))
        self.put("server.key", server.key.pem)
        self.put("ca.pem", "".join(blank_pem(item) for item in self.trust))
        sends = self.draft.presented if self.sends is None else self.sends
        self.put("peer.pem", "".join(blank_pem(item) for item in sends))
        self.put("peer.key", self.draft.leaf.key.pem)
        for number, item in enumerate(self.extra):
            self.put(f"extra{number}.pem", blank_pem(item))
        if self.draft.crls is not None:
            self.put("crl.pem", "".join(pem(mint.crl(item), "X509 CRL") for item in self.draft.crls))
        self.put("nginx.conf", CONFIG.format(here=self.folder, nginx=self.nginx, location=self.location, level=self.level))

    def put(self, file: str, text: str) -> None:
        (self.folder / file).write_text(text)


CONFIG = """\
error_log {here}/error.log {level};
pid {here}/nginx.pid;
events {{ }}
http {{
    access_log off;
    server {{
        listen 127.0.0.1:8443 ssl;
        server_name site.test;
        ssl_certificate server.pem;
        ssl_certificate_key server.key;
        {nginx}
        location / {{
            {location}
        }}
    }}
}}
"""

CLIENT = "ssl_client_certificate ca.pem; ssl_verify_client on;"
UPSTREAM = (
    "proxy_pass https://127.0.0.1:9443; proxy_ssl_verify on; proxy_ssl_trusted_certificate ca.pem; proxy_ssl_name lab.test;"
)


def _client(folder: Path, intermediates: int = 1) -> Scene:
    draft = healthy(Random(7), Side.CLIENT, intermediates)
    return Scene(folder, draft, trust=[draft.root], nginx=CLIENT)


def _upstream(folder: Path, intermediates: int = 1) -> Scene:
    draft = healthy(Random(7), Side.UPSTREAM, intermediates)
    return Scene(folder, draft, trust=[draft.root], location=UPSTREAM)


def _other_root(scene: Scene) -> Blank:
    return scene.draft.authority(name(("O", "Elsewhere"), ("CN", "Elsewhere Root")))


def ca_not_trusted(folder: Path) -> Scene:
    scene = _client(folder, 0)
    scene.trust = [_other_root(scene)]
    return scene


def ca_not_trusted_at_hand(folder: Path) -> Scene:
    scene = ca_not_trusted(folder)
    scene.extra = [scene.draft.root]
    return scene


def ca_and_intermediate_not_trusted(folder: Path) -> Scene:
    """The root alone would help nobody: the intermediate is neither sent nor trusted."""
    scene = _client(folder)
    scene.trust = [_other_root(scene)]
    scene.sends = [scene.draft.leaf]
    scene.extra = [scene.draft.root, scene.draft.tiers[1]]
    return scene


def issued_by_a_client(folder: Path) -> Scene:
    """The holder of a client certificate signed another one; counted as an intermediate it is also one too many."""
    scene = _client(folder)
    holder = scene.draft.leaf
    scene.sends = [scene.draft.end_entity(name(("CN", "guest")), holder), holder, scene.draft.tiers[1]]
    return scene


def intermediate_missing(folder: Path) -> Scene:
    scene = _client(folder)
    scene.sends = [scene.draft.leaf]
    scene.extra = [scene.draft.tiers[1]]
    return scene


def trust_intermediate_only(folder: Path) -> Scene:
    scene = _client(folder)
    scene.trust = [scene.draft.tiers[1]]
    scene.extra = [scene.draft.root]
    return scene


def trust_intermediate_of_both_sides(folder: Path) -> Scene:
    """The server sends the same intermediate: it is no certificate of the server for that."""
    scene = trust_intermediate_only(folder)
    scene.server_chain = [scene.draft.tiers[1]]
    return scene


def depth_local(folder: Path) -> Scene:
    scene = _client(folder, 2)
    scene.trust = scene.draft.tiers[1:]
    scene.sends = [scene.draft.leaf]
    return scene


def depth_sent(folder: Path) -> Scene:
    return _client(folder, 2)


def expired(folder: Path) -> Scene:
    scene = _client(folder)
    scene.draft.leaf.not_after = PAST
    return scene


def revoked(folder: Path) -> Scene:
    scene = _client(folder)
    scene.draft.with_crls()[0].revoked = [(scene.draft.leaf.serial, 1, ())]
    scene.nginx += " ssl_crl crl.pem;"
    return scene


def crl_missing(folder: Path) -> Scene:
    scene = _client(folder)
    scene.draft.with_crls().pop()
    scene.nginx += " ssl_crl crl.pem;"
    return scene


def crl_expired(folder: Path) -> Scene:
    scene = _client(folder)
    scene.draft.with_crls()[1].next_update = mint.RECENT
    scene.draft.with_crls()[1].this_update = PAST
    scene.nginx += " ssl_crl crl.pem;"
    return scene


def eku(folder: Path) -> Scene:
    scene = _client(folder)
    scene.draft.leaf.put("extKeyUsage", ext.extended_key_usage("serverAuth"))
    return scene


def nothing_sent(folder: Path) -> Scene:
    scene = _client(folder)
    scene.sends = []
    return scene


def silent_log(folder: Path) -> Scene:
    scene = _client(folder)
    scene.sends = []
    scene.level = "error"
    return scene


def upstream_ca(folder: Path) -> Scene:
    scene = _upstream(folder)
    scene.trust = [_other_root(scene)]
    scene.extra = [scene.draft.root]
    return scene


def upstream_intermediate(folder: Path) -> Scene:
    scene = _upstream(folder)
    scene.sends = [scene.draft.leaf]
    scene.extra = [scene.draft.tiers[1]]
    return scene


def upstream_depth(folder: Path) -> Scene:
    return _upstream(folder, 2)


def upstream_name(folder: Path) -> Scene:
    scene = _upstream(folder)
    scene.location = scene.location.replace("proxy_ssl_name lab.test", "proxy_ssl_name backend")
    return scene


SCENES: dict[str, tuple[Callable[[Path], Scene], str]] = {
    "ca-not-trusted": (ca_not_trusted, "client-ca-not-trusted"),
    "ca-not-trusted-at-hand": (ca_not_trusted_at_hand, "client-ca-not-trusted"),
    "ca-and-intermediate-not-trusted": (ca_and_intermediate_not_trusted, "client-ca-not-trusted"),
    "issued-by-a-client": (issued_by_a_client, "client-issuer-not-a-ca"),
    "intermediate-missing": (intermediate_missing, "client-intermediate-missing"),
    "trust-intermediate-only": (trust_intermediate_only, "client-trust-intermediate-only"),
    "trust-intermediate-of-both-sides": (trust_intermediate_of_both_sides, "client-trust-intermediate-only"),
    "depth-local": (depth_local, "client-verify-depth-too-small"),
    "depth-sent": (depth_sent, "client-verify-depth-too-small"),
    "expired": (expired, "client-cert-expired"),
    "revoked": (revoked, "client-cert-revoked"),
    "crl-missing": (crl_missing, "client-crl-missing-for-a-level"),
    "crl-expired": (crl_expired, "client-crl-expired"),
    "eku": (eku, "client-eku-lacks-clientauth"),
    "nothing-sent": (nothing_sent, "client-sent-no-cert"),
    "silent-log": (silent_log, "error-log-level-hides-reason"),
    "upstream-ca": (upstream_ca, "upstream-ca-not-trusted"),
    "upstream-intermediate": (upstream_intermediate, "upstream-missing-intermediate"),
    "upstream-depth": (upstream_depth, "upstream-verify-depth-too-small"),
    "upstream-name": (upstream_name, "upstream-name-mismatch"),
}
