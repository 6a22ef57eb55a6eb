"""The files in HOME/ca that nginx and clients read, written from what the registry remembers."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial

from handclasp.app.crashpoint import crashpoint
from handclasp.app.home import Home
from handclasp.model.errors import InputError
from handclasp.model.issuance import KeptCrl
from handclasp.pki.export import crl_pem_parts, pem_of


def write_certificates(home: Home) -> None:
    """`ca/<label>.pem` and `ca/bundle.pem`; a file that says so already is left alone."""
    home.files.make_folder(home.layout.at("ca"))
    for authority in home.authorities():
        put(home, home.layout.authority(authority.label), pem_of(authority.certificate))
    crashpoint("ca-files.certificates-written")
    put(home, home.layout.bundle, bundle_of(home))
    crashpoint("ca-files.bundle-written")


def bundle_of(home: Home) -> bytes:
    """Every CA certificate as the registry has it, PEM: what ca/bundle.pem says, or will."""
    return b"".join(pem_of(authority.certificate) for authority in home.authorities())


def bundle_written(home: Home) -> bool:
    """Whether `ca/bundle.pem` holds exactly that."""
    return _says(home, home.layout.bundle, (bundle_of(home),))


def write_crls(home: Home) -> None:
    """`ca/crl.pem`: the newest CRL of every CA, in one atomic step. nginx checks the whole chain, so none may be missing."""
    home.files.make_folder(home.layout.at("ca"))
    put_parts(home, home.layout.crl, partial(crl_file_parts, newest_crls(home)))
    crashpoint("crl.published")


def newest_crls(home: Home) -> tuple[KeptCrl, ...]:
    """The newest CRL of every CA that has one."""
    found = (home.store.newest_crl(authority.label) for authority in home.authorities())
    return tuple(one for one in found if one is not None)


def crl_file_parts(newest: tuple[KeptCrl, ...]) -> Iterator[bytes]:
    """What `ca/crl.pem` must hold, a part at a time."""
    for one in newest:
        yield from crl_pem_parts(one.content)


def crl_file_content(home: Home) -> bytes:
    """What `ca/crl.pem` must hold."""
    return b"".join(crl_file_parts(newest_crls(home)))


def crls_written(home: Home, newest: tuple[KeptCrl, ...]) -> bool:
    """Whether `ca/crl.pem` holds exactly these."""
    return _says(home, home.layout.crl, crl_file_parts(newest))


def put_parts(home: Home, path: str, parts: Callable[[], Iterable[bytes]]) -> None:
    """As `put`, of content that is not in memory at once; `parts` gives it each time anew."""
    if not _says(home, path, parts()):
        home.files.write_parts(path, parts())


def _says(home: Home, path: str, parts: Iterable[bytes]) -> bool:
    """Whether a file has exactly this content; one that is missing, unreadable or no regular file has not."""
    try:
        there = home.files.octets(path)
    except InputError:
        return False
    place = 0
    for part in parts:
        if there.read(place, place + len(part)) != part:
            return False
        place += len(part)
    return place == len(there)


def put(home: Home, path: str, content: bytes, *, mode: int = 0o644) -> bool:
    """Write a file unless it has this content; whether it was written."""
    if home.files.exists(path):
        try:
            if home.files.read(path) == content:
                return False
        except InputError:
            pass  # unreadable or no regular file: writing says what is wrong, or puts it right
    home.files.write(path, content, mode=mode)
    return True
