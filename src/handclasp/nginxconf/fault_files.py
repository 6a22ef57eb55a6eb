"""Files that nginx opens at start: what it says of those it cannot use. Unknown files (not in the evidence) are no fault."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from handclasp.model.evidence import ENCRYPTED, NO_KEY
from handclasp.model.nginx import NginxVersion, OpensslSeries
from handclasp.nginxconf.fault_strength import level_in_force, weakness
from handclasp.nginxconf.openssl_words import ssl_reason
from handclasp.nginxconf.pem_blocks import CERTIFICATES, CRL, TRUSTED, PemBlock, blocks, key_algorithm, public_key

OWN_LOADERS = NginxVersion(1, 27, 2)
"""From here on nginx reads CA and CRL files itself, one PEM block after the other, instead of through OpenSSL's lookup."""

_ANY_CERTIFICATE = CERTIFICATES | {TRUSTED}


@dataclass(frozen=True, slots=True, kw_only=True)
class StartFiles:
    """What is known of the files, and of the nginx that would open them.

    `files`: bytes by absolute path, None for a file that does not exist; a path that is not in it is unknown. `keys`: the DER
    SubjectPublicKeyInfo of private keys by path. `level`: OpenSSL's security level where no cipher list says otherwise.
    `shut`: why a private key is not to be had from its file, by path. `openssl`: a series or a full version.
    """

    files: Mapping[str, bytes | None]
    keys: Mapping[str, bytes]
    version: NginxVersion
    openssl: str
    level: int = 2
    shut: Mapping[str, str] = field(default_factory=dict)
    _read: dict[bytes, tuple[PemBlock, ...]] = field(default_factory=dict, repr=False)
    _paired: dict[tuple[str, str, str, str | None], str | None] = field(default_factory=dict, repr=False)

    @property
    def series(self) -> OpensslSeries:
        """Of OpenSSL."""
        return OpensslSeries.of(self.openssl)

    def missing(self, path: str) -> bool:
        """Whether the file is known not to exist."""
        return path in self.files and self.files[path] is None

    def blocks(self, content: bytes) -> tuple[PemBlock, ...]:
        """The PEM blocks that this series of OpenSSL sees."""
        # One CA or CRL file, perhaps a large one, often serves hundreds of servers.
        if content not in self._read:
            self._read[content] = blocks(content, skip_mark=self.series.since(OpensslSeries.V3_0))
        return self._read[content]

    def reason(self, *kinds: str, file: str = "", label: str = "") -> str:
        """The bracket `(SSL: ...)` in this series' words."""
        return ssl_reason(self.series, *kinds, file=file, label=label)

    def anchors(self, path: str, *, advertised: bool) -> str | None:
        """ssl_client_certificate (`advertised`: its names go to clients) or ssl_trusted_certificate."""
        if self.version >= OWN_LOADERS:
            return self._own(path, "certificate", "PEM_read_bio_X509_AUX", _ANY_CERTIFICATE, TRUSTED)
        fault = self._lookup(path, "SSL_CTX_load_verify_locations")
        content = self.files.get(path)
        if fault or content is None or not advertised:
            return fault
        if any(block.label in CERTIFICATES for block in self.blocks(content)):
            return None
        return f'SSL_load_client_CA_file("{path}") failed {self.reason("no start line", label="CERTIFICATE")}'

    def crl(self, path: str) -> str | None:
        """ssl_crl. Until 1.27.1 a file of certificates passes, and they become trust anchors."""
        if self.version >= OWN_LOADERS:
            return self._own(path, "CRL", "PEM_read_bio_X509_CRL", frozenset({CRL}), CRL)
        return self._lookup(path, "X509_LOOKUP_load_file")

    def _lookup(self, path: str, call: str) -> str | None:
        """Through OpenSSL's X509_load_cert_crl_file: certificates and CRLs, other blocks are passed over."""
        if self.missing(path):
            return f'{call}("{path}") failed {self.reason("missing", "lookup missing", file=path)}'
        content = self.files.get(path)
        if content is None:
            return None
        found = self.blocks(content)
        if found and found[-1].flaw:
            return f'{call}("{path}") failed {self.reason(found[-1].flaw, "lookup")}'
        if not any(block.label in _ANY_CERTIFICATE or block.label == CRL for block in found):
            return f'{call}("{path}") failed {self.reason("nothing")}'
        return None

    def _own(self, path: str, what: str, call: str, labels: frozenset[str], expecting: str) -> str | None:
        head = f'cannot load {what} "{path}": '
        if self.missing(path):
            return head + f"BIO_new_file() failed {self.reason('missing', file=path)}"
        content = self.files.get(path)
        if content is None:
            return None
        found = self.blocks(content)
        if found and found[-1].flaw:
            return head + f"{call}() failed {self.reason(found[-1].flaw)}"
        if not any(block.label in labels for block in found):
            return head + f"{call}() failed {self.reason('no start line', label=expecting)}"
        return None

    def pair(self, certificate: str, key: str, ciphers: str, passwords: str | None = None) -> str | None:
        """A certificate file, and whether the key belongs to its first certificate. Paths with variables pass.

        `passwords`: the file of passwords in force there.
        """
        asked = (certificate, key, ciphers, passwords)
        if asked not in self._paired:
            self._paired[asked] = self._pair(*asked)
        return self._paired[asked]

    def _pair(self, certificate: str, key: str, ciphers: str, passwords: str | None) -> str | None:
        if "$" in certificate:
            return None  # opened by the workers, during the handshake
        head = f'cannot load certificate "{certificate}": '
        content = self.files.get(certificate)
        if certificate.startswith("data:"):
            content = certificate.removeprefix("data:").encode("utf-8", "surrogateescape")
        elif self.missing(certificate):
            return head + f"BIO_new_file() failed {self.reason('missing', file=certificate)}"
        if content is None:
            return self._key(key, passwords)
        found = self.blocks(content)
        fault = self._leaf(found)
        if fault:
            return head + fault
        return self._weak(certificate, found, ciphers) or self._key(key, passwords) or self._mismatch(found, key)

    def _leaf(self, found: tuple[PemBlock, ...]) -> str | None:
        """The first certificate is read as AUX, the rest of the chain after it."""
        at = next((at for at, block in enumerate(found) if block.flaw or block.label in _ANY_CERTIFICATE), None)
        if at is None:
            return f"PEM_read_bio_X509_AUX() failed {self.reason('no start line', label=TRUSTED)}"
        if flaw := found[at].flaw:
            return f"PEM_read_bio_X509_AUX() failed {self.reason(flaw)}"
        if flaw := found[-1].flaw:
            return f"PEM_read_bio_X509() failed {self.reason(flaw)}"
        return None

    def _weak(self, path: str, found: tuple[PemBlock, ...], ciphers: str) -> str | None:
        """The first certificate is loaded alone, the others as its chain."""
        level = level_in_force(ciphers, self.level, self.version, self.series)
        calls = ("SSL_CTX_use_certificate", "SSL_CTX_set0_chain")
        for at, block in enumerate(block for block in found if block.label in _ANY_CERTIFICATE):
            if flaw := weakness(block.der, level, self.openssl):
                kind = "ca md" if flaw == "md" else ("ca key" if at else "ee key")
                return f'{calls[min(at, 1)]}("{path}") failed {self.reason(kind)}'
        return None

    def _key(self, key: str, passwords: str | None) -> str | None:
        if "$" in key:
            return None
        head = f'cannot load certificate key "{key}": '
        if self.missing(key):
            return head + f"BIO_new_file() failed {self.reason('missing', file=key)}"
        if self.shut.get(key) == NO_KEY:
            return head + f"PEM_read_bio_PrivateKey() failed {self.reason('no key')}"
        if self.shut.get(key) == ENCRYPTED and (passwords is None or key not in self.keys):
            kind = "bad password" if passwords is None else "bad decrypt"
            return head + f"PEM_read_bio_PrivateKey() failed {self.reason(kind)}"
        return None

    def _mismatch(self, found: tuple[PemBlock, ...], key: str) -> str | None:
        held = self.keys.get(key)
        leaf = next(block.der for block in found if block.label in _ANY_CERTIFICATE)
        shown = public_key(leaf)
        # A key of another kind has a slot of its own: nobody compares it, and nothing comes of it (verdict.pairs).
        if held is None or shown in {None, held} or key_algorithm(shown or b"") != key_algorithm(held):
            return None
        return f'SSL_CTX_use_PrivateKey("{key}") failed {self.reason("mismatch")}'

    def ticket_key(self, path: str) -> str | None:
        """ssl_session_ticket_key, without the place nginx adds."""
        if self.missing(path):
            return f'open() "{path}" failed (2: No such file or directory)'
        content = self.files.get(path)
        if content is not None and len(content) not in {48, 80}:
            return f'"{path}" must be 48 or 80 bytes'
        return None

    def dhparam(self, path: str) -> str | None:
        """ssl_dhparam."""
        if self.missing(path):
            return f'BIO_new_file("{path}") failed {self.reason("missing", file=path)}'
        content = self.files.get(path)
        labels = {block.label for block in self.blocks(content)} if content is not None else {"DH PARAMETERS"}
        if labels & {"DH PARAMETERS", "X9.42 DH PARAMETERS"}:
            return None
        return f'PEM_read_bio_DHparams("{path}") failed {self.reason("no start line", label="DH PARAMETERS")}'
