"""Joins the ports to the adapters: the only module that knows both. Everything heavy is imported when first asked for."""

import os
import pwd
import time
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from handclasp.adapters.local_nginx import LocalNginx
    from handclasp.adapters.passphrase import PassphraseSource
    from handclasp.adapters.pkcs11_keys import TokenKeys
    from handclasp.adapters.sql_move import Move
    from handclasp.adapters.sql_store import SqlStore
    from handclasp.app.apply_place import Place
    from handclasp.app.apply_state import Gear, Instance
    from handclasp.app.home import Home, Layout
    from handclasp.app.post import Post
    from handclasp.app.sandbox import SandboxTools
    from handclasp.app.token import Token
    from handclasp.model.control import NginxControl
    from handclasp.ports.bench import Bench
    from handclasp.ports.cfssl import ReadCfssl
    from handclasp.ports.clock import Clock, Entropy
    from handclasp.ports.files import FileTree, Shelf
    from handclasp.ports.keys import KeyStore
    from handclasp.ports.logs import Logs
    from handclasp.ports.machine import Machine
    from handclasp.ports.nginx import Nginx
    from handclasp.ports.notify import Notifier
    from handclasp.ports.probe import Probe
    from handclasp.ports.stage import Stage
    from handclasp.ports.store import Store
    from handclasp.ports.workers import Workers

_SIGNATURE = 256  # octets at the end of a CRL file: no two have the same


