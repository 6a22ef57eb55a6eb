"""The files in HOME/ca that nginx and clients read, written from what the registry remembers."""

from handclasp.app.crashpoint import crashpoint
from handclasp.app.home import Home
from handclasp.model.errors import InputError
from handclasp.pki.export import crl_pem, pem_of


def write_certificates(home: Home) -> None:
    """`ca/<label>.pem` and `ca/bundle.pem`; a file that says so already is left alone."""
    home.files.make_folder(home.layout.at("ca"))
    authorities = home.authorities()
    for authority in authorities:
        put(home, home.layout.authority(authority.label), pem_of(authority.certificate))
    crashpoint("ca-files.certificates-written")
    put(home, home.layout.bundle, b"".join(pem_of(authority.certificate) for authority in authorities))
    crashpoint("ca-files.bundle-written")


def write_crls(home: Home) -> None:
    """`ca/crl.pem`: the newest CRL of every CA, in one atomic step. nginx checks the whole chain, so none may be missing."""
    home.files.make_folder(home.layout.at("ca"))
    put(home, home.layout.crl, crl_file_content(home))
    crashpoint("crl.published")


def crl_file_content(home: Home) -> bytes:
    """What `ca/crl.pem` must hold: the newest CRL of every CA that has one."""
    newest = [home.store.latest_crl(authority.label) for authority in home.authorities()]
    return b"".join(crl_pem(der) for der in newest if der is not None)


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
