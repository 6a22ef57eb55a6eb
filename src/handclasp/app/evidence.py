"""Gather what a diagnosis may look at: the configuration, the files it names, the peer's certificates, the log."""

import re
from base64 import encodebytes
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache

from handclasp.app.named_file import read_named
from handclasp.app.pointed import pointed
from handclasp.app.read_config import ReadConfig, read_config_files
from handclasp.app.redaction_text import scrubbed
from handclasp.catalogue.stock_directives import right_name
from handclasp.diagnose.log_wrapping import LONGEST
from handclasp.diagnose.pasted import lines_in
from handclasp.model.errors import HandclaspError, InputError, WorldError
from handclasp.model.evidence import ENCRYPTED, Evidence, Request, Wish
from handclasp.model.nginx import EffectiveConfig, NginxBuild
from handclasp.model.verdict import Side
from handclasp.nginxconf.effective import effective
from handclasp.nginxconf.tree import ConfigTree, Directive, walk
from handclasp.pki.any_form import KEY_LEFT_OUT
from handclasp.pki.container import certificates_of, is_container
from handclasp.pki.given_chain import given_chain
from handclasp.pki.private_key import is_encrypted, spki_of_private_key_pem
from handclasp.ports.files import FileReader
from handclasp.verdict.predict import Stage

_PRIVATE_KEY = re.compile(  # to the end of the file when its own end is missing: a part of a key is a secret too
    rb"-----BEGIN [A-Z0-9 ]{0,200}PRIVATE KEY-----.*?(?:-----END [A-Z0-9 ]{0,200}PRIVATE KEY-----\s*|\Z)", re.DOTALL
)
_NO_FILE = "No such file or directory"
_NOT_REGULAR = ("not a regular file", "Is a directory")
_FILE_DIRECTIVES = ("ssl_client_certificate", "ssl_trusted_certificate", "ssl_certificate", "ssl_crl")
_OPENED: Mapping[str, Callable[[bytes], bool]] = {
    "ssl_password_file": lambda _: True,
    "ssl_session_ticket_key": lambda content: len(content) in {48, 80},
    "ssl_dhparam": lambda content: b"DH PARAMETERS-----" in content,
}
"""What nginx opens besides certificates and keys, and whether it can use it."""
_ENDINGS = tuple(_OPENED)

_BY_VARIABLE = "ssl_certificate"
_CANDIDATE_SUFFIXES = (".pem", ".crt", ".cer", ".cert", ".crl", ".chain", ".ca", ".bundle", ".0", ".der")
_MOST_CANDIDATES = 400
_BIGGEST_CANDIDATE = 4 * 1024 * 1024
_MOST_PASSWORDS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What a person put on the command line. Paths are absolute; `at` None is now.

    `client_certificate` "" stands for a client that sends none. `folders` are searched for CA certificates and CRLs.
    """

    config: str | None = None
    prefix: str | None = None
    client_certificate: str | None = None
    upstream_chain: str | None = None
    lines: tuple[str, ...] = ()
    at: datetime | None = None
    engine: str | None = None
    nginx_version: str | None = None
    security_level: int | None = None
    side: Side = Side.CLIENT
    server: str | None = None
    location: str = "/"
    answer: str | None = None
    request: Request | None = None
    wish: Wish = Wish.ADMITTED
    folders: tuple[str, ...] = ()
    password: Callable[[], bytes] | None = None
    """Asked for the password of the client's PKCS#12 file, when it has one."""


def gather(
    given: Given, files: FileReader, *, now: datetime, build: NginxBuild | None, here: FileReader | None = None
) -> Evidence:
    """One Evidence value out of everything given.

    `files` are those of the machine that the configuration belongs to; `here` those of the person who asks (None: the same).

    Raises:
        InputError: the configuration or a given certificate file cannot be read. Files that the configuration names and that
            cannot be read are evidence themselves (`unreadable`).
    """
    own = here or files
    lines = tuple(scrubbed(line[:LONGEST]) for text in given.lines for line in lines_in(text))
    evidence = Evidence(
        at=given.at or now, root=given.config, prefix=given.prefix or "", build=build, engine=given.engine,
        nginx_version=given.nginx_version, security_level=given.security_level, side=given.side, server=given.server,
        location=given.location, log_lines=lines, answer=given.answer,
        request=given.request, wish=given.wish,
        presented=_chain(own, given.client_certificate, given.password),
        upstream_chain=_chain(own, given.upstream_chain),
    )  # fmt: skip
    if given.config is None:
        return evidence
    read = read_config_files(files, given.config, given.prefix)
    evidence = replace(evidence, prefix=read.tree.prefix, files=dict(read.files))
    evidence = pointed(_with_named_files(evidence, files, read, given.folders))
    beside = {path.rpartition("/")[0]: None for path in (given.client_certificate, given.upstream_chain) if path}
    return replace(evidence, candidates=_candidates(own, beside, evidence.files) | evidence.candidates)


