"""What a person wants of a site, before any nginx text exists."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamIntent:
    """Where requests go. `url`: http://host:port or https://host:port.

    For https nginx verifies the upstream: `trusted_certificate` is the path of a PEM file with its root (and intermediates),
    `name` the DNS name that must be in its certificate (default: the host of `url`), `verify_depth` the intermediates, `crl`
    a file with a CRL for each of its CAs. `certificate` and `certificate_key` are what nginx shows to the upstream of itself.
    """

    url: str
    trusted_certificate: str | None = None
    name: str | None = None
    verify_depth: int = 1
    crl: str | None = None
    certificate: str | None = None
    certificate_key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteIntent:
    """One site behind client certificates.

    `listen` are (address, port) pairs, address "*" for any. `upstream` None answers 200 with a short text (for trying out).
    `allow` None: every client of the CA; otherwise names of identities, all others get 403.
    """

    server_names: tuple[str, ...]
    listen: tuple[tuple[str, int], ...]
    upstream: UpstreamIntent | None = None
    allow: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AdmittedCertificate:
    """One certificate that may enter, as nginx shows it: issuer DN (RFC 2253, $ssl_client_i_dn) and serial (upper-case hex)."""

    identity: str
    issuer_dn: str
    serial: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteMaterial:
    """The files and facts that rendering needs besides the intent. Paths are as nginx will open them.

    `verify_depth` is the number of intermediates (OpenSSL >= 1.1.0). `session_epoch` changes with every revocation: it is part
    of the session cache zone's name, so that no session made before a revocation can be resumed after it.
    """

    certificate: str
    certificate_key: str
    client_certificate: str
    crl: str
    verify_depth: int
    session_epoch: int
    error_log: str
    access_log: str
    admitted: tuple[AdmittedCertificate, ...] = ()
