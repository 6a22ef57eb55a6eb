"""What nginx loads into the trust store of a server or an upstream, from the bytes of its files."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from handclasp.model.certificate import Certificate, Crl, TrustAnchors
from handclasp.model.errors import InputError
from handclasp.model.nginx import NginxVersion, TlsServer, TlsUpstream
from handclasp.pki.read import certificates_from_pem, crls_from_pem
from handclasp.pki.trust_settings import TrustSettings, trust_settings

CRL_FILES_HOLD_CRLS_ONLY = NginxVersion(1, 27, 2)
"""Before, X509_load_cert_crl_file read whatever was there: certificates in a CRL file became trust anchors, and the reverse."""

_CLIENT_AUTH, _SERVER_AUTH = "1.3.6.1.5.5.7.3.2", "1.3.6.1.5.5.7.3.1"

Files = Mapping[str, bytes | None]


@dataclass(frozen=True, slots=True)
class Trust:
    """The store and, when a CRL file is set, its CRLs; `crls` None means that nothing is checked."""

    store: TrustAnchors
    crls: tuple[Crl, ...] | None


def client_trust(server: TlsServer, files: Files, version: NginxVersion) -> Trust:
    """What client certificates are judged by: ssl_client_certificate and ssl_trusted_certificate alike, and ssl_crl."""
    anchors = (server.client_certificate.value, server.trusted_certificate.value)
    return _trust(anchors, server.crl.value, files, version, _CLIENT_AUTH)


def upstream_trust(upstream: TlsUpstream, files: Files, version: NginxVersion) -> Trust:
    """What the upstream's certificate is judged by: *_ssl_trusted_certificate and *_ssl_crl."""
    return _trust((upstream.trusted_certificate.value,), upstream.crl.value, files, version, _SERVER_AUTH)


def certificates_in(files: Files, path: str | None) -> tuple[Certificate, ...]:
    """The readable certificates of one PEM file, in order; () when there is none."""
    content = files.get(path) if path else None
    return _certificates(content) if content else ()


def crls_in(files: Files, path: str | None) -> tuple[Crl, ...]:
    """The readable CRLs of one PEM file, in order; () when there is none."""
    content = files.get(path) if path else None
    return _crls(content) if content else ()


@lru_cache(maxsize=128)  # a configuration of many servers names the same few files again and again
def _certificates(content: bytes) -> tuple[Certificate, ...]:
    try:
        return certificates_from_pem(content, where="")
    except InputError:
        return ()


@lru_cache(maxsize=16)
def _crls(content: bytes) -> tuple[Crl, ...]:
    try:
        return crls_from_pem(content, where="")
    except InputError:
        return ()


@lru_cache(maxsize=128)  # as above
def _settings(content: bytes) -> dict[bytes, TrustSettings]:
    return trust_settings(content)


def _trust(anchors: tuple[str | None, ...], crl: str | None, files: Files, version: NginxVersion, purpose: str) -> Trust:
    mixed = version < CRL_FILES_HOLD_CRLS_ONLY
    holders = (*anchors, crl) if mixed else anchors
    certificates = tuple(certificate for path in holders for certificate in certificates_in(files, path))
    said = {der: one for path in holders if path for der, one in _settings(files.get(path) or b"").items()}
    store = TrustAnchors(
        tuple(dict.fromkeys(certificates)),
        vouched=frozenset(item for item in certificates if item.der in said and said[item.der].vouches(purpose)),
        refused=frozenset(item for item in certificates if item.der in said and said[item.der].refuses(purpose)),
    )
    if crl is None:
        return Trust(store, None)
    lists = (*(anchors if mixed else ()), crl)
    return Trust(store, tuple(dict.fromkeys(item for path in lists for item in crls_in(files, path))))