class World:
    """The adapters of one run.

    Args:
        home: folder of the CA and its registry.
        nginx_path: the nginx binary to use; None finds it.
        passphrase_file: where the passphrase of the CA keys is, if given on the command line.
        passphrase_fd: an open descriptor to read it from.
        lasting: this process asks the registry all day long: its connections are kept.
        waiting: told who holds a lock, when it has to be waited for.
    """

    def __init__(
        self,
        home: str,
        *,
        nginx_path: str | None = None,
        passphrase_file: str | None = None,
        passphrase_fd: int | None = None,
        lasting: bool = False,
        waiting: "Callable[[str], None] | None" = None,
    ) -> None:
        self.home = home
        self.waiting = waiting
        self.lasting = lasting
        self.nginx_path = nginx_path
        self.passphrase_file = passphrase_file
        self.passphrase_fd = passphrase_fd
        self._lists_known = b""

    @cached_property
    def clock(self) -> "Clock":
        """The operating system's."""
        from handclasp.adapters.system_clock import SystemClock

        return SystemClock()

    @cached_property
    def entropy(self) -> "Entropy":
        """The operating system's."""
        from handclasp.adapters.entropy import SystemEntropy

        return SystemEntropy()

    @cached_property
    def pages(self) -> "Shelf":
        """The files of this machine, for what can be made again at any time."""
        from handclasp.adapters.page_files import PageFiles

        return PageFiles()

    @cached_property
    def files(self) -> "FileTree":
        """The files of this machine."""
        from handclasp.adapters.file_tree import PosixFileTree

        return PosixFileTree(self.waiting)

    @cached_property
    def passphrase(self) -> "PassphraseSource":
        """Where the passphrase of the CA keys comes from in this run."""
        from handclasp.adapters.passphrase import PassphraseSource
        from handclasp.app.home import PASSPHRASE_FILE, registered

        return PassphraseSource(
            fd=self.passphrase_fd,
            file=self.passphrase_file,
            remembered=lambda: self.store.value(PASSPHRASE_FILE) if registered(self.files, self.layout) else None,
            environment=os.environ,
        )

    @property
    def passphrase_origin(self) -> str | None:
        """The file that the passphrase of this run comes from; None: from somewhere else."""
        return (None if self.passphrase_fd is not None else self.passphrase.path()) or self.passphrase.remembered()

    def checked_passphrase(self) -> bytes:
        """The passphrase of the CA keys; one that opens none of them is refused before anything is done with it."""
        secret = self.passphrase.get(new=False)
        held = [one.key for one in self.ca.authorities() if not one.key.startswith("pkcs11:") and self.keys.exists(one.key)]
        if held:
            self.keys.open(held[0])
        return secret

    def secret_in(self, path: str) -> bytes:
        """The first line of a file that only its owner may read."""
        from handclasp.adapters.passphrase import read_secret

        return read_secret(path)

    def secret_file(self, path: str) -> bytes:
        """The content of a file that only its owner may read."""
        from handclasp.adapters.passphrase import refuse_readable

        content = self.files.read(path)
        refuse_readable(path)
        return content

    @cached_property
    def cfssl(self) -> "ReadCfssl":
        """Reads databases of cfssl."""
        from handclasp.adapters.cfssl_database import read_cfssl

        return read_cfssl

    @cached_property
    def workers(self) -> "Workers":
        """All processors of this machine."""
        from handclasp.adapters.fork_workers import ForkWorkers

        return ForkWorkers()

    @cached_property
    def logs(self) -> "Logs":
        """The logs of this machine."""
        from handclasp.adapters.log_files import LogFiles

        return LogFiles()

    @cached_property
    def notifier(self) -> "Notifier":
        """Sends notices."""
        from handclasp.adapters.notifier import AppriseNotifier

        return AppriseNotifier()

    @property
    def passphrase_path(self) -> str | None:
        """The file that the passphrase comes from, if `init` should remember it."""
        path = None if self.passphrase_fd is not None else self.passphrase.path()
        return os.path.abspath(path) if path else None  # noqa: PTH100

    def without_passphrase(self) -> bool:
        """A new home, nobody to ask, and no passphrase given."""
        from handclasp.adapters.passphrase import PassphraseSource
        from handclasp.app.home import registered

        if registered(self.files, self.layout):
            return False
        return not PassphraseSource(fd=self.passphrase_fd, file=self.passphrase_file, environment=os.environ).available()

    def make_passphrase(self) -> None:
        """Fill the new passphrase file; one that an interrupted `init` left is used as it is."""
        from handclasp.app.init import make_passphrase

        make_passphrase(
            self.files, self.entropy, self.passphrase_file or "", unfinished=not self.files.exists(self.layout.bundle)
        )

    @cached_property
    def keys(self) -> "KeyStore":
        """The CA keys of this home: in files, and in its token if it has one."""
        from handclasp.adapters.key_files import KeyFiles
        from handclasp.adapters.key_ring import KeyRing

        files = KeyFiles(self.layout.keys, self.files, lambda new: self.passphrase.get(new=new))
        return KeyRing(files, self._token, self._refuse_signing)

    def _refuse_signing(self) -> None:
        from handclasp.app.clock_step import refuse_early_clock
        from handclasp.app.home import UNSETTLED, registered
        from handclasp.app.unsettled import MANIFEST, refuse_unsettled

        if registered(self.files, self.layout):
            begun = self.files.exists(self.layout.at(MANIFEST))
            refuse_unsettled(self.store.value(UNSETTLED), begun=begun, where=self.home)
            self._refuse_set_back()
            refuse_early_clock(self.store, self.clock.now())

    def _refuse_set_back(self) -> None:
        """Asked once for each CRL file: a registry that is open does not become older."""
        from handclasp.app.set_back import refuse_set_back

        there = self.files.is_folder(os.path.dirname(self.layout.crl)) and self.files.exists(self.layout.crl)  # noqa: PTH120
        signature = self.files.tail(self.layout.crl, _SIGNATURE) if there else b""
        if signature != self._lists_known:
            refuse_set_back(self.ca)
            self._lists_known = signature

    def check_token(self, token: "Token") -> None:
        """WorldError when its library is none, or it is not there; asks for no PIN."""
        self._keys_in(token).check()

    def _token(self) -> "KeyStore":
        from handclasp.app.token import token_of

        return self._keys_in(token_of(self.store))

    def _keys_in(self, token: "Token") -> "TokenKeys":
        from handclasp.adapters.pin import pin
        from handclasp.adapters.pkcs11_keys import TokenKeys
        from handclasp.app.token import PIN_FILE

        return TokenKeys(token.module, token.label, lambda: pin(os.environ, lambda: self.store.value(PIN_FILE)))

    def new_passphrase(self, path: str | None) -> bytes:
        """The passphrase to change to: from a file, which is made when missing, or asked for twice."""
        from handclasp.adapters.passphrase import PassphraseSource
        from handclasp.app.init import make_passphrase

        if path is not None:
            make_passphrase(self.files, self.entropy, path, unfinished=True)
        return PassphraseSource(file=path, environment={}).get(new=True)

    @cached_property
    def machine(self) -> "Machine":
        """This machine."""
        from handclasp.adapters.this_machine import ThisMachine

        return ThisMachine()

    @cached_property
    def layout(self) -> "Layout":
        """Where things lie in this home."""
        from handclasp.app.home import Layout

        return Layout(self.home)

    @cached_property
    def store(self) -> "Store":
        """The registry of this home; UsageError when there is none yet."""
        from handclasp.adapters.sql_store import SqlStore
        from handclasp.app.home import no_registry, registered

        if not registered(self.files, self.layout):
            raise no_registry(self.files, self.layout)
        return self._registry() or SqlStore.sqlite(self.layout.registry, pooled=self.lasting)

    def _registry(self) -> "SqlStore | None":
        """The registry in a database elsewhere, if this home says so."""
        from handclasp.adapters.sql_store import SqlStore

        if not self.files.exists(self.layout.registry_url):
            return None
        return SqlStore.postgresql(self.files.read(self.layout.registry_url).decode().strip(), pooled=self.lasting)

    def move_store(self, url: str | None) -> dict[str, int]:
        """Move the registry into the database at `url`, or back into the home; the number of rows by table."""
        with self.files.lock(self.layout.lock, purpose="moving the registry"):
            move = self._move()
            return move.back() if url is None else move.out(url)

    def reopen_store(self) -> tuple[str, tuple[str, ...]]:
        """Use the registry again that was moved away: where to, and the CAs of which it does not know what they revoked."""
        from handclasp.app.settle import owed, reopen

        self.store, gone = self._move().reopened()
        reopen(self.ca, gone.mark, to=gone.to, since=gone.at)
        return gone.to, owed(self.ca)

    def _move(self) -> "Move":
        from handclasp.adapters.sql_move import Move
        from handclasp.app.crashpoint import crashpoint

        return Move(
            files=self.files,
            registry=self.layout.registry,
            pointer=self.layout.registry_url,
            crashed=crashpoint,
            now=self.clock.now(),
            actor=self.actor,
        )

    @cached_property
    def ca(self) -> "Home":
        """What the jobs of the CA take."""
        from handclasp.adapters.pkilint_linter import linter
        from handclasp.app.home import Home

        return Home(
            layout=self.layout,
            clock=self.clock,
            entropy=self.entropy,
            files=self.files,
            keys=self.keys,
            store=self.store,
            linter=linter(),
            actor=self.actor,
        )

    @cached_property
    def actor(self) -> str:
        """Who is at work: the login name, and the one behind sudo."""
        try:
            name = pwd.getpwuid(os.getuid()).pw_name
        except KeyError:
            name = f"uid {os.getuid()}"
        behind = os.environ.get("SUDO_USER")
        return f"{name} (sudo: {behind})" if behind else name

    def make_home(self, database: str | None = None) -> None:
        """The home's folder and its empty registry, for `init`; UsageError when keys are there without their registry.

        `database`: the URL of an empty PostgreSQL database for it; None: a file in the home, or where it is already.
        """
        from handclasp.adapters.sql_store import SqlStore
        from handclasp.app.home import ROOT, prepare_home

        if not self.files.exists(self.layout.bundle):
            self.keys.prepare(new=not self.keys.exists(ROOT))  # without a passphrase there is to be no home either
        prepare_home(self.files, self.layout)
        if database is not None:
            from handclasp.adapters.sql_move import point_out

            point_out(self.files, database, registry=self.layout.registry, pointer=self.layout.registry_url)
        self.store = self._registry() or SqlStore.sqlite(self.layout.registry)

    @cached_property
    def nginx(self) -> "Nginx":
        """The nginx binary of this run; nothing is looked for before it is asked."""
        from handclasp.adapters.nginx_process import NginxProcess

        return NginxProcess(self.nginx_path)

    @cached_property
    def probe(self) -> "Probe":
        """A TLS client that reports what it saw."""
        from handclasp.adapters.tls_probe import TlsProbe

        return TlsProbe()

    def lab_bench(self, root: str | None) -> "Bench":
        """The lab's bench on the nginx in a root file system; None: this machine's."""
        from handclasp.adapters.lab_bench import LabBench

        return LabBench(self.nginx_path if root is None else None, root=root)

    def lab_stage(self, root: str | None) -> "Stage":
        """The lab's stage on the nginx in a root file system; None: this machine's."""
        from handclasp.adapters.lab_stage import LabStage

        return LabStage(self.nginx_path if root is None else None, root=root)

    def place(self, folder: str | None, control: "NginxControl | None" = None) -> "Place":
        """The nginx to put sites into: the private one, or the one whose configuration is in `folder`.

        `control`: how it is reached, None: as it was when something was last put there.
        """
        from handclasp.app.apply_place import adopted_place, commanded_place, known_place, private_place

        if folder is None:
            return private_place(self.ca)
        chosen = os.path.abspath(folder)  # noqa: PTH100 - links stay, as nginx sees them
        known = known_place(self.ca, chosen) if control is None else None
        reached = control or (known.control if known else None)
        if reached is not None:
            return commanded_place(self.gear, chosen, reached)
        return adopted_place(self.gear, chosen, prefix=self.instance(f"{chosen}/nginx.conf").prefix)

    def post(self, server: str, *, name: str | None, chain: str, key: str, trusted: str, config_dir: str) -> "Post":
        """This machine as a host of a fleet. `name` None: what its certificate says. The paths are absolute."""
        from handclasp.adapters.fleet_client import FleetClient
        from handclasp.app.agent_keys import name_of
        from handclasp.app.apply_place import adopted_place
        from handclasp.app.post import Post

        place = adopted_place(self.gear, config_dir, prefix=self.instance(f"{config_dir}/nginx.conf").prefix)
        own = name or name_of(self.files.read(chain), where=chain)
        desk = FleetClient(url=server, name=own, chain=chain, key=key, trusted=trusted, clock=self.clock)
        return Post(gear=self.gear, place=place, desk=desk, keys=self.keys, chain=chain, key=key, trusted=trusted)

    def instance(self, config: str, prefix: str | None = None) -> "Instance":
        """The nginx with this configuration (absolute). Without a prefix: that with which one runs, its own, or the folder."""
        from handclasp.adapters import local_nginx, nginx_binary
        from handclasp.app.apply_state import Instance

        prefix = prefix or local_nginx.prefix_in_use(config, self.nginx_path)
        defaults = nginx_binary.defaults(nginx_binary.find(self.nginx_path))
        own = defaults.prefix if defaults.config == config else os.path.dirname(config)  # noqa: PTH120
        return Instance(prefix=prefix or own, config=config)

    @cached_property
    def access_log(self) -> str:
        """Where this nginx logs requests when its configuration does not say."""
        from handclasp.adapters import nginx_binary

        return nginx_binary.defaults(nginx_binary.find(self.nginx_path)).access_log

    def local_nginx(self) -> "LocalNginx":
        """Where the nginx that runs on this machine has its configuration, else the one that is installed; WorldError: none."""
        from handclasp.adapters.local_nginx import find_local

        return find_local(self.nginx_path)

    @cached_property
    def gear(self) -> "Gear":
        """What an apply takes."""
        from handclasp.app.apply_state import Gear

        return Gear(
            files=self.files,
            nginx=self.nginx,
            probe=self.probe,
            clock=self.clock,
            entropy=self.entropy,
            actor=self.actor,
            pause=time.sleep,
            commanded=self._commanded,
            sandbox=self.sandbox_tools,
        )

    def _commanded(self, control: "NginxControl") -> "Nginx":
        from handclasp.adapters.commanded_nginx import CommandedNginx

        return CommandedNginx(self.nginx_path, control)

    @cached_property
    def sandbox_tools(self) -> "SandboxTools":
        """What sandboxed copies of a configuration run with."""
        from handclasp.adapters.free_ports import LoopbackPorts
        from handclasp.adapters.plain_probe import ask_plainly
        from handclasp.app.sandbox import SandboxTools

        return SandboxTools(
            nginx=self.nginx,
            files=self.files,
            probe=self.probe,
            plain=ask_plainly,
            free_ports=LoopbackPorts(),
            entropy=self.entropy,
            user="root" if os.geteuid() == 0 else None,
        )


def free_port() -> int:
    """A TCP port on loopback that nobody listens on now."""
    from handclasp.adapters.processes import free_port as chosen

    return chosen()
