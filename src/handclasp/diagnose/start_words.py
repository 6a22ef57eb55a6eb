"""nginx's words when it refuses to start, and the cause that each complaint has."""

import re

_LOOSE = "directive-invalid-advice"
_CA_FILE = "ca-file"
_NO_FILE = "No such file"
_OF_A_DIRECTIVE = re.compile(
    r'^unknown (?:directive|"\w+" variable)|^invalid (?:value|parameter|number of arguments|condition)'
    r'|directive is (?:duplicate|not )|is incompatible with|must be "|^unexpected "'
)
# A drive, or what nginx makes of a backslash in quotes: it reads \n, \t and \r as line end, tab and return.
_WINDOWS = re.compile(r'"[^"]*(?:[A-Za-z]:[\\/\n\t\r]|[\n\t\r]|\\)[^"]*"')
OF_FILES = frozenset({_CA_FILE, "client-crl-file-format", "server-cert-key-mismatch"})

# In this order: the first whose directive and words fit names the cause.
_CAUSES: tuple[tuple[str, str, str], ...] = (
    (r"", r"\(13: Permission denied\)|Permission denied", "file-permission-denied"),
    (r"(proxy|grpc|uwsgi)_ssl_", r"^no \w+_ssl_trusted_certificate for ", "upstream-verify-without-trust-file"),
    (r"(proxy|grpc|uwsgi)_ssl_certificate", r"", "upstream-client-key-problems"),
    (r"ssl_verify_client", r"^no ssl_client_certificate", "verify-on-without-ca"),
    (r"ssl_(client|trusted)_certificate|\w+_ssl_trusted_certificate", r"^(SSL_CTX_load|SSL_load|cannot load)", _CA_FILE),
    (r"(\w+_)?ssl_crl", r"^(X509_LOOKUP|cannot load)", "client-crl-file-format"),
    (r"ssl_certificate(_key)?", r"too (small|weak)\)", "server-cert-too-weak-to-load"),
    (r"ssl_certificate(_key)?", r"key values mismatch|_key\" is defined|^cannot load", "server-cert-key-mismatch"),
    (r"", r"^SSL_CTX_use_PrivateKey|^cannot load certificate ", "server-cert-key-mismatch"),
    (r"", r"^SSL_CTX_use_certificate|^SSL_CTX_set0_chain", "server-cert-too-weak-to-load"),
    (r"", r"^(SSL_CTX_load_verify|SSL_load_client_CA)", _CA_FILE),
    (r"", r"^X509_LOOKUP_load_file|^cannot load CRL", "client-crl-file-format"),
    (r"", r"^no ssl_client_certificate", "verify-on-without-ca"),
    (r"", r"^no \w+_ssl_trusted_certificate for ", "upstream-verify-without-trust-file"),
    (r"", r"^host not found in OCSP responder", "client-ocsp-unreachable"),
    (r"", r" directive is not allowed here", "directive-wrong-context"),
)  # fmt: skip
CAUSES = tuple(dict.fromkeys(cause for _, _, cause in _CAUSES if cause != _CA_FILE))


def cause_of_words(message: str, directive: str = "") -> str:
    """The cause of a complaint by its words; "ca-file" for those that only the file can tell apart."""
    for of_directive, words, cause in _CAUSES:
        if (not of_directive or re.fullmatch(of_directive + ".*", directive)) and re.search(words, message):
            return cause
    return _LOOSE


def of_windows(message: str) -> bool:
    """Whether it quotes a path as Windows writes one."""
    return _WINDOWS.search(message) is not None


def file_missing(message: str) -> bool:
    """Whether a file was not there."""
    return _NO_FILE in message


def cause_of_line(message: str) -> str | None:
    """The cause of a complaint when its words are all there is; None: it is about no directive, and no file of TLS."""
    slug = cause_of_words(message)
    if slug in OF_FILES and of_windows(message):
        return "windows-bom-crlf-path"
    if slug in OF_FILES and file_missing(message):
        return "file-missing-in-container"
    if slug == _CA_FILE:
        damaged = re.search(r"bad (end line|base64)|ASN1 lib", message)
        return "ca-bundle-silently-partial" if damaged else "ca-file-not-pem"
    return None if slug == _LOOSE and not _OF_A_DIRECTIVE.search(message) else slug
