"""Public vectors, judged by openssl with nginx's settings and by the verdict model: NIST's PKITS, and odd certificates.

PKITS comes in the package cryptography_vectors, without its table of paths: a path is offered everything that could be on it
(all CA certificates whose names lead from the end entity to the root, old and new keys alike): the more to choose from.
"""

import re
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import cryptography_vectors

from handclasp.catalogue.openssl_releases import strict_crls
from handclasp.lab.case import pem
from handclasp.model.certificate import Certificate, Crl, TrustAnchors
from handclasp.model.errors import InputError
from handclasp.model.nginx import OpensslSeries
from handclasp.model.verdict import Side
from handclasp.pki.read import certificate_from_der, certificates_from_pem, crl_from_der
from handclasp.verdict.openssl import verify
from handclasp.verdict.question import Question

FOLDER = Path(cryptography_vectors.__file__).parent / "x509"
PKITS = FOLDER / "PKITS_data"
AT = datetime(2020, 1, 1, tzinfo=UTC)
"""Within the validity of PKITS (2010 to 2030)."""

GOES_ON = frozenset({10, 11, 12, 18, 25, 26, 34, 37, 43, 79})
"""After these `openssl verify` goes on, as nginx does after every error; what comes after any other is not seen."""

_ERROR = re.compile(r"error (\d+) at (\d+) depth lookup")
_PURPOSES = {Side.CLIENT: "sslclient", Side.UPSTREAM: "sslserver"}

Raised = tuple[tuple[int, int], ...]
"""Numbers and depths."""


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One chain under one setting. `crls` None: no ssl_crl."""

    name: str
    presented: tuple[Certificate, ...]
    trust: tuple[Certificate, ...]
    crls: tuple[Crl, ...] | None = None
    depth: int = 9
    level: int = 2
    side: Side = Side.CLIENT

    @property
    def setting(self) -> str:
        """For people."""
        return f"{self.side}, level {self.level}, depth {self.depth}, {'no CRLs' if self.crls is None else 'CRLs'}"


def said(trial: Trial, series: OpensslSeries, *, refuses: bool = False) -> Raised:
    """The model's errors. `refuses`: delta CRLs, as later releases of the series do."""
    question = Question(
        presented=trial.presented, store=TrustAnchors(trial.trust), crls=trial.crls, depth=trial.depth, side=trial.side,
        at=AT, series=series, security_level=trial.level, strict_crls=refuses,
    )  # fmt: skip
    return tuple((error.number, error.depth) for error in verify(question).errors)


def visible(errors: Raised) -> Raised:
    """Those that `openssl verify` shows: up to the first after which it stops."""
    last = next((at for at, (number, _) in enumerate(errors) if number not in GOES_ON), len(errors))
    return errors[: last + 1]


def judged(trial: Trial, folder: Path) -> Raised | None:
    """What `openssl verify` raises; None when it cannot read the certificates."""
    folder.mkdir()
    argv = ["openssl", "verify", "-no-CApath", "-no-CAstore", "-purpose", _PURPOSES[trial.side]]
    argv += ["-auth_level", str(trial.level), "-verify_depth", str(trial.depth), "-attime", str(int(AT.timestamp()))]
    argv += ["-untrusted", _written(folder / "untrusted.pem", trial.presented)]
    argv += ["-CAfile", _written(folder / "trust.pem", trial.trust)] if trial.trust else ["-no-CAfile"]
    if trial.crls is not None:
        lists = folder / "crls.pem"
        lists.write_text("".join(pem(crl.der, "X509 CRL") for crl in trial.crls))
        argv += ["-crl_check_all", "-CRLfile", str(lists)]
    ran = subprocess.run(
        [*argv, _written(folder / "leaf.pem", trial.presented[:1])], capture_output=True, text=True, check=False
    )
    raised = tuple((int(number), int(depth)) for number, depth in _ERROR.findall(ran.stdout + ran.stderr))
    if not raised and ran.returncode:
        assert re.search(r"Could not (read|find)", ran.stderr), ran.stderr
        return None
    return raised


