"""Three broken set-ups on a real nginx: what it says, what the doctor says, and what it says after the doctor's patch."""

import contextlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from handclasp.app.demo_stage import Mint, Party, Stage
from handclasp.app.doctor import examine
from handclasp.app.evidence import Given, gather
from handclasp.app.probe import presented_by
from handclasp.model.demo import Act, Repaired
from handclasp.model.finding import Answer
from handclasp.model.probe import ClientIdentity, ProbeRequest
from handclasp.model.verdict import Side
from handclasp.nginxconf.render_main import FOLDERS, render_main

_SITE = "shop.localhost"
_BACKEND = "backend.internal"
_COMPLAINT = re.compile(r"^.*(?:verify error|no required SSL certificate).*$", re.MULTILINE)
_SERVER = """\
server {{
    listen 127.0.0.1:{port} ssl;
    server_name {name};
    ssl_certificate pki/server.pem;
    ssl_certificate_key pki/server.key;
{guard}
    location / {{
        {inside}
    }}
}}
"""
_GUARD = """
    ssl_verify_client on;
    ssl_client_certificate pki/clients-ca.pem;
"""
_INSIDE = 'return 200 "inside\\n";'
_PROXY = """\
proxy_pass https://127.0.0.1:{port};
        proxy_ssl_verify on;
        proxy_ssl_name {name};
        proxy_ssl_trusted_certificate pki/upstream-ca.pem;"""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Setup:
    """A folder with an nginx in it: `files` below pki/, and the text of its site for a port."""

    stage: Stage
    name: str
    files: dict[str, bytes]
    site: Callable[[int], str]

    @property
    def folder(self) -> str:
        """Where it is."""
        return f"{self.stage.folder}/{self.name}"

    @property
    def config(self) -> str:
        """Its main file."""
        return f"{self.folder}/nginx.conf"

    @contextlib.contextmanager
    def running(self) -> Iterator[int]:
        """Write it, start its nginx, and stop that in the end; yields the port."""
        tree, nginx = self.stage.gear.files, self.stage.gear.nginx
        for folder in (*FOLDERS, "pki"):
            tree.make_folder(f"{self.folder}/{folder}")
        for name, content in self.files.items():
            tree.write(f"{self.folder}/pki/{name}", content, mode=0o600 if name.endswith(".key") else 0o644)
        tree.write(self.config, render_main(self.folder).encode())
        try:
            yield self.stage.on_free_port(self._start)
        finally:
            nginx.stop(prefix=self.folder, config=self.config)

    def _start(self, port: int) -> int:
        self.stage.gear.files.write(f"{self.folder}/sites/site.conf", self.site(port).encode())
        self.stage.gear.nginx.start(prefix=self.folder, config=self.config)
        return port

    def ask(self, port: int, identity: ClientIdentity | None) -> Answer:
        """What a client gets, and the line that nginx logs about it."""
        before = len(self._log())
        seen = self.stage.gear.probe.ask(
            ProbeRequest(address="127.0.0.1", port=port, sni=_SITE, host=f"{_SITE}:{port}", identity=identity)
        )
        lines = _COMPLAINT.findall(self._log()[before:])
        return Answer(status=seen.status, title=seen.title or seen.error, log=lines[-1] if lines else None)

    def _log(self) -> str:
        return self.stage.gear.files.read(f"{self.folder}/logs/error.log").decode(errors="replace")

    def repaired(
        self, act: Act, expected: str, port: int, identity: ClientIdentity | None, upstream_chain: str | None = None
    ) -> Repaired:
        """Ask nginx, ask the doctor, apply its first remedy, ask nginx again."""
        files, nginx, tools = self.stage.gear.files, self.stage.gear.nginx, self.stage.tools
        before = self.ask(port, identity)
        given = Given(
            config=self.config,
            prefix=self.folder,
            client_certificate=f"{self.folder}/pki/client.pem" if identity else None,
            upstream_chain=upstream_chain,
            lines=(before.log,) if before.log else (),
            side=Side.UPSTREAM if upstream_chain else Side.CLIENT,
            server=_SITE,
        )
        evidence = gather(given, files, now=self.stage.gear.clock.now(), build=nginx.build())
        proven = examine(evidence, tools, client_key=identity.private_key if identity else None)
        findings = proven.diagnosis.findings
        edits = findings[0].remedies[0].edits if findings and findings[0].remedies else ()
        for edit in edits:
            files.write(edit.path, edit.after)
        if edits:
            nginx.reload(prefix=self.folder, config=self.config)
        return Repaired(
            act=act,
            config=self.config,
            expected=expected,
            before=before,
            diagnosis=proven.diagnosis,
            after=self.ask(port, identity) if edits else None,
            failed=proven.failed,
        )


