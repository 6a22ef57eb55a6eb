"""The nginx directives that Handclasp interprets: where each is allowed, what it takes, since when, and how it is inherited.

Sources: nginx source (the ngx_command_t tables) and change log; every row is compared with a real `nginx -t` in the tests.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

Version = tuple[int, int, int]

HTTP, SERVER, LOCATION = "http", "server", "location"
STREAM, STREAM_SERVER = "stream", "stream server"
SERVER_IF, LOCATION_IF, LIMIT_EXCEPT = "server if", "location if", "limit_except"
MAIN, EVENTS, UPSTREAM, STREAM_UPSTREAM = "main", "events", "upstream", "stream upstream"
MAIL, MAIL_SERVER = "mail", "mail server"

HTTP_SERVER = (HTTP, SERVER)
HTTP_LOCATION = (HTTP, SERVER, LOCATION)
STREAM_ALL = (STREAM, STREAM_SERVER)
ANYWHERE_HTTP = (HTTP, SERVER, LOCATION, LOCATION_IF)


class Value(StrEnum):
    """What the arguments mean, as far as nginx checks it when it reads the directive."""

    TEXT = "text"
    PATH = "path"
    FLAG = "flag"
    NUMBER = "number"
    TIME = "time"
    SIZE = "size"
    ENUM = "enum"
    MASK = "mask"


class Inherit(StrEnum):
    """What an inner block that lacks the directive gets, and whether the directive may be repeated in one block.

    VALUE: the outer value, replaced whole by an inner one; a second one in the same block is a duplicate.
    LIST: repeated directives form a list; all of the outer list, or, with a single inner one, nothing of it.
    OWN: nothing is inherited.
    """

    VALUE = "value"
    LIST = "list"
    OWN = "own"


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectiveSpec:
    """One row. `arguments` is (fewest, most), most None for any number; `since` and `removed` are nginx versions.

    `repeat`: may stand more than once in a block. `block`: opens a `{ }`.
    """

    name: str
    contexts: tuple[str, ...]
    arguments: tuple[int, int | None] = (1, 1)
    value: Value = Value.TEXT
    choices: tuple[str, ...] = ()
    inherit: Inherit = Inherit.VALUE
    repeat: bool = False
    block: bool = False
    since: Version = (0, 0, 0)
    removed: Version | None = None

    def exists_in(self, version: Version) -> bool:
        """Whether this version of nginx knows the directive (in these contexts)."""
        return self.since <= version and (self.removed is None or version < self.removed)


def _rows(names: str, contexts: tuple[str, ...], **fields: object) -> Iterator[DirectiveSpec]:
    for name in names.split():
        yield DirectiveSpec(name=name, contexts=contexts, **fields)  # type: ignore[arg-type]


_PROTOCOLS = ("SSLv2", "SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")
_LIST = {"inherit": Inherit.LIST, "repeat": True}
_OWN = {"inherit": Inherit.OWN}
_OWN_MANY = {"inherit": Inherit.OWN, "repeat": True}


def _tls_server(contexts: tuple[str, ...]) -> Iterator[DirectiveSpec]:
    """The ssl_* that http and stream share."""
    yield from _rows("ssl_certificate ssl_certificate_key", contexts, value=Value.PATH, **_LIST)
    yield from _rows(
        "ssl_client_certificate ssl_trusted_certificate ssl_crl ssl_dhparam ssl_password_file", contexts, value=Value.PATH
    )
    yield from _rows("ssl_ciphers ssl_ecdh_curve", contexts)
    yield from _rows("ssl_verify_client", contexts, value=Value.ENUM, choices=("off", "on", "optional", "optional_no_ca"))
    yield from _rows("ssl_verify_depth", contexts, value=Value.NUMBER)
    yield from _rows("ssl_protocols", contexts, arguments=(1, None), value=Value.MASK, choices=_PROTOCOLS)
    yield from _rows("ssl_prefer_server_ciphers ssl_session_tickets", contexts, value=Value.FLAG)
    yield from _rows("ssl_session_cache", contexts, arguments=(1, 2))
    yield from _rows("ssl_session_ticket_key", contexts, value=Value.PATH, **_LIST)
    yield from _rows("ssl_session_timeout", contexts, value=Value.TIME)
    yield from _rows("ssl_conf_command", contexts, arguments=(2, 2), since=(1, 19, 4), **_LIST)
    yield from _rows("ssl_certificate_cache", contexts, arguments=(1, 3), since=(1, 27, 4))
    yield from _rows("ssl_certificate_compression", contexts, value=Value.FLAG, since=(1, 29, 1))
    yield from _rows("ssl_ech_file", contexts, value=Value.PATH, since=(1, 29, 4), **_LIST)


def _server_by_module() -> Iterator[DirectiveSpec]:
    """The ssl_* whose version or contexts differ between http and stream."""
    yield from _tls_server(HTTP_SERVER)
    yield from _tls_server(STREAM_ALL)
    for contexts, ocsp, reject in ((HTTP_SERVER, (1, 19, 0), (1, 19, 4)), (STREAM_ALL, (1, 27, 2), (1, 25, 5))):
        yield from _rows("ssl_ocsp", contexts, value=Value.ENUM, choices=("off", "on", "leaf"), since=ocsp)
        yield from _rows("ssl_ocsp_responder ssl_ocsp_cache", contexts, since=ocsp)
        yield from _rows("ssl_reject_handshake", contexts, value=Value.FLAG, since=reject)
    for contexts, since in ((HTTP_SERVER, (1, 3, 7)), (STREAM_ALL, (1, 27, 2))):
        yield from _rows("ssl_stapling ssl_stapling_verify", contexts, value=Value.FLAG, since=since)
        yield from _rows("ssl_stapling_file", contexts, value=Value.PATH, since=since)
        yield from _rows("ssl_stapling_responder", contexts, since=since)
    yield from _rows("ssl_buffer_size", HTTP_SERVER, value=Value.SIZE)
    yield from _rows("ssl_early_data", HTTP_SERVER, value=Value.FLAG, since=(1, 15, 3))
    yield from _rows("ssl", HTTP_SERVER, value=Value.FLAG, removed=(1, 25, 1))
    yield from _rows("http2", HTTP_SERVER, value=Value.FLAG, since=(1, 25, 1))
    yield from _rows("ssl_alpn", STREAM_ALL, arguments=(1, None), since=(1, 21, 4))
    yield from _rows("ssl_handshake_timeout", STREAM_ALL, value=Value.TIME)
    yield from _rows("ssl_preread", STREAM_ALL, value=Value.FLAG)
    yield from _rows("ssl_engine", (MAIN,))
    yield from _rows("ssl_object_cache_inheritable", (MAIN,), value=Value.FLAG, since=(1, 27, 4))


def _tls_client(prefix: str, contexts: tuple[str, ...], variables: Version) -> Iterator[DirectiveSpec]:
    """The proxy_ssl_* of one proxying module."""
    yield from _rows(f"{prefix}_ssl_verify {prefix}_ssl_server_name {prefix}_ssl_session_reuse", contexts, value=Value.FLAG)
    yield from _rows(f"{prefix}_ssl_verify_depth", contexts, value=Value.NUMBER)
    yield from _rows(f"{prefix}_ssl_name {prefix}_ssl_ciphers", contexts)
    paths = ("trusted_certificate", "crl", "certificate", "certificate_key", "password_file")
    yield from _rows(" ".join(f"{prefix}_ssl_{name}" for name in paths), contexts, value=Value.PATH)
    yield from _rows(f"{prefix}_ssl_protocols", contexts, arguments=(1, None), value=Value.MASK, choices=_PROTOCOLS)
    yield from _rows(f"{prefix}_ssl_conf_command", contexts, arguments=(2, 2), since=variables, **_LIST)
    yield from _rows(f"{prefix}_ssl_certificate_cache", contexts, arguments=(1, 3), since=(1, 27, 4))
    yield from _rows(f"{prefix}_ssl_key_log", contexts, value=Value.PATH, since=(1, 27, 2))


def _proxies() -> Iterator[DirectiveSpec]:
    """The modules that pass requests on."""
    for prefix in ("proxy", "grpc", "uwsgi"):
        yield from _tls_client(prefix, HTTP_LOCATION, (1, 19, 4))
    yield from _tls_client("proxy", STREAM_ALL, (1, 19, 4))
    yield from _rows("proxy_ssl", STREAM_ALL, value=Value.FLAG)
    yield from _rows("proxy_ssl_alpn", STREAM_ALL, arguments=(1, None), since=(1, 31, 0))
    yield from _rows("proxy_pass", (LOCATION, LOCATION_IF, LIMIT_EXCEPT), **_OWN)
    yield from _rows("proxy_pass", (STREAM_SERVER,), **_OWN)
    yield from _rows("grpc_pass uwsgi_pass fastcgi_pass scgi_pass", (LOCATION, LOCATION_IF), **_OWN)
    yield from _rows("proxy_set_header grpc_set_header", HTTP_LOCATION, arguments=(2, 2), **_LIST)
    yield from _rows("uwsgi_param fastcgi_param scgi_param", HTTP_LOCATION, arguments=(2, 3), **_LIST)
    old = ("1.0", "1.1")
    yield from _rows("proxy_http_version", HTTP_LOCATION, value=Value.ENUM, choices=old, removed=(1, 29, 4))
    yield from _rows("proxy_http_version", HTTP_LOCATION, value=Value.ENUM, choices=(*old, "2"), since=(1, 29, 4))
    yield from _rows("proxy_intercept_errors proxy_buffering proxy_pass_request_headers", HTTP_LOCATION, value=Value.FLAG)


def _core() -> Iterator[DirectiveSpec]:
    """The rest that decides which server and location answers, and what is logged."""
    yield from _rows("http events stream mail", (MAIN,), arguments=(0, 0), block=True, **_OWN)
    yield from _rows("server", (HTTP, STREAM, MAIL), arguments=(0, 0), block=True, **_OWN_MANY)
    yield from _rows("server", (UPSTREAM, STREAM_UPSTREAM), arguments=(1, None), **_OWN_MANY)
    yield from _rows("upstream", (HTTP, STREAM), block=True, **_OWN_MANY)
    yield from _rows("map", (HTTP, STREAM), arguments=(2, 2), block=True, **_OWN_MANY)
    yield from _rows("geo", (HTTP, STREAM), arguments=(1, 2), block=True, **_OWN_MANY)
    yield from _rows("split_clients", (HTTP, STREAM), arguments=(2, 2), block=True, **_OWN_MANY)
    yield from _rows("types", HTTP_LOCATION, arguments=(0, 0), block=True, **_LIST)
    yield from _rows("location", (SERVER, LOCATION), arguments=(1, 2), block=True, **_OWN_MANY)
    yield from _rows("if", (SERVER, LOCATION), arguments=(1, None), block=True, **_OWN_MANY)
    yield from _rows("limit_except", (LOCATION,), arguments=(1, None), block=True, **_OWN)
    yield from _rows("listen", (SERVER, STREAM_SERVER, MAIL_SERVER), arguments=(1, None), **_OWN_MANY)
    yield from _rows("server_name", (SERVER,), arguments=(1, None), **_OWN_MANY)
    yield from _rows("server_name", (STREAM_SERVER,), arguments=(1, None), since=(1, 25, 5), **_OWN_MANY)
    yield from _rows("server_name", (MAIL, MAIL_SERVER))
    yield from _rows("error_page", ANYWHERE_HTTP, arguments=(2, None), **_LIST)
    yield from _rows(
        "error_log", (MAIN, HTTP, SERVER, LOCATION, STREAM, STREAM_SERVER, MAIL, MAIL_SERVER), arguments=(1, None), **_LIST
    )
    yield from _rows("access_log", (*ANYWHERE_HTTP, LIMIT_EXCEPT, *STREAM_ALL), arguments=(1, None), **_LIST)
    yield from _rows("log_format", (HTTP, STREAM), arguments=(2, None), **_OWN_MANY)
    yield from _rows("return", (SERVER, SERVER_IF, LOCATION, LOCATION_IF), arguments=(1, 2), **_OWN_MANY)
    yield from _rows("return", (STREAM_SERVER,), **_OWN)
    yield from _rows("rewrite", (SERVER, SERVER_IF, LOCATION, LOCATION_IF), arguments=(2, 3), **_OWN_MANY)
    yield from _rows("set", (SERVER, SERVER_IF, LOCATION, LOCATION_IF), arguments=(2, 2), **_OWN_MANY)
    yield from _rows("set", (STREAM_SERVER,), arguments=(2, 2), since=(1, 19, 3), **_OWN_MANY)
    yield from _rows("resolver", (*HTTP_LOCATION, *STREAM_ALL), arguments=(1, None))
    yield from _rows("resolver", (UPSTREAM, STREAM_UPSTREAM), arguments=(1, None), since=(1, 27, 3))
    yield from _rows("root", ANYWHERE_HTTP)
    yield from _rows("alias", (LOCATION,))
    yield from _rows("internal", (LOCATION,), arguments=(0, 0), **_OWN)
    yield from _rows("keepalive", (UPSTREAM,), removed=(1, 29, 7))
    yield from _rows("keepalive", (UPSTREAM,), arguments=(1, 2), since=(1, 29, 7))
    yield from _rows("underscores_in_headers ignore_invalid_headers", HTTP_SERVER, value=Value.FLAG)
    yield from _rows("pid", (MAIN,), value=Value.PATH)
    yield from _rows("user", (MAIN,), arguments=(1, 2))
    yield from _rows("daemon master_process", (MAIN,), value=Value.FLAG)
    yield from _rows("load_module", (MAIN,), **_OWN_MANY)
    yield from _rows("worker_processes", (MAIN,))
    yield from _rows("worker_connections", (EVENTS,), value=Value.NUMBER)


MISTAKES = {
    "ssl_ca": "ssl_client_certificate",
    "ssl_ca_certificate": "ssl_client_certificate",
    "ssl_ca_file": "ssl_client_certificate",
    "ssl_client_ca": "ssl_client_certificate",
    "ssl_client_cert": "ssl_client_certificate",
    "ssl_client_cert_file": "ssl_client_certificate",
    "ssl_client_certificate_file": "ssl_client_certificate",
    "ssl_trusted_cert": "ssl_trusted_certificate",
    "ssl_client_trusted_certificate": "ssl_trusted_certificate",
    "ssl_client_verify": "ssl_verify_client",
    "ssl_verify_client_certificate": "ssl_verify_client",
    "ssl_cert_key": "ssl_certificate_key",
    "ssl_key_file": "ssl_certificate_key",
    "ssl_cert_file": "ssl_certificate",
    "ssl_certificate_file": "ssl_certificate",
    "ssl_verify": "ssl_verify_client",
    "ssl_client_crl": "ssl_crl",
    "ssl_crl_file": "ssl_crl",
    "ssl_verify_chain_depth": "ssl_verify_depth",
    "ssl_client_verify_depth": "ssl_verify_depth",
    "ssl_key": "ssl_certificate_key",
    "ssl_cert": "ssl_certificate",
    "ssl_private_key": "ssl_certificate_key",
    "ssl_certificate_chain": "ssl_certificate",
    "ssl_certificate_chain_file": "ssl_certificate",
    "ssl_protocol": "ssl_protocols",
    "ssl_cipher": "ssl_ciphers",
    "ssl_session_ticket": "ssl_session_tickets",
    "ssl_allowed_clients": "ssl_verify_client",
    "proxy_ssl_ca": "proxy_ssl_trusted_certificate",
    "proxy_ssl_ca_certificate": "proxy_ssl_trusted_certificate",
    "proxy_ssl_client_certificate": "proxy_ssl_certificate",
    "proxy_ssl_trusted_ca": "proxy_ssl_trusted_certificate",
    "proxy_ssl_sni": "proxy_ssl_server_name",
    "proxy_ssl_hostname": "proxy_ssl_name",
    "proxy_ssl_key": "proxy_ssl_certificate_key",
    "proxy_ssl_cert": "proxy_ssl_certificate",
    "proxy_ssl_cert_key": "proxy_ssl_certificate_key",
    "proxy_ssl_trusted_cert": "proxy_ssl_trusted_certificate",
    "fastcgi_ssl_verify": "proxy_ssl_verify",
    "error_pages": "error_page",
}
"""Names that no nginx knows but that people write, and what they mean."""

_TABLE: dict[str, tuple[DirectiveSpec, ...]] = {}
for _spec in (*_server_by_module(), *_proxies(), *_core()):
    _TABLE[_spec.name] = (*_TABLE.get(_spec.name, ()), _spec)

_BLOCKS = frozenset(name for name, specs in _TABLE.items() if all(spec.block for spec in specs))
_SIMPLE = frozenset(name for name, specs in _TABLE.items() if not any(spec.block for spec in specs))


def specs(name: str) -> tuple[DirectiveSpec, ...]:
    """The rows of one directive, () for one that is not in the table."""
    return _TABLE.get(name, ())


def all_specs() -> tuple[DirectiveSpec, ...]:
    """Every row."""
    return tuple(spec for rows in _TABLE.values() for spec in rows)


def is_block(name: str) -> bool:
    """Known, and in every context followed by `{`."""
    return name in _BLOCKS


def is_simple(name: str) -> bool:
    """Known, and in every context ended by `;`."""
    return name in _SIMPLE


@cache
def tls_names() -> tuple[str, ...]:
    """All ssl_* and *_ssl_* names of the table, sorted: nginx's own modules have no others."""
    return tuple(sorted(name for name in _TABLE if name.startswith("ssl") or "_ssl" in name))
