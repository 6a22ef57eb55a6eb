"""Writes what everybody may fetch into a folder: CRLs, CA certificates, pre-signed OCSP answers, the page with fingerprints.

Any web server can serve it then, with no Handclasp in the path. Each file is replaced in one step and is good by itself, so
there is no moment at which a client gets half of anything. Revocations are written first.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from fnmatch import fnmatchcase

from msgspec.structs import replace

from handclasp.app.answer_ocsp import ERRORS
from handclasp.app.ca_files import put, put_parts
from handclasp.app.crashpoint import crashpoint
from handclasp.app.distribution import PublicAuthority, PublicFile, public_authorities, public_files
from handclasp.app.half_written import HALF_WRITTEN, sweep
from handclasp.app.home import Home
from handclasp.app.ocsp_responders import responders
from handclasp.app.publish_answers import END, Press, Watch, clear_ended, press_answers
from handclasp.app.publish_ledger import Ledger, encoded, goes_on, read_ledger
from handclasp.model.errors import PolicyError, UsageError
from handclasp.model.ocsp import OcspError
from handclasp.nginxconf.render_words import path as nginx_path
from handclasp.ports.files import Shelf
from handclasp.ports.workers import Workers

MARK = ".handclasp-publish"
"""A file that says that a folder is ours, and may be cleared of answers that ended."""

LEDGER = f"{MARK}.ledger"

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """What is to be published. `folder`: absolute; made when missing. `check`: look at every file, not only at what changed.

    `validity`: nextUpdate minus thisUpdate of OCSP answers; publish again before half of it is over.
    """

    folder: str
    validity: timedelta
    check: bool = False


def publish(home: Home, shelf: Shelf, workers: Workers, edition: Edition, *, page: Page, watch: Watch) -> Published:
    """Bring the folder up to date. An answer is signed anew when its status or signer changed, or half its life is over.

    What did not change since the last run is not looked at before half its life is over, when every file is read.

    Args:
        home: the CA.
        shelf: for the answers.
        workers: who sign them.
        edition: where to, and for how long.
        page: makes the HTML page with the fingerprints.
        watch: is told how far it is.

    Raises:
        PolicyError: the folder holds files of somebody else, or its name has a character that nginx gives a meaning.
        UsageError: `validity` is no length of time.
        WorldError: the disk failed, or keys cannot be unlocked; every file there is whole, old or new.
    """
    folder, validity = edition.folder, edition.validity
    if validity < timedelta(minutes=1):
        raise UsageError("OCSP answers must live a minute or longer", hint="handclasp publish DIR --hours 24")
    around = (
        ("index.html", page(public_authorities(home)).encode()),
        (_UNAUTHORIZED, ERRORS[OcspError.UNAUTHORIZED].der),
        (_SNIPPET, locations(folder).encode()),
    )
    home.files.make_folder(folder)
    if not home.files.exists(f"{folder}/{MARK}"):
        _refuse_strangers(home, folder)
    signing = responders(home)
    now = home.clock.now().replace(microsecond=0)
    by_label = {one.authority.label: one for one in signing}
    press = Press(shelf=shelf, folder=f"{folder}/ocsp", now=now, validity=validity, responders=by_label)
    with home.files.lock(f"{folder}/{MARK}.lock", purpose="publishing"):  # not the home's: it may take minutes
        _claim(home, folder)
        sweep(home.files, (folder, f"{folder}/ca", f"{folder}/crl"))
        written = [_write(home, folder, file) for file in sorted(public_files(home), key=_lists_first)]
        crashpoint("publish.lists-written")
        former = None if edition.check else _former(home, press, f"{folder}/{LEDGER}")
        pressed, ledger = press_answers(home, press, workers, former, watch)
        crashpoint("publish.answers-written")
        removed = 0
        if former is None or now - former.swept >= validity / 2:
            removed, ledger = clear_ended(shelf, press.folder, now=now, validity=validity), replace(ledger, swept=now)
        shelf.settle(folder)
        written += [_write_text(home, folder, name, content) for name, content in around]
        home.files.write(f"{folder}/{LEDGER}", encoded(ledger))
    return Published(
        folder=folder,
        files=tuple(sorted(written)),
        answers=pressed.answers,
        signed=pressed.signed,
        removed=removed,
        until=pressed.until,
        silent=tuple(one.why for one in signing if one.missing),
    )


def _former(home: Home, press: Press, path: str) -> Ledger | None:
    """What the last run left, if this one may go on from there."""
    found = read_ledger(home.files, path)
    if found is None or not home.files.is_folder(press.folder):
        return None
    fits = found.fits(validity=press.validity, signers=press.signers(), now=press.now)
    return found if fits and goes_on(home, found) else None


def _refuse_strangers(home: Home, folder: str) -> None:
    """Whoever else publishes here writes nothing before its mark: files without one are not ours."""
    names = (path.removeprefix(f"{folder}/") for path in home.files.walk(folder))
    foreign = any(not (name.startswith(MARK) or fnmatchcase(name, HALF_WRITTEN)) for name in names)
    if foreign and not home.files.exists(f"{folder}/{MARK}"):
        raise PolicyError("holds files of somebody else", where=folder, hint="publish into a folder of its own")


def _claim(home: Home, folder: str) -> None:
    if not home.files.exists(f"{folder}/{MARK}"):
        home.files.create(f"{folder}/{MARK}", b"This folder is written by handclasp publish.\n", mode=0o644)


def locations(folder: str) -> str:
    """Nginx's location blocks for this folder, to be included in a server that listens on plain HTTP."""
    root, error = (nginx_path(name, "the folder") for name in (folder, f"{folder}/{_UNAUTHORIZED}"))
    cache = 'add_header Cache-Control "max-age=60, public, no-transform, must-revalidate";'
    kept = f"open_file_cache max={_OPEN} inactive=60s; open_file_cache_valid 1s;"
    return (
        "# Written by handclasp publish: include this file in a server block that listens on plain HTTP.\n"
        f"location /ocsp/ {{\n    root {root};\n    index {END};\n    types {{ }}\n"
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