def compared(trials: list[Trial], folder: Path) -> list[tuple[Trial, Raised, Raised | None]]:
    """Each trial with what the model says of it (as far as visible) and what openssl said."""
    with ThreadPoolExecutor(2) as pool:
        seen = pool.map(lambda pair: judged(pair[1], folder / str(pair[0])), enumerate(trials))
        refuses = strict_crls(version())
        return [
            (trial, visible(said(trial, series(), refuses=refuses)), words) for trial, words in zip(trials, seen, strict=True)
        ]


@cache
def series() -> OpensslSeries:
    """That of this machine's openssl command."""
    return OpensslSeries.of(version().split()[1])


@cache
def version() -> str:
    """As it calls itself."""
    ran = subprocess.run(["openssl", "version"], capture_output=True, text=True, check=True)
    return " ".join(ran.stdout.split()[:2])


def pkits_trials() -> Iterator[Trial]:
    """Every end entity of PKITS under four settings."""
    root = pkits_certificates()["TrustAnchorRootCertificate"]
    for name, chain in pkits_chains().items():
        lists = pkits_lists(chain)
        for level, depth, crls in ((2, 9, lists), (0, 9, lists), (2, 9, None), (2, 1, None)):
            yield Trial(name=name, presented=chain, trust=(root,), crls=crls, depth=depth, level=level)


@cache
def pkits_chains() -> dict[str, tuple[Certificate, ...]]:
    """By the end entity's name: its certificate, and all that may lead from it to the root."""
    return {name: _closure(one) for name, one in pkits_certificates().items() if name.endswith("EE")}


def _closure(leaf: Certificate) -> tuple[Certificate, ...]:
    every = pkits_certificates()
    cas = [one for name, one in every.items() if not name.endswith("EE") and name != "TrustAnchorRootCertificate"]
    found = [leaf]
    for certificate in found:
        found += [ca for ca in cas if ca.subject == certificate.issuer and ca not in found]
    return tuple(found)


def pkits_lists(chain: tuple[Certificate, ...]) -> tuple[Crl, ...]:
    """The CRLs of all CAs of a chain, the root's among them; never none, so that something is checked."""
    root = pkits_certificates()["TrustAnchorRootCertificate"]
    names = {name for one in (*chain, root) for name in (one.subject, one.issuer)}
    return tuple(crl for crl in _pkits_crls() if crl.issuer in names)


@cache
def pkits_certificates() -> dict[str, Certificate]:
    """By file name; without those that cannot be read."""
    files = sorted((PKITS / "certs").glob("*.crt"))
    return {file.stem: found for file in files if (found := _certificate(file.read_bytes())) is not None}


def pkits_unread() -> list[str]:
    """File names of the certificates that cannot be read."""
    return sorted({file.stem for file in (PKITS / "certs").glob("*.crt")} - set(pkits_certificates()))


@cache
def _pkits_crls() -> tuple[Crl, ...]:
    return tuple(crl_from_der(file.read_bytes()) for file in sorted((PKITS / "crls").glob("*.crl")))


def odd_trials() -> Iterator[Trial]:
    """Every other certificate of the package, trusted or not, on both sides, at two levels."""
    for name, chain in odd_chains().items():
        for trust in ((), chain[-1:]):
            for side in Side:
                for level in (0, 2):
                    yield Trial(name=name, presented=chain, trust=trust, level=level, side=side)


@cache
def odd_chains() -> dict[str, tuple[Certificate, ...]]:
    """By file name; without files that hold something else or cannot be read."""
    patterns = ("*.pem", "*.der", "custom/*.pem", "custom/*.der", "custom/ca/*.pem", "ed*/*.pem")
    found = {file.name: _chain(file) for pattern in patterns for file in sorted(FOLDER.glob(pattern))}
    return {name: chain for name, chain in found.items() if chain}


def _chain(file: Path) -> tuple[Certificate, ...]:
    content = file.read_bytes()
    if file.suffix == ".der":
        found = _certificate(content)
        return (found,) if found else ()
    try:
        return certificates_from_pem(content, where=file.name) if b"BEGIN CERTIFICATE-" in content else ()
    except InputError:
        return ()


def _certificate(content: bytes) -> Certificate | None:
    try:
        return certificate_from_der(content)
    except ValueError:
        return None


def _written(file: Path, certificates: tuple[Certificate, ...]) -> str:
    file.write_text("".join(pem(certificate.der) for certificate in certificates))
    return str(file)
