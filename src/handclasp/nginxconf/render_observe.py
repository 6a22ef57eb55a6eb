"""What is included into a server that somebody else wrote: first to see who would be refused, then to refuse them."""

from handclasp.model.intent import SiteMaterial
from handclasp.model.nginx import NginxVersion
from handclasp.nginxconf import render_words as words
from handclasp.nginxconf.edit import line_of
from handclasp.nginxconf.render_tls import SESSIONS_END, sessions, trust

FORMAT, FORMAT_WAS_OFF = "handclasp_observe", "handclasp_observe_was_off"
"""log_format of the observations; the second stands where the server itself had written `access_log off`."""

FIELDS = (
    ("time", "$time_iso8601"),
    ("client", "$remote_addr"),
    ("host", "$host"),
    ("method", "$request_method"),
    ("path", "$uri"),
    ("status", "$status"),
    ("agent", "$http_user_agent"),
    ("verify", "$ssl_client_verify"),
    ("serial", "$ssl_client_serial"),
    ("issuer", "$ssl_client_i_dn"),
    ("subject", "$ssl_client_s_dn"),
    ("ends", "$ssl_client_v_end"),
    ("tls", "$ssl_protocol"),
    ("session_reused", "$ssl_session_reused"),
)
"""No query string and no cookie: the log is kept for days."""

_DEEP = 10
_STALE = (
    "# Before 1.23.2 each resumption of a TLS 1.3 session starts its timeout anew, past the end of the certificate.",
    'set $handclasp_session "$ssl_session_reused:$ssl_client_v_remain";',
    "if ($handclasp_session = r:0) { return 421; }",
)


def log_formats() -> str:
    """The text for http{}."""
    fields = ",".join(f'"{key}":"{value}"' for key, value in FIELDS)
    return "# Who would be refused if certificates were required: written by handclasp nginx observe.\n" + "".join(
        f"log_format {name} escape=json '{{{fields}}}';\n" for name in (FORMAT, FORMAT_WAS_OFF)
    )


def observing(name: str, since: str, *, authorities: str, log: str | None, other_logs: tuple[tuple[str, ...], ...]) -> str:
    """The text for server{}: a certificate is asked for, and everybody is served as before.

    `other_logs` are the arguments of the access_log directives that the server inherited: one of its own would end them. `log`
    None: its directive stands elsewhere in the server.
    """
    return "\n".join(
        (
            f"# Handclasp observes {words.server_name(name)} since {since}: everybody is served as before, and a log says",
            "# who would be refused. handclasp nginx observe reports it, ends it (--end) or calls it off (--cancel).",
            f"ssl_client_certificate {words.path(authorities, 'the CA file')};",
            "# `optional` would refuse whoever shows a certificate of another CA. What this nginx refuses even so is a",
            "# certificate that has expired: it has no setting for that, and the log shows it.",
            "ssl_verify_client optional_no_ca;",
            f"ssl_verify_depth {_DEEP};",
            *(_log(each) for each in other_logs),
            *([_log((log, FORMAT))] if log else []),
            "",
        )
    )


def requiring(name: str, since: str, material: SiteMaterial, version: NginxVersion) -> str:
    """The text for server{} from then on: only clients of the CA, with CRLs, and sessions that a revocation ends."""
    own = trust(material)
    return "\n".join(
        (
            f"# Only clients of the CA enter {words.server_name(name)} since {since}. Handclasp keeps this file: a revocation",
            "# changes it. handclasp nginx observe --cancel takes it away.",
            *own[own.index("ssl_verify_client on;") :],
            *sessions(material),
            *(_STALE if version < SESSIONS_END else ()),
            "",
        )
    )


def _log(args: tuple[str, ...]) -> str:
    return line_of("access_log", args)
