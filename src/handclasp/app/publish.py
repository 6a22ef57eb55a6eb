"""Writes what everybody may fetch into a folder: CRLs, CA certificates, pre-signed OCSP answers, the page with fingerprints.

Any web server can serve it then, with no Handclasp in the path. Each file is replaced in one step and is good by itself, so
there is no moment at which a client gets half of anything. Revocations are written first.
"""

import base64
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography.x509 import ocsp

from handclasp.app.answer_ocsp import ERRORS, OcspDesk
from handclasp.app.ca_files import put, put_parts
from handclasp.app.crashpoint import crashpoint
from handclasp.app.distribution import PublicAuthority, PublicFile, public_authorities, public_files
from handclasp.app.home import Home
from handclasp.app.ocsp_responders import Responder, responders
from handclasp.model.errors import PolicyError, UsageError
from handclasp.model.issuance import CertificateState, Standing, Wanted
from handclasp.model.ocsp import OcspError
from handclasp.nginxconf.render_words import path as nginx_path
from handclasp.pki.ocsp_request import cert_id, write_request

MARK = ".handclasp-publish"
"""A file that says that a folder is ours, and may be cleared of answers that ended."""

_HASHES = ("1.3.14.3.2.26", "2.16.840.1.101.3.4.2.1")
_END = "index.ocsp"  # the file of a request whose base64 ends in a slash
_OPEN = 200  # answers that nginx keeps open, of the 1,024 files that a process may have open where nobody said otherwise
_UNAUTHORIZED, _SNIPPET = "unauthorized.ocsp", "nginx-locations.conf"


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What a run did. `answers`: OCSP answers that stand there now; `signed`: those that this run signed anew.

    `removed`: answers of certificates that ended. `silent`: CAs for which nobody could sign, and why.
    """

    folder: str
    files: tuple[str, ...]
    answers: int
    signed: int
    removed: int
    until: datetime | None
    silent: tuple[str, ...]


Page = Callable[[Iterable[PublicAuthority]], str]


def publish(home: Home, folder: str, *, validity: timedelta, page: Page) -> Published:
    """Bring the folder up to date. An answer is signed anew when its status or signer changed, or half its life is over.

    Args:
        home: the CA.
        folder: absolute; made when missing.
        validity: nextUpdate minus thisUpdate of OCSP answers; publish again before half of it is over.
        page: makes the HTML page with the fingerprints.

    Raises:
        PolicyError: the folder holds files of somebody else, or its name has a character that nginx gives a meaning.
        UsageError: `validity` is no length of time.
        WorldError: the disk failed, or keys cannot be unlocked; every file there is whole, old or new.
    """
    if validity < timedelta(minutes=1):
        raise UsageError("OCSP answers must live a minute or longer", hint="handclasp publish DIR --hours 24")
    around = (
        ("index.html", page(public_authorities(home)).encode()),
        (_UNAUTHORIZED, ERRORS[OcspError.UNAUTHORIZED].der),
        (_SNIPPET, locations(folder).encode()),
    )
    _claim(home, folder)
    signing = responders(home)
    with home.changing("publishing"):
        written = [_write(home, folder, file) for file in sorted(public_files(home), key=_lists_first)]
        crashpoint("publish.lists-written")
        expected, signed, until = _answers(home, folder, signing, validity)
        crashpoint("publish.answers-written")
        removed = _remove_others(home, f"{folder}/ocsp", expected)
        written += [_write_text(home, folder, name, content) for name, content in around]
    return Published(
        folder=folder,
        files=tuple(sorted(written)),
        answers=len(expected),
        signed=signed,
        removed=removed,
        until=until,
        silent=tuple(one.why for one in signing if one.missing),
    )


def answer_path(request: bytes) -> str:
    """Where the answer to a GET lies below `ocsp`: the base64 itself; a slash in it is a folder, one at its end an index."""
    text = base64.b64encode(request).decode()
    return f"{text}{_END}" if text.endswith("/") else text


def _claim(home: Home, folder: str) -> None:
    home.files.make_folder(folder)
    if not home.files.exists(f"{folder}/{MARK}"):
        if next(iter(home.files.walk(folder)), None) is not None:
            raise PolicyError("holds files of somebody else", where=folder, hint="publish into a folder of its own")
        home.files.create(f"{folder}/{MARK}", b"This folder is written by handclasp publish.\n", mode=0o644)


def _answers(
    home: Home, folder: str, signing: tuple[Responder, ...], validity: timedelta
) -> tuple[set[str], int, datetime | None]:
    """The files that must be there, how many were signed now, and when the first of all answers ends."""
    desk = OcspDesk(home, signing, validity=validity, capacity=0)
    by_label = {one.authority.label: one for one in signing if one.signer is not None}
    expected: set[str] = set()
    signed, until = 0, None
    for record in _asked_about(home):
        responder = by_label.get(record.issuer)
        if responder is None:
            continue
        for oid in _HASHES:
            request = write_request(cert_id(responder.issuer, record.serial, oid).encoded)
            path = f"{folder}/ocsp/{answer_path(request)}"
            expected.add(_collapsed(path))
            kept = _kept(home, path, record, responder, validity)
            if kept is None:
                answer = desk.answer(request)
                home.files.make_folder(path.rpartition("/")[0])
                home.files.write(path, answer.der)
                kept = answer.next_update
                signed += 1
            until = min(kept, until or kept) if kept else until
    return expected, signed, until


def _asked_about(home: Home) -> Iterator[Standing]:
    """Unexpired certificates, the revoked ones first."""
    now = home.clock.now()
    for state in (CertificateState.REVOKED, CertificateState.ISSUED):
        yield from home.store.standings(Wanted(states=(state,), lasting=now))


def _kept(home: Home, path: str, record: Standing, responder: Responder, validity: timedelta) -> datetime | None:
    """When the answer that lies there ends, if it may stay: it says what is true, is of this signer, and has half its life."""
    if responder.signer is None or not home.files.exists(path):
        return None
    try:
        there = ocsp.load_der_ocsp_response(home.files.read(path))
        revoked = there.certificate_status is ocsp.OCSPCertStatus.REVOKED
        until, signers = there.next_update_utc, there.certificates
    except ValueError:
        return None
    fresh = until is not None and until - home.clock.now() > validity / 2
    same = revoked == (record.state is CertificateState.REVOKED) and signers == [responder.signer.certificate]
    return until if fresh and same else None


def _remove_others(home: Home, folder: str, expected: set[str]) -> int:
    if not home.files.exists(folder):
        return 0
    others = [path for path in home.files.walk(folder) if path not in expected]
    for path in others:
        home.files.remove(path)
    return len(others)


def locations(folder: str) -> str:
    """Nginx's location blocks for this folder, to be included in a server that listens on plain HTTP."""
    root, error = (nginx_path(name, "the folder") for name in (folder, f"{folder}/{_UNAUTHORIZED}"))
    cache = 'add_header Cache-Control "max-age=60, public, no-transform, must-revalidate";'
    kept = f"open_file_cache max={_OPEN} inactive=60s; open_file_cache_valid 1s;"
    return (
        "# Written by handclasp publish: include this file in a server block that listens on plain HTTP.\n"
        f"location /ocsp/ {{\n    root {root};\n    index {_END};\n    types {{ }}\n"
        f"    default_type application/ocsp-response;\n    {cache}\n    {kept} # a revocation shows a second later\n"
        "    error_page 403 404 405 =200 /ocsp-unauthorized; # nobody signed that: RFC 5019 2.2.3\n}\n"
        "location = /ocsp-unauthorized {\n    internal;\n"
        f"    alias {error};\n    types {{ }}\n    default_type application/ocsp-response;\n"
        '    add_header Cache-Control "no-store";\n}\n'
        f"location /crl/ {{\n    root {root};\n    types {{ application/pkix-crl crl; application/x-pem-file pem; }}\n"
        f"    {cache}\n}}\n"
        f"location /ca/ {{\n    root {root};\n    types {{ application/pkix-cert crt; application/x-pem-file pem; }}\n"
        f"    {cache}\n}}\n"
        f"location = / {{\n    root {root};\n    types {{ text/html html; }}\n    try_files /index.html =404;\n}}\n"
    )


def _write(home: Home, folder: str, file: PublicFile) -> str:
    path = f"{folder}/{file.path}"
    home.files.make_folder(path.rpartition("/")[0])
    put_parts(home, path, file.parts)
    return path


def _write_text(home: Home, folder: str, name: str, content: bytes) -> str:
    path = f"{folder}/{name}"
    home.files.make_folder(path.rpartition("/")[0])
    put(home, path, content)
    return path


def _lists_first(file: PublicFile) -> bool:
    return not file.path.startswith("crl/")


def _collapsed(path: str) -> str:
    """The path as a listing gives it: the file system takes several slashes as one."""
    while "//" in path:
        path = path.replace("//", "/")
    return path
