"""A whole nginx.conf for a prefix of its own: nothing outside the prefix is written, and no root is needed."""

from handclasp.nginxconf import render_words as words

STREAMS = "streams"
FOLDERS = ("logs", "run", "sites", STREAMS)
"""Folders that must be in the prefix before nginx starts."""


def render_main(
    prefix: str,
    *,
    sites: str = "sites/*.conf",
    modules: tuple[str, ...] = (),
    stream: str | None = None,
    user: str | None = None,
) -> str:
    """The main configuration of a private nginx.

    Args:
        prefix: absolute path of its folder; everything it writes stays below.
        sites: pattern of the site files, relative to the prefix.
        modules: files of dynamic modules to load ("/usr/lib/nginx/modules/ngx_stream_module.so").
        stream: pattern of files to include in a stream{} block; None: no such block.
        user: the account of the workers when started by root; None: nginx's default.

    Raises:
        PolicyError: a path that nginx would not read as one.
    """
    base = words.path(prefix.rstrip("/") + "/", "the prefix").strip('"')
    lines = [f"load_module {words.path(module, 'the module')};" for module in modules]
    lines += [f"user {words.word(user, 'the user')};"] if user else []
    lines += [
        "worker_processes 1;",
        "# After a reload old workers finish what is open: so long at most may a connection live on that was since revoked.",
        "worker_shutdown_timeout 1m;",
        f"pid {words.path(base + 'run/nginx.pid', 'the pid file')};",
        f"error_log {words.path(base + 'logs/error.log', 'the error log')} info;",
        "",
        "events {",
        "    worker_connections 512;",
        "}",
        "",
        "http {",
        "    # Room for the names and variables of some thousand sites, and for lists of some hundred thousand people.",
        "    map_hash_max_size 1048576;",
        "    map_hash_bucket_size 128;",
        "    variables_hash_max_size 32768;",
        "    variables_hash_bucket_size 128;",
        "    server_names_hash_max_size 32768;",
        "    server_names_hash_bucket_size 256;",
        "    server_tokens off;",
        "    access_log off;",
        *(f"    {kind}_temp_path {words.path(f'{base}run/{kind}', 'the folder')};" for kind in _TEMPORARY),
        f"    include {words.path(base + sites, 'the site files')};",
        "}",
    ]
    if stream is not None:
        lines += ["", "stream {", f"    include {words.path(base + stream, 'the stream files')};", "}"]
    return "\n".join(lines) + "\n"


_TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