def _with_named_files(evidence: Evidence, files: FileReader, read: ReadConfig, folders: tuple[str, ...]) -> Evidence:
    config = effective(read.tree, Stage(evidence).version)
    found: dict[str, bytes | None] = dict(evidence.files)
    unreadable: dict[str, str] = {}
    for path in sorted(certificate_paths(config) | written_paths(read.tree)):
        found[path] = _read_public(files, path, unreadable)
    for path, kind in plain_paths(read.tree).items():
        _look_at(files, path, kind, found, unreadable)
    passwords = tuple(_passwords(files, read.tree))
    keys = {path: spki for path in sorted(key_paths(config)) if (spki := _public_half(files, path, passwords, unreadable))}
    near = dict.fromkeys([*folders, *(path.rpartition("/")[0] for path in certificate_paths(config))])
    return replace(evidence, files=found, unreadable=unreadable, keys=keys, candidates=_candidates(files, near, found))


def certificate_paths(config: EffectiveConfig) -> set[str]:
    """Every certificate and CRL file that the configuration names.

    Certificates that variables name are none of them. What is trusted is never named by one: a "$" there is part of the name.
    """
    trust: list[str | None] = []
    own: list[str | None] = []
    for server in config.servers:
        trust += (server.client_certificate.value, server.trusted_certificate.value, server.crl.value)
        own += server.certificates.value
        for upstream in (location.upstream for location in server.locations if location.upstream):
            trust += (upstream.trusted_certificate.value, upstream.crl.value)
            own.append(upstream.certificate.value)
    return _concrete(own) | {path for path in trust if path}


def written_paths(tree: ConfigTree) -> set[str]:
    """Files of certificates and CRLs that are named anywhere: where nginx does not allow it, a second time, misspelled."""
    named = (
        item
        for item, _ in walk(tree.directives)
        if (right_name(item.name) or item.name).endswith(_FILE_DIRECTIVES) and item.children is None
    )
    paths = [(item.name.endswith(_BY_VARIABLE), _absolute(tree, "".join(item.args[:1]))) for item in named]
    return _concrete(path for by_variable, path in paths if by_variable) | {path for by, path in paths if path and not by}


@lru_cache(maxsize=1)
def _opening(tree: ConfigTree) -> tuple[Directive, ...]:
    return tuple(item for item, _ in walk(tree.directives) if item.values[0].endswith(_ENDINGS) and item.children is None)


def plain_paths(tree: ConfigTree) -> dict[str, str]:
    """Files of parameters, passwords and ticket keys that nginx opens at start, each with the end of its directive's name."""
    found: dict[str, str] = {}
    for item in _opening(tree):
        kind = next(kind for kind in _OPENED if item.name.endswith(kind))
        found.setdefault(_absolute(tree, "".join(item.args[:1])), kind)
    found.pop("", None)
    return found


def _look_at(files: FileReader, path: str, kind: str, found: dict[str, bytes | None], unreadable: dict[str, str]) -> None:
    """What is wrong with such a file: of one that nginx can use, nothing becomes evidence."""
    told: dict[str, str] = {}
    content = _read_public(files, path, told)
    if content is None:
        if _NO_FILE in told.get(path, ""):  # what this user may not read, nginx reads as root
            found[path] = None
            unreadable[path] = told[path]
    elif not _OPENED[kind](content):
        found.setdefault(path, bytes(len(content)))


def _absolute(tree: ConfigTree, path: str) -> str:
    return path if path.startswith(("/", "data:", "engine:", "store:")) or not path else f"{tree.conf_dir}/{path}"


