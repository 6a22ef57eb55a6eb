"""Which directives stay out of a sandboxed copy, and which are files."""

BLOCKS = frozenset({"http", "stream", "events", "mail"})
DATA_BLOCKS = frozenset({"map", "geo", "types", "split_clients", "charset_map", "match"})
TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
LEVELS = ("emerg", "alert", "crit", "error", "warn", "notice", "info", "debug")
LISTEN_OPTIONS = frozenset({"ssl", "default_server", "default", "http2", "proxy_protocol", "udp"})

SAFE_MODULES = frozenset({"ngx_stream_module"})
"""Dynamic modules that a copy may load: no code of anybody runs in them."""

QUIET = frozenset(
    {
        "user", "daemon", "master_process", "pid", "lock_file", "worker_processes", "worker_cpu_affinity", "worker_priority",
        "worker_rlimit_nofile", "worker_rlimit_core", "working_directory", "debug_points", "error_log", "access_log", "root",
        "alias", "index", "autoindex", "load_module", "env", "client_body_temp_path", "proxy_temp_path", "fastcgi_temp_path",
        "uwsgi_temp_path", "scgi_temp_path", "open_log_file_cache", "log_not_found", "thread_pool", "aio", "directio",
    }
)  # fmt: skip
"""Left out or replaced without a word: they say where things are, not what is decided."""

_REACHING_OUT = frozenset(
    {
        "resolver", "ssl_stapling", "ssl_stapling_verify", "ssl_stapling_file", "ssl_stapling_responder", "ssl_engine",
        "proxy_ssl_key_log", "grpc_ssl_key_log", "uwsgi_ssl_key_log", "auth_basic", "auth_basic_user_file", "fastcgi_pass",
        "uwsgi_pass", "scgi_pass", "memcached_pass", "proxy_cache", "proxy_cache_path", "fastcgi_cache", "fastcgi_cache_path",
        "uwsgi_cache", "uwsgi_cache_path", "scgi_cache", "scgi_cache_path", "proxy_store", "fastcgi_store", "uwsgi_store",
        "scgi_store", "dav_methods", "client_body_in_file_only", "google_perftools_profiles", "proxy_bind", "grpc_bind",
        "geoip_country", "geoip_city", "geoip_org", "mail", "mirror",
    }
)  # fmt: skip

DROPPED = QUIET | _REACHING_OUT

FILES = frozenset(
    name
    for kind in ("ssl", "proxy_ssl", "grpc_ssl", "uwsgi_ssl")
    for name in (
        f"{kind}_certificate",
        f"{kind}_certificate_key",
        f"{kind}_client_certificate",
        f"{kind}_trusted_certificate",
        f"{kind}_crl",
        f"{kind}_dhparam",
        f"{kind}_password_file",
        f"{kind}_session_ticket_key",
        f"{kind}_ech_file",
    )
)
"""Directives whose first argument is a file that nginx opens relative to the folder of the main file."""

OPTIONAL_FILES = frozenset(
    name for name in FILES if name.endswith(("_dhparam", "_password_file", "_session_ticket_key", "_ech_file"))
)
"""Without these files nginx would not start, but they decide nothing about a certificate."""


def runs_code(name: str) -> bool:
    """Whether a directive runs somebody's program text: a copy of a stranger's configuration must not."""
    return name.startswith(("perl", "js_", "lua_", "passenger", "exec")) or "_by_lua" in name or "_by_njs" in name