def intermediate_only(stage: Stage) -> Repaired:
    """Only the intermediate is in ssl_client_certificate; the root lies beside it."""
    mint = Mint(stage.home)
    root = mint.root("Shop Root CA")
    client = mint.client("dora", mint.authority("Shop Clients CA", root))
    files = {"clients-ca.pem": client.above[0].pem, "root.pem": root.pem}
    return _client_side(stage, Act.INTERMEDIATE_ONLY, "client-trust-intermediate-only", client, files)


def depth(stage: Stage) -> Repaired:
    """Two intermediates between client and root, and ssl_verify_depth left at its default of 1."""
    mint = Mint(stage.home)
    policy = mint.authority("Shop Policy CA", mint.root("Shop Root CA"))
    client = mint.client("dora", mint.authority("Shop Clients CA", policy))
    files = {"clients-ca.pem": b"".join(party.pem for party in reversed(client.above))}
    return _client_side(stage, Act.DEPTH, "client-verify-depth-too-small", client, files)


def upstream(stage: Stage) -> Repaired:
    """An upstream with a private CA is verified against another CA; the right one lies beside it."""
    mint = Mint(stage.home)
    backend = mint.server(_BACKEND, mint.root("Backend Root CA"))
    behind = _Setup(
        stage=stage,
        name="backend",
        files={"server.pem": backend.chain, "server.key": backend.key_pem},
        site=lambda port: _SERVER.format(port=port, name=_BACKEND, guard="", inside=_INSIDE),
    )
    with behind.running() as target:
        proxy = _PROXY.format(port=target, name=_BACKEND)
        front = _Setup(
            stage=stage,
            name=Act.UPSTREAM.value,
            files={
                **_own(mint),
                "upstream-ca.pem": mint.root("Elsewhere Root CA").pem,
                "backend-root.pem": backend.above[0].pem,
            },
            site=lambda port: _SERVER.format(port=port, name=_SITE, guard="", inside=proxy),
        )
        chain = presented_by(stage.gear.probe, f"127.0.0.1:{target}", sni=_BACKEND)
        path = f"{stage.folder}/upstream-chain.der"
        stage.gear.files.write(path, chain[0])
        with front.running() as port:
            return front.repaired(Act.UPSTREAM, "upstream-ca-not-trusted", port, None, path)


def _client_side(stage: Stage, act: Act, expected: str, client: Party, files: dict[str, bytes]) -> Repaired:
    setup = _Setup(
        stage=stage,
        name=act.value,
        files={**_own(Mint(stage.home)), **files, "client.pem": client.chain},
        site=lambda port: _SERVER.format(port=port, name=_SITE, guard=_GUARD, inside=_INSIDE),
    )
    with setup.running() as port:
        return setup.repaired(act, expected, port, client.identity)


def _own(mint: Mint) -> dict[str, bytes]:
    """The certificate of nginx itself: of another CA than its clients', as it is in most places."""
    server = mint.server(_SITE, mint.root("Shop Server CA"))
    return {"server.pem": server.chain, "server.key": server.key_pem}
