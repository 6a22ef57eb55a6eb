"""The stage of the demonstration: a CA in a throw-away folder, other certificates, and an nginx that is watched."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TypeVar

from cryptography import x509

from handclasp.app.apply_state import Gear
from handclasp.app.home import Home
from handclasp.app.sandbox import SandboxTools
from handclasp.catalogue import profiles
from handclasp.model.errors import WorldError
from handclasp.model.issuance import IssuanceRequest, KeyType, Profile
from handclasp.model.nginx import NginxBuild
from handclasp.model.probe import ClientIdentity
from handclasp.pki import tbs
from handclasp.pki.alt_names import subject_alt_name
from handclasp.pki.export import key_pem, pem
from handclasp.pki.serials import OCTETS, serial_from
from handclasp.pki.signing import SigningKey, narrowed
from handclasp.ports.nginx import Nginx, OldWorker, TestResult

_T = TypeVar("_T")
_TRIES = 3


class WatchedNginx:
    """ports.Nginx that remembers what it started, so that all of it can be stopped whatever happens.

    Args:
        nginx: does the work.
    """

    def __init__(self, nginx: Nginx) -> None:
        self._nginx = nginx
        self._started: dict[tuple[str, str], None] = {}

    def build(self) -> NginxBuild:
        """See ports.Nginx."""
        return self._nginx.build()

    def test(self, *, prefix: str, config: str) -> TestResult:
        """See ports.Nginx."""
        return self._nginx.test(prefix=prefix, config=config)

    def dump(self, *, prefix: str, config: str) -> str:
        """See ports.Nginx."""
        return self._nginx.dump(prefix=prefix, config=config)

    def start(self, *, prefix: str, config: str) -> None:
        """See ports.Nginx; remembered before it is tried."""
        self._started[prefix, config] = None
        self._nginx.start(prefix=prefix, config=config)

    def reload(self, *, prefix: str, config: str) -> None:
        """See ports.Nginx."""
        self._nginx.reload(prefix=prefix, config=config)

    def stop(self, *, prefix: str, config: str) -> None:
        """See ports.Nginx."""
        self._nginx.stop(prefix=prefix, config=config)
        self._started.pop((prefix, config), None)

    def old_workers(self, *, prefix: str, config: str) -> tuple[OldWorker, ...]:
        """See ports.Nginx."""
        return self._nginx.old_workers(prefix=prefix, config=config)

    def cut(self, *, prefix: str, config: str) -> int:
        """See ports.Nginx."""
        return self._nginx.cut(prefix=prefix, config=config)

    def running(self, *, prefix: str, config: str) -> bool:
        """See ports.Nginx."""
        return self._nginx.running(prefix=prefix, config=config)

    def stop_all(self) -> None:
        """Stop whatever was started here and was not stopped since, the newest first."""
        for prefix, config in reversed(self._started.copy()):
            self.stop(prefix=prefix, config=config)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What the demonstration plays with. `folder` is its own, and `home` lies in it."""

    folder: str
    home: Home
    gear: Gear
    tools: SandboxTools

    def on_free_port(self, start: Callable[[int], _T]) -> _T:
        """Start something on a free port, and on another one when somebody else was quicker. WorldError as `start` gives it."""
        for _ in range(_TRIES - 1):
            try:
                return start(*self.tools.free_ports.take(1))
            except WorldError as error:
                if "in use" not in str(error):
                    raise
        return start(*self.tools.free_ports.take(1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """A certificate with its key, and the CAs above it, nearest first."""

    certificate: x509.Certificate
    key: SigningKey
    above: tuple["Party", ...] = ()

    @property
    def pem(self) -> bytes:
        """The certificate."""
        return pem(self.certificate)

    @property
    def key_pem(self) -> bytes:
        """The private key, clear."""
        return key_pem(self.key)

    @property
    def chain(self) -> bytes:
        """What it sends: itself and every CA above it but the root."""
        return b"".join(party.pem for party in (self, *self.above[:-1]))

    @property
    def identity(self) -> ClientIdentity:
        """As a client."""
        return ClientIdentity(certificate_chain=self.chain, private_key=self.key_pem)


@dataclass(frozen=True, slots=True)
class Mint:
    """Throw-away CAs and end entities for the demonstration, by the product's own profiles; nothing is recorded."""

    home: Home
    _long: Profile = field(default=replace(profiles.ROOT, path_len_constraint=None), init=False)

    def root(self, name: str) -> Party:
        """A root CA."""
        return self._made(self._long, name, None, ())

    def authority(self, name: str, issuer: Party) -> Party:
        """A CA below another one."""
        return self._made(self._long, name, issuer, ())

    def client(self, name: str, issuer: Party) -> Party:
        """A client."""
        return self._made(profiles.CLIENT, name, issuer, ())

    def server(self, name: str, issuer: Party) -> Party:
        """A server of that DNS name."""
        return self._made(profiles.SERVER, name, issuer, (name,))

    def _made(self, profile: Profile, name: str, issuer: Party | None, names: tuple[str, ...]) -> Party:
        key = narrowed(self.home.keys.generate(KeyType.EC_P256))
        signer = issuer.key if issuer else key
        above = tbs.Issuer(public_key=signer.public_key(), certificate=issuer.certificate if issuer else None)
        alternative = tuple(subject_alt_name(f"dns:{each}") for each in names)
        content = tbs.build(
            profile,
            IssuanceRequest(name=name, profile=profile.name, subject_alt_names=alternative),
            public_key=key.public_key(),
            issuer=above,
            serial=serial_from(self.home.entropy.bytes(OCTETS)),
            now=self.home.clock.now(),
        )
        chain = (issuer, *issuer.above) if issuer else ()
        return Party(certificate=tbs.sign(content, signer, above), key=key, above=chain)
