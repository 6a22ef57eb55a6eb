"""Samples for rules: a small set-up in a folder, told as text, and the evidence gathered from it like a person's."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from handclasp.adapters.file_tree import PosixFileTree
from handclasp.adapters.system_clock import SystemClock
from handclasp.app.evidence import Given, gather
from handclasp.lab.draft import Draft, healthy
from handclasp.lab.mint import Blank, name
from handclasp.model.evidence import Evidence, Seen
from handclasp.model.nginx import NginxBuild, NginxVersion
from handclasp.model.verdict import Side
from tests.diagnose.scenes import Scene, blank_pem

LOADED = datetime(2026, 1, 1, tzinfo=UTC)
BUILD = NginxBuild(path="/usr/sbin/nginx", version=NginxVersion(1, 22, 1), openssl="3.0.19")

MAIN = """\
error_log {here}/error.log info;
pid {here}/nginx.pid;
events {{ }}
http {{
    access_log off;
    ssl_certificate {here}/server.pem;
    ssl_certificate_key {here}/server.key;
{http}
}}
"""
TLS = "listen 127.0.0.1:8443 ssl; server_name site.test;"
ASKS = f"{TLS} ssl_client_certificate ca.pem; ssl_verify_client on;"
ANSWER = 'location / { return 200 "in\\n"; }'


@dataclass
class Workshop:
    """A folder with ca.pem, server.pem, server.key and peer.pem, and an nginx.conf made of the text for http{}."""

    folder: Path
    side: Side = Side.CLIENT
    intermediates: int = 0
    given: Given = field(default_factory=Given)
    scene: Scene = field(init=False)
    newer: tuple[str, ...] = ()
    seen: tuple[Seen, ...] = ()

    def __post_init__(self) -> None:
        draft = healthy(Random(7), self.side, self.intermediates)
        self.scene = Scene(self.folder, draft, trust=[draft.root])

    def http(self, text: str) -> "Workshop":
        """The configuration, by the text inside http{}."""
        self.scene.write()
        return self.main(MAIN.format(here=self.folder, http=text))

    def main(self, text: str) -> "Workshop":
        """The whole configuration."""
        self.put("nginx.conf", text.replace("{here}", str(self.folder)))
        return self

    def put(self, file: str, content: str | bytes) -> "Workshop":
        (self.folder / file).write_bytes(content if isinstance(content, bytes) else content.encode())
        return self

    def say(self, **given: object) -> "Workshop":
        """More of what a person gives on the command line."""
        self.given = replace(self.given, **given)  # type: ignore[arg-type]
        return self

    def sends(self, *what: str) -> "Workshop":
        """The client (or upstream) presents the certificates of peer.pem; with "" it sends none."""
        path = what[0] if what else str(self.folder / "peer.pem")
        key = "client_certificate" if self.side is Side.CLIENT else "upstream_chain"
        return self.say(**{key: path})

    def other_ca(self, file: str = "other.pem") -> Blank:
        """A second CA, in a file of its own."""
        made = self.scene.draft.authority(name(("O", "Elsewhere"), ("CN", "Elsewhere Root")))
        self.put(file, blank_pem(made))
        return made

    def leaf_of(self, issuer: Blank, common_name: str, file: str) -> Blank:
        """A client certificate of some CA, in a file."""
        made: Blank = self.draft.end_entity(name(("CN", common_name)), issuer)
        self.put(file, blank_pem(made))
        return made

    def sees(self, *seen: Seen) -> "Workshop":
        """What a live address showed."""
        self.seen = seen
        return self

    def changed(self, *files: str) -> "Workshop":
        """An nginx runs with all this, and these files were written after it had read them."""
        self.newer = files
        return self

    @property
    def draft(self) -> Draft:
        return self.scene.draft

    def evidence(self, *, build: NginxBuild = BUILD) -> Evidence:
        given = replace(self.given, config=self.given.config or str(self.folder / "nginx.conf"), side=self.side)
        evidence = replace(gather(given, PosixFileTree(), now=SystemClock().now(), build=build), seen=self.seen)
        if not self.newer:
            return evidence
        times = {str(self.folder / file): LOADED + timedelta(minutes=1) for file in self.newer}
        return replace(evidence, loaded=LOADED, changed=dict.fromkeys(evidence.files, LOADED - timedelta(days=1)) | times)


@dataclass(frozen=True)
class Sample:
    """One set-up for one rule. `cause`: what it must report; None: it must be quiet. `severity` of that finding."""

    rule: str
    name: str
    make: Callable[[Workshop], Workshop]
    cause: str | None = None
    severity: str = "error"
    side: Side = Side.CLIENT
    intermediates: int = 0
    version: str = "1.22.1"
    openssl: str = "3.0.19"

    @property
    def label(self) -> str:
        return f"{self.rule}-{self.name}"
