"""A TLS client session as bytes that another process can resume.

pyOpenSSL hands sessions out as objects bound to one context; the bytes need i2d_SSL_SESSION and d2i_SSL_SESSION, which the same
library has but pyOpenSSL does not wrap. They are OpenSSL's own serialisation (`openssl s_client -sess_out` writes its PEM twin)
and hold the session's secret: keep them as a private key is kept, and not for longer than needed.
"""

from OpenSSL import SSL
from OpenSSL._util import ffi, lib

from handclasp.model.errors import InputError

_CONTEXT_0 = 0xA0  # [n] EXPLICIT tags of SSL_SESSION (OpenSSL ssl/ssl_asn1.c); 10 is the ticket
_TICKET = _CONTEXT_0 | 10
_OCTET_STRING = 0x04
_NO_SESSION = "this is not a saved TLS session"
_HINT = "give a file written by handclasp probe --save-session"


def save(connection: SSL.Connection) -> bytes | None:
    """The session of a connection; None when the server gave nothing to resume (no session id and no ticket).

    For TLS 1.3 ask after the answer was read: tickets arrive after the handshake.
    """
    session = connection.get_session()
    if session is None:
        return None
    raw = session._session  # noqa: SLF001 - see the module's docstring
    size = lib.i2d_SSL_SESSION(raw, ffi.NULL)
    if size <= 0:
        return None
    buffer = ffi.new("unsigned char[]", size)
    cursor = ffi.new("unsigned char **", buffer)
    lib.i2d_SSL_SESSION(raw, cursor)
    saved = bytes(ffi.buffer(buffer, size))
    return saved if _resumable(saved) else None


def use(connection: SSL.Connection, saved: bytes) -> None:
    """Offer a saved session in the handshake that follows. InputError when the bytes are not a session."""
    data = ffi.new("unsigned char[]", saved)
    cursor = ffi.new("const unsigned char **", data)
    raw = lib.d2i_SSL_SESSION(ffi.NULL, cursor, len(saved))
    if raw == ffi.NULL:
        raise InputError(_NO_SESSION, hint=_HINT)
    raw = ffi.gc(raw, lib.SSL_SESSION_free)
    # SSL_set_session takes its own reference.
    if not lib.SSL_set_session(connection._ssl, raw):  # noqa: SLF001
        raise InputError("the saved TLS session does not fit this connection")


def protocol(saved: bytes) -> int:
    """The TLS version of a saved session as on the wire (0x0303 is 1.2): only a handshake of that version can resume it.

    InputError when the bytes are not a session.
    """
    try:
        return int.from_bytes(_fields(saved)[1][1], "big")
    except IndexError:
        raise InputError(
            "this is not a saved TLS session", hint="give a file written by handclasp probe --save-session"
        ) from None


def resumed(connection: SSL.Connection) -> bool:
    """Whether the handshake was a resumption (SSL_session_reused)."""
    return bool(lib.SSL_session_reused(connection._ssl))  # noqa: SLF001


def allows_early_data(connection: SSL.Connection) -> bool:
    """Whether the session that is offered lets a request go ahead of the handshake."""
    session = connection.get_session()
    return session is not None and lib.SSL_SESSION_get_max_early_data(session._session) > 0  # noqa: SLF001


def send_early(connection: SSL.Connection, message: bytes) -> None:
    """Send data ahead of the handshake, under the keys of the offered session. InputError when OpenSSL will not."""
    written = ffi.new("size_t *")
    if lib.SSL_write_early_data(connection._ssl, message, len(message), written) != 1:  # noqa: SLF001
        raise InputError("the saved TLS session does not carry early data")


def _resumable(saved: bytes) -> bool:
    """Whether the session carries a ticket, or a non-empty id.

    SSL_SESSION ::= SEQUENCE { version, protocol INTEGER, cipher, id, secret OCTET STRING, ... [10] ticket ... }
    """
    fields = list(_fields(saved))
    session_id = fields[3][1] if len(fields) > 3 and fields[3][0] == _OCTET_STRING else b""
    return bool(session_id) or any(tag == _TICKET for tag, _ in fields)


def _fields(der: bytes) -> list[tuple[int, bytes]]:
    """Tag and content of each element of a SEQUENCE."""
    (_, content), _ = _element(der)
    found: list[tuple[int, bytes]] = []
    while content:
        field, content = _element(content)
        found.append(field)
    return found


def _element(der: bytes) -> tuple[tuple[int, bytes], bytes]:
    """The first DER element, and what follows it. IndexError when there is none."""
    tag, length, start = der[0], der[1], 2
    if length & 0x80:
        start += length & 0x7F
        length = int.from_bytes(der[2:start], "big")
    return (tag, der[start : start + length]), der[start + length :]
