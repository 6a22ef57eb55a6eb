"""One line of nginx's error log as a value; also what is pasted in its place. Pure: text in, `LogLine` out.

A line is `DATE TIME [level] PID#TID: *CONNECTION message while CONTEXT, client: ..., server: ..., request: "...", ...`
(ngx_log.c, ngx_http_log_error). Container and syslog prefixes before it are skipped; a bare message is read as well.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from handclasp.catalogue.verify_errors import by_text
from handclasp.diagnose.log_wrapping import LONGEST, unwrapped
from handclasp.model.nginx import OpensslSeries
from handclasp.model.verdict import Side

# What a line about TLS has in it: a cheap test that lets the rest of a big log pass unread.
INTERESTING = re.compile(
    r"SSL|certificate|handshak|HTTPS port|negotiated|PROXY protocol|\[emerg\]|invalid header line|too long header line"
    r"|invalid method|invalid request|no live upstreams|temporarily disabled|js http fetch"
)


class LineKind(StrEnum):
    """What a line is about. START: nginx refuses to start or reload. OTHER: nginx on another matter. UNKNOWN: no log line."""

    CLIENT_VERIFY = "client-verify"
    CLIENT_OCSP = "client-ocsp"
    NO_CERTIFICATE = "no-certificate"
    UPSTREAM_VERIFY = "upstream-verify"
    UPSTREAM_NAME = "upstream-name"
    TLS_FAILURE = "tls-failure"
    MISDIRECTED = "misdirected"
    PLAIN_HTTP = "plain-http"
    REJECTED = "rejected"
    CLOSED = "closed"
    OCSP = "ocsp"
    HEADER = "header"
    NOT_TLS = "not-tls"
    PROXY_PROTOCOL = "proxy-protocol"
    NO_UPSTREAM = "no-upstream"
    OTHER_MODULE = "other-module"
    START = "start"
    OTHER = "other"
    UNKNOWN = "unknown"


class Doubt(StrEnum):
    """Why a line cannot have come from nginx as it stands."""

    WORDING = "wording"
    NUMBER_AND_TEXT = "number-and-text"
    LEVEL = "level"
    NO_NUMBER = "no-number"


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """One line, its parts as nginx wrote them; None for what it does not hold.

    `number` and `text` are the verification error. `reason` is the last part of OpenSSL's error stack and `alert` the alert
    number in it. `name` is the name that an upstream's certificate did not match. `context` is what follows "while".
    `file` and `row` are the place in the configuration that a start error names. `series` are the OpenSSL series that print
    such words, empty when they do not tell. `doubt`: no nginx prints it like this.
    """

    raw: str
    kind: LineKind
    message: str
    time: str | None = None
    level: str | None = None
    pid: int | None = None
    connection: int | None = None
    side: Side | None = None
    number: int | None = None
    text: str | None = None
    reason: str | None = None
    alert: int | None = None
    name: str | None = None
    context: str | None = None
    client: str | None = None
    server: str | None = None
    request: str | None = None
    host: str | None = None
    upstream: str | None = None
    file: str | None = None
    row: int | None = None
    series: tuple[OpensslSeries, ...] = ()
    doubt: Doubt | None = None


def read_line(text: str) -> LogLine:
    """The line as a value. Never fails: what is no log line has the kind UNKNOWN."""
    raw = unwrapped(text[:LONGEST].strip())
    head = _HEAD.search(raw) or _START.search(raw)
    message = head["message"] if head else raw
    stem, tail = _split_fields(message)
    stem, context = _split_context(stem)
    kind, found = _classify(stem)
    if kind is LineKind.UNKNOWN and context == _ASKING_STATUS:
        kind = LineKind.OCSP  # what became of the connection, or of the responder's name
    if kind is LineKind.UNKNOWN and head:
        kind = LineKind.START if head["level"] == "emerg" else LineKind.OTHER
    number, words = _error_of(found)
    place = _PLACE.search(message) if kind is LineKind.START else None
    parts = head.groupdict() if head else {}
    level = parts.get("level")
    return LogLine(
        raw=raw,
        kind=kind,
        message=stem,
        time=parts.get("time"),
        level=level,
        pid=_number(parts.get("pid")),
        connection=_number(parts.get("connection")),
        side=_side(kind, context),
        number=number,
        text=words,
        reason=_first(_REASON, stem),
        alert=_number(_first(_ALERT, stem)),
        name=found.get("name"),
        context=context,
        client=tail.get("client"),
        server=tail.get("server"),
        request=tail.get("request"),
        host=tail.get("host"),
        upstream=tail.get("upstream"),
        file=place["file"] if place else None,
        row=_number(place["row"]) if place else None,
        series=_series(stem, number, words),
        doubt=_doubt(kind, stem, level, number, words),
    )


_HEAD = re.compile(
    r"(?P<time>\d{4}/\d\d/\d\d \d\d:\d\d:\d\d) \[(?P<level>[a-z]+)\] (?P<pid>\d+)#\d+: "
    r"(?:\*(?P<connection>\d+) )?(?P<message>.*)",
    re.DOTALL,
)
_START = re.compile(r"nginx: \[(?P<level>[a-z]+)\] (?P<message>.*)", re.DOTALL)
_FIELD = re.compile(
    r', (?P<key>client|server|request|upstream|host): (?:"(?P<quoted>.*?)"(?=, [a-z]+: "|, bytes |$)|(?P<bare>[^,]*))'
)
_ASKING_STATUS = "requesting certificate status"
_FIRST_FIELD = re.compile(r", (?:client|server|responder|upstream|certificate): ")
_PLACE = re.compile(r" in (?P<file>[^\s:]+):(?P<row>\d+)\s*$")
_REASON = re.compile(r"\(SSL: .*?([^:()]+(?::SSL alert number \d+)?)\)?\s*$")
_ALERT = re.compile(r"SSL alert number (\d+)")

_ERROR = r"\((?P<number>\d+): ?(?P<text>[^()]*(?:\([^()]*\)[^()]*)*)\)"
_K = LineKind
_GRAMMAR: tuple[tuple[LineKind, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(pattern))
    for kind, pattern in (
        (_K.CLIENT_VERIFY, rf"^client SSL certificate verify error: {_ERROR}"),
        (_K.CLIENT_OCSP, r"^client SSL certificate verify error: (?P<ocsp>[^(].*)"),
        (_K.NO_CERTIFICATE, r"^client sent no required SSL certificate"),
        (_K.UPSTREAM_VERIFY, rf"^upstream SSL certificate verify error: {_ERROR}"),
        (_K.UPSTREAM_NAME, r'^upstream SSL certificate does not match "(?P<name>[^"]*)"'),
        (_K.MISDIRECTED, r"^client attempted to request the server name different from the one that was negotiated"),
        (_K.PLAIN_HTTP, r"^client sent plain HTTP request to HTTPS port"),
        (_K.REJECTED, r"^handshake rejected"),
        (_K.OCSP, r"OCSP|requesting certificate status"),
        (_K.CLOSED, r"^(?:client|peer) closed connection|^recv\(\) failed \(104"),
        (_K.PROXY_PROTOCOL, r"^broken header: "),
        (_K.NOT_TLS, r"^client sent invalid (?:method|request)\b"),
        (_K.HEADER, r"^client sent (?:invalid header|too long header)"),
        (_K.NO_UPSTREAM, r"^no live upstreams|^upstream server temporarily disabled"),
        (
            _K.OTHER_MODULE,
            rf"^(?:js http fetch|lua (?:tcp socket )?ssl|js fetch|\[lua\](?=.*(?:SSL|certificate))).*?(?:{_ERROR}|$)",
        ),
        (_K.START, r"^(?:SSL_CTX_|SSL_load_client_CA_file|SSL_CONF_cmd|X509_LOOKUP_load_file)"),
        (_K.START, r'^cannot load (?:certificate|CRL)|^no "?(?:proxy_|grpc_|uwsgi_)?ssl_\w+'),
        (_K.START, r'^unknown directive |^invalid value |^"[a-z_0-9]+" directive |^unknown "[a-z_0-9]+" variable'),
        (_K.START, r'^"[a-z_]+" is incompatible with'),
        (_K.TLS_FAILURE, r"^\w+\(\) failed \(SSL:|^ignoring stale global SSL error"),
    )
)

# Words of generated pages and of other servers; nginx has no message that begins or continues like this.
_NOT_NGINX = re.compile(
    r"certificate (?:verification|validation) (?:failed|failure|error)|certificate verify failed(?!\))"
    r"|verify failed: |(?:(?:proxy|upstream|client) (?:ssl|tls)|mtls|mutual tls) handshake (?:failed|error)"
    r"|upstream SSL certificate verify error: [^(]|required SSL certificate was sent by|^CRL has expired$|OCSP check failed"
    r"|ssl_(?:client_verify|verify_client) (?:failed|error)"
    r"|client certificate (?:is )?(?:expired|revoked|invalid|rejected|not trusted)"
    r"|client cert(?:ificate)? (?:verify|verification|auth\w*) (?:failed|error)"
    r"|(?:mtls|mutual tls) (?:authentication|verification) fail",
    re.IGNORECASE,
)
# What nginx logs for others is in their words.
_QUOTING = re.compile(r"js exception|js: |\[lua\]|(?:FastCGI|uwsgi|SCGI) sent in stderr")
# What nginx says of a client after an OCSP check, without a number (ngx_ssl_ocsp_get_status).
OCSP_TEXTS = {"certificate revoked", "certificate status unknown", "certificate status request failed"}
_UPSTREAM_KINDS = {_K.UPSTREAM_VERIFY, _K.UPSTREAM_NAME, _K.NO_UPSTREAM}
_CLIENT_KINDS = {
    _K.CLIENT_VERIFY, _K.CLIENT_OCSP, _K.NO_CERTIFICATE, _K.MISDIRECTED, _K.PLAIN_HTTP, _K.REJECTED, _K.NOT_TLS, _K.OCSP,
    _K.HEADER, _K.PROXY_PROTOCOL,
}  # fmt: skip
# nginx writes these at info, whatever the server: ngx_http_request.c, ngx_stream_ssl_module.c, ngx_mail_handler.c.
_AT_INFO = {_K.CLIENT_VERIFY, _K.CLIENT_OCSP, _K.NO_CERTIFICATE, _K.MISDIRECTED, _K.PLAIN_HTTP}


def _split_fields(message: str) -> tuple[str, dict[str, str]]:
    """The message without its `, client: ...` fields, and the fields."""
    start = _FIRST_FIELD.search(message)
    if not start:
        return message.strip(), {}
    tail = message[start.start() :]
    fields = {
        field["key"]: field["quoted"] if field["quoted"] is not None else field["bare"] for field in _FIELD.finditer(tail)
    }
    return message[: start.start()].strip(), fields


def _split_context(stem: str) -> tuple[str, str | None]:
    before, word, context = stem.rpartition(" while ")
    return (before.rstrip(","), context.strip()) if word else (stem, None)


def _classify(stem: str) -> tuple[LineKind, dict[str, str]]:
    for kind, pattern in _GRAMMAR:
        if found := pattern.search(stem):
            return kind, {key: value for key, value in found.groupdict().items() if value is not None}
    return LineKind.UNKNOWN, {}


def _error_of(found: dict[str, str]) -> tuple[int | None, str | None]:
    if "ocsp" in found:
        return None, found["ocsp"].strip()
    return _number(found.get("number")), found.get("text")


def _side(kind: LineKind, context: str | None) -> Side | None:
    if kind in _UPSTREAM_KINDS or (context and "upstream" in context):
        return Side.UPSTREAM
    if kind in _CLIENT_KINDS or (context and ("SSL handshaking" in context or context.startswith("reading client"))):
        return Side.CLIENT
    return None


def _series(stem: str, number: int | None, words: str | None) -> tuple[OpensslSeries, ...]:
    """The OpenSSL series that print these words: the error's own text, or the form of the error stack."""
    if number is not None and words:
        found = {row.series for row in by_text(words) if row.number == number and row.text == words}
        return tuple(series for series in OpensslSeries if series in found) if len(found) < len(OpensslSeries) else ()
    if "ssl/tls alert" in stem:
        return tuple(series for series in OpensslSeries if series.since(OpensslSeries.V3_5))
    if re.search(r"error:[0-9A-F]{8}:[\w /]+ routines::", stem):
        return tuple(series for series in OpensslSeries if series.since(OpensslSeries.V3_0))
    if re.search(r"error:[0-9A-F]{8}:[\w /]+ routines:\w", stem):
        return OpensslSeries.V1_0_2, OpensslSeries.V1_1_1
    return ()


def _doubt(kind: LineKind, stem: str, level: str | None, number: int | None, words: str | None) -> Doubt | None:
    if kind in (_K.CLIENT_VERIFY, _K.UPSTREAM_VERIFY) and number:
        if number not in {row.number for row in by_text(words or "")}:
            return Doubt.NUMBER_AND_TEXT
    elif kind is _K.CLIENT_OCSP and words not in OCSP_TEXTS:
        return Doubt.NO_NUMBER
    elif kind in (_K.UNKNOWN, _K.OTHER, _K.START, _K.OCSP) and _NOT_NGINX.search(stem) and not _QUOTING.match(stem):
        return Doubt.WORDING
    return Doubt.LEVEL if kind in _AT_INFO and level not in (None, "info") else None


def _first(pattern: re.Pattern[str], text: str) -> str | None:
    found = pattern.search(text)
    return found[1].strip() if found else None


def _number(text: str | None) -> int | None:
    return int(text) if text else None
