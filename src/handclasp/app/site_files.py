"""PEM files that a person names for a site, looked at before nginx is asked: its words would be about a copy of them."""

from handclasp.app.site import SiteOrder
from handclasp.model.errors import InputError
from handclasp.pki.private_key import spki_of_private_key_pem
from handclasp.pki.read import certificates_from_bytes
from handclasp.ports.files import FileReader


def check_named_files(files: FileReader, order: SiteOrder) -> None:
    """Look at the certificates and keys that the order names; those of the home are not its business.

    Raises:
        InputError: one is missing, unreadable, or not what it should be, or a key does not belong to its certificate.
    """
    upstream = order.intent.upstream
    _check_pair(files, order.certificate, order.certificate_key)
    if upstream is not None:
        _check_pair(files, upstream.certificate, upstream.certificate_key)
        if upstream.trusted_certificate is not None:
            _public_key(files, upstream.trusted_certificate)
        if upstream.chain is not None:
            _public_key(files, upstream.chain)


def _check_pair(files: FileReader, certificate: str | None, key: str | None) -> None:
    held = _public_key(files, certificate) if certificate is not None else None
    if key is None:
        return
    if held not in {None, spki_of_private_key_pem(files.read(key), where=key)}:
        raise InputError(f"is not the key of the first certificate in {certificate}", where=key, hint="give the key beside it")


def _public_key(files: FileReader, path: str) -> bytes:
    """SubjectPublicKeyInfo (DER) of the first certificate of a PEM file."""
    content = files.read(path)
    first = certificates_from_bytes(content, where=path)[0]
    if b"-----BEGIN" not in content:
        raise InputError("is in DER, and nginx reads PEM", where=path, hint=f"openssl x509 -inform der -in {path} -out FILE")
    return first.spki