def key_paths(config: EffectiveConfig) -> set[str]:
    """Every private key file that the configuration names."""
    paths: list[str | None] = []
    for server in config.servers:
        paths += server.certificate_keys.value
        paths += (location.upstream.certificate_key.value for location in server.locations if location.upstream)
    return _concrete(paths)


def without_private_keys(content: bytes) -> bytes:
    """The content without PEM private keys: they never become evidence."""
    return _PRIVATE_KEY.sub(KEY_LEFT_OUT + b"\n", content)


def _concrete(paths: Iterable[str | None]) -> set[str]:
    return {path for path in paths if path and "$" not in path and not path.startswith(("data:", "engine:", "store:"))}


def _read_public(files: FileReader, path: str, unreadable: dict[str, str]) -> bytes | None:
    try:
        return without_private_keys(files.read(path))
    except (InputError, WorldError) as error:
        if _NO_FILE in error.what and files.glob(path.replace("[", "[[]")):
            unreadable[path] = f"{_NO_FILE}: a link whose target is not there"
        elif any(words in error.what for words in _NOT_REGULAR):
            return b""  # a folder or a device: OpenSSL opens it and finds nothing
        else:
            unreadable[path] = error.what
        return None


def _passwords(files: FileReader, tree: ConfigTree) -> Iterator[bytes]:
    """What the configuration's *ssl_password_file hold, one password a line: to look at keys, and for nothing else."""
    named = (item for item in _opening(tree) if item.name.endswith("ssl_password_file"))
    for path in dict.fromkeys(_absolute(tree, "".join(item.args[:1])) for item in named):
        try:
            lines = files.read(path).splitlines() if path else []
        except HandclaspError:
            continue  # nginx says so, or this user may not read it: then the keys stay closed
        yield from lines[:_MOST_PASSWORDS]


def _public_half(files: FileReader, path: str, passwords: tuple[bytes, ...], unreadable: dict[str, str]) -> bytes | None:
    try:
        content = files.read(path)
        if is_encrypted(content):
            unreadable[path] = ENCRYPTED
        return spki_of_private_key_pem(content, where=path, passwords=passwords)
    except HandclaspError as error:
        unreadable[path] = error.what
        return None


def _chain(files: FileReader, path: str | None, password: Callable[[], bytes] | None = None) -> bytes | None:
    """The certificates of a file as PEM, whatever form they are in; b"" when the peer is said to send none."""
    if path is None:
        return None
    if path == "":
        return b""
    content = read_named(files, path)
    if is_container(content):
        return b"".join(map(_pem, _opened(content, path, password)))
    return b"".join(_pem(certificate.der) for certificate in given_chain(content, where=path))


def _opened(content: bytes, path: str, password: Callable[[], bytes] | None) -> tuple[bytes, ...]:
    """The certificates of a PKCS#12 file, leaf first; without a password the empty one is tried first."""
    for known in (None, b""):
        if (found := certificates_of(content, known, where=path)) is not None:
            return found
    if password is None:
        raise InputError("this PKCS#12 file has a password", where=path, hint="give it in a file: --client-password-file FILE")
    found = certificates_of(content, password(), where=path)
    if found is None:
        raise InputError("the password does not open this PKCS#12 file, or the file is damaged", where=path)
    return found


def _pem(der: bytes) -> bytes:
    body = encodebytes(der).replace(b"\n", b"")
    lines = [body[at : at + 64] for at in range(0, len(body), 64)]
    return b"-----BEGIN CERTIFICATE-----\n" + b"\n".join(lines) + b"\n-----END CERTIFICATE-----\n"


def _candidates(files: FileReader, folders: Iterable[str], known: dict[str, bytes | None]) -> dict[str, bytes]:
    """Certificate-like files beside those that the configuration names: what a bundle may be made of."""
    found: dict[str, bytes] = {}
    for folder in folders:
        for path in files.glob(f"{folder}/*"):
            if len(found) >= _MOST_CANDIDATES:
                return found
            if path in known or path in found or not path.lower().endswith(_CANDIDATE_SUFFIXES):
                continue
            content = _read_public(files, path, {})
            if content and len(content) <= _BIGGEST_CANDIDATE and (b"-----BEGIN" in content or content[:1] == b"\x30"):
                found[path] = content
    return found
