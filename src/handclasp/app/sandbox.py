"""Runs a sandboxed copy of a configuration: written below one folder, tested, started, asked, changed, and taken away."""

import contextlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from handclasp.app.crashpoint import crashpoint
from handclasp.catalogue.stock_directives import of_another_module, right_name
from handclasp.model.errors import UsageError, WorldError
from handclasp.model.probe import ProbeRequest, ProbeResult
from handclasp.nginxconf import listen
from handclasp.nginxconf import sandbox_survey as survey
from handclasp.nginxconf.sandbox import CONFIG, FOLDERS, LOG, Composed, SandboxPlan, Setting, compose
from handclasp.nginxconf.sandbox_survey import KeyPair, Socket, Target
from handclasp.pki.twin import OCTETS, first_certificate, key_from, pem_of_key, spki_of, twin
from handclasp.ports.clock import Entropy
from handclasp.ports.files import FileTree
from handclasp.ports.free_ports import FreePorts
from handclasp.ports.nginx import Nginx, TestResult
from handclasp.ports.probe import Probe

_UNKNOWN = re.compile(r'unknown directive "([^"]+)"')
_STARTS = 3
_TICKET_KEY = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxTools:
    """The ports a sandbox needs. `user`: account of the workers when this process is root's, else None.

    `plain` asks as `probe` does, without TLS.
    """

    nginx: Nginx
    files: FileTree
    probe: Probe
    plain: Callable[[ProbeRequest], ProbeResult]
    free_ports: FreePorts
    entropy: Entropy
    user: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What was answered, and the lines nginx logged about it."""

    result: ProbeResult
    log: tuple[str, ...]


@contextlib.contextmanager
def sandbox(tools: SandboxTools, plan: SandboxPlan, *, at: str | None = None) -> Iterator["RunningSandbox"]:
    """A running copy, gone without a trace at the end. Look at `test` first: a configuration that nginx refuses does not run.

    What killed runs left is stopped and taken away first. `at`: its folder; None: somewhere for temporary files.

    Raises:
        WorldError: nginx cannot be run at all, or accepts the copy and still does not come up.
    """
    for left in tools.files.left_behind() if at is None else (at,):
        tools.nginx.stop(prefix=left, config=f"{left}/{CONFIG}")
    with tools.files.scratch(at) as folder:
        running = RunningSandbox(tools, folder)
        try:
            running.update(plan)
            yield running
        finally:
            tools.nginx.stop(prefix=folder, config=running.config)


class RunningSandbox:
    """A copy of a configuration on this machine.

    `test`: what nginx -t says of it. `notes`: what the copy lacks. `sockets`: original listen address to port on 127.0.0.1.
    """

    def __init__(self, tools: SandboxTools, folder: str) -> None:
        self.tools = tools
        self.folder = folder
        self.config = f"{folder}/{CONFIG}"
        self.test = TestResult(ok=False, output="")
        self.notes: tuple[str, ...] = ()
        self.sockets: dict[Socket, int] = {}
        self.beside: dict[Socket, int] = {}
        self.stubs: dict[Target, int] = {}
        self.control = 0
        self._keys: dict[str, ec.EllipticCurvePrivateKey] = {}
        self._made: dict[tuple[x509.Certificate | None, str], bytes] = {}
        self._written: dict[str, bytes] = {}
        self._drop: frozenset[str] = frozenset()

    @property
    def runs(self) -> bool:
        """Whether nginx accepted the copy, so that it can be asked."""
        return self.test.ok

    def update(self, plan: SandboxPlan) -> TestResult:
        """Make the copy say what `plan` says, and reload. A configuration that nginx refuses stops the copy.

        Ports and stand-in keys stay what they were. Raises WorldError as `sandbox`.
        """
        for name in FOLDERS:
            self.tools.files.make_folder(f"{self.folder}/{name}", mode=0o700)
        before = self._written if self.runs else None
        for attempt in range(1, _STARTS + 1):
            self._choose_ports(plan)
            self._write_accepted(plan)
            if self._written == before:
                break
            if not self.test.ok:
                self.tools.nginx.stop(prefix=self.folder, config=self.config)
                break
            try:
                self._serve()
            except WorldError as error:
                # Somebody else was quicker with one of the ports.
                if "in use" not in error.what or attempt == _STARTS:
                    raise
                self._forget_ports()
            else:
                break
        return self.test

    def forget(self) -> None:
        """Load the same configuration anew: what nginx remembers of its upstreams is gone. Raises WorldError as `sandbox`."""
        if self.runs:
            self.tools.nginx.reload(prefix=self.folder, config=self.config)

    def ask(self, request: ProbeRequest, *, plain: bool = False) -> Asked:
        """Make a request to an original address: `request.address` and `.port` are those of a listen directive.

        `plain`: without TLS.

        Raises:
            UsageError: nothing listens there.
            WorldError: the copy does not run.
        """
        if not self.runs:
            raise WorldError("nginx refuses this configuration", hint=self.test.output)
        port = self.port_of(request.address, request.port)
        before = len(self._log())
        ask = self.tools.plain if plain else self.tools.probe.ask
        result = ask(replace(request, address="127.0.0.1", port=port))
        # There is one worker, and it has written all it has to say before it answers the next connection.
        self.tools.probe.ask(ProbeRequest(address="127.0.0.1", port=self.control, sni=None, host="sandbox"))
        lines = self._log()[before:].decode(errors="replace").splitlines()
        return Asked(
            result=result, log=tuple(line for line in lines if f":{self.control}" not in line and "[notice]" not in line)
        )

    def port_of(self, address: str, port: int, context: str | None = None) -> int:
        """The port of the copy that stands for an original listen address: that address, else a wildcard, else the only one.

        Raises:
            UsageError: nothing listens there.
        """
        wanted = address if address.startswith("unix:") else listen.split_address(f"{_bracketed(address)}:{port}")[0]
        fits = [one for one in self.sockets if one.port == port and context in {None, one.context}]
        order = (wanted, "[::]" if wanted.startswith("[") else "*", "*", "[::]")
        chosen = next((one for name in order for one in fits if one.address == name), fits[0] if len(fits) == 1 else None)
        if chosen is None:
            known = ", ".join(f"{one.address}:{one.port}" for one in self.sockets) or "nothing"
            raise UsageError(f"the configuration does not listen on {address}:{port}", hint=f"it listens on: {known}")
        return self.beside.get(chosen, self.sockets[chosen])

    def _log(self) -> bytes:
        path = f"{self.folder}/{LOG}"
        return self.tools.files.read(path) if self.tools.files.exists(path) else b""

    def _serve(self) -> None:
        where = {"prefix": self.folder, "config": self.config}
        if self.tools.nginx.running(**where):
            self.tools.nginx.reload(**where)
        else:
            self.tools.nginx.start(**where)
        crashpoint("sandbox.serving")

    def _choose_ports(self, plan: SandboxPlan) -> None:
        sockets = [one for one in survey.sockets_of(plan.tree) if one not in self.sockets]
        beside = [one for one in survey.proxied_sockets(plan.tree) if one not in self.beside]
        stubs = [one for one in survey.targets_of(plan.tree) if one not in self.stubs]
        ports = list(self.tools.free_ports.take(len(sockets) + len(beside) + len(stubs) + (not self.control)))
        self.sockets.update((one, ports.pop()) for one in sockets)
        self.beside.update((one, ports.pop()) for one in beside)
        self.stubs.update((one, ports.pop()) for one in stubs)
        self.control = self.control or ports.pop()

    def _forget_ports(self) -> None:
        self.tools.nginx.stop(prefix=self.folder, config=self.config)
        self.sockets, self.beside, self.stubs, self.control = {}, {}, {}, 0

    def _write_accepted(self, plan: SandboxPlan) -> None:
        """Write and test; a directive of a module that this nginx lacks is left out, one of TLS is a fault and stays."""
        complete = self._with_ticket_keys(plan)
        while True:
            composed = compose(complete, self._setting(complete))
            self._write(composed)
            self.test = self.tools.nginx.test(prefix=self.folder, config=self.config)
            unknown = _UNKNOWN.search(self.test.output)
            if self.test.ok or unknown is None or not _may_drop(unknown[1]) or unknown[1] in self._drop:
                break
            self._drop |= {unknown[1]}
        missing = tuple(f"{name}: this nginx does not know it" for name in sorted(self._drop))
        self.notes = tuple(note for note in composed.notes if note.partition(":")[0] not in self._drop) + missing

    def _setting(self, plan: SandboxPlan) -> Setting:
        return Setting(
            prefix=self.folder,
            build=self.tools.nginx.build(),
            sockets=self.sockets,
            beside=self.beside,
            stubs=self.stubs,
            control=self.control,
            twins=dict(self._twins(plan)),
            own=(self._twin(None, ""), pem_of_key(self._key(""))),
            drop=self._drop,
            user=self.tools.user,
        )

    def _twins(self, plan: SandboxPlan) -> Iterator[tuple[KeyPair, tuple[bytes, bytes]]]:
        for pair, _, _ in survey.key_pairs(plan.tree):
            if pair.key in plan.keys:
                continue
            content = plan.files.get(pair.certificate)
            original = first_certificate(content) if content is not None else None
            if original is None and pair.certificate in plan.files:
                continue  # missing or no certificate: nginx shall say so
            held = plan.spki.get(pair.key)
            matches = original is None or held is None or held == spki_of(original)
            yield pair, (
                self._twin(original, pair.key if matches else f"not {pair.key}"), pem_of_key(self._key(pair.key))
            )  # fmt: skip

    def _twin(self, original: x509.Certificate | None, key: str) -> bytes:
        """The same each time it is asked for: signatures differ from one making to the next, and nginx would reload."""
        if (original, key) not in self._made:
            self._made[original, key] = twin(original, self._key(key))
        return self._made[original, key]

    def _key(self, name: str) -> ec.EllipticCurvePrivateKey:
        if name not in self._keys:
            self._keys[name] = key_from(self.tools.entropy.bytes(OCTETS))
        return self._keys[name]

    def _with_ticket_keys(self, plan: SandboxPlan) -> SandboxPlan:
        wanted = [path for path in survey.ticket_keys(plan.tree) if plan.files.get(path) is None and path not in plan.keys]
        made = {path: self._written.get(f"root{path}") or self.tools.entropy.bytes(_TICKET_KEY) for path in wanted}
        return replace(plan, keys={**plan.keys, **made}) if made else plan

    def _write(self, composed: Composed) -> None:
        """Only what changed is written: nginx reuses what it has read by the file's time."""
        for path in self._written.keys() - composed.files.keys():
            self.tools.files.remove(f"{self.folder}/{path}")
        for path, content in composed.files.items():
            if self._written.get(path) != content:
                self._make_folders(path)
                mode = 0o600 if path in composed.secret else 0o644
                self.tools.files.write(f"{self.folder}/{path}", content, mode=mode)
        self._written = dict(composed.files)

    def _make_folders(self, path: str) -> None:
        self.tools.files.make_folder(f"{self.folder}/{path}".rpartition("/")[0], mode=0o700)


def _may_drop(name: str) -> bool:
    """An unknown directive about TLS may be the fault that is looked for; any other belongs to a module that is not here."""
    return of_another_module(name) or ("ssl" not in name and right_name(name) is None)


def _bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address and not address.startswith("[") else address
