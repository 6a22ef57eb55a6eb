"""The options by which evidence is given to predict and doctor, in one place."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import click
from click.shell_completion import CompletionItem

SERIES = ("1.0.2", "1.1.1", "3.0", "3.5", "3.6", "4.0")
"""model.nginx.OpensslSeries, which is not imported for the sake of --help."""


class Moment(click.ParamType[datetime]):
    """An ISO 8601 time or date; without an offset it is UTC."""

    name = "time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """The moment, aware."""
        if isinstance(value, datetime):
            return value
        try:
            found = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value!r} is not a time; write it as 2026-01-31T12:00:00Z", param, ctx)
        return found if found.tzinfo else found.replace(tzinfo=UTC)


class AbsolutePath(click.ParamType[str]):
    """A path made absolute, so that messages and evidence do not depend on the working folder."""

    name = "file"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The absolute path; "" and "-" stay."""
        text = str(value)
        return text if text in {"", "-"} else os.path.abspath(text)  # noqa: PTH100 - text, not a path object

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
        """The shell knows the files."""
        return [CompletionItem(incomplete, type="file")]


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as written on the command line."""

    method: str
    plain: bool
    host: str
    port: int
    uri: str

    @property
    def sni(self) -> str | None:
        """The name that clients send in the handshake: none for an address (RFC 6066)."""
        try:
            ip_address(self.host.strip("[]"))
        except ValueError:
            return self.host
        return None


class RequestLine(click.ParamType[Asked]):
    """A method, GET unless it is said, and a URL."""

    name = "[method] url"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Asked:
        """The request in its parts."""
        if isinstance(value, Asked):
            return value
        method, _, url = str(value).strip().rpartition(" ")
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError:
            host, port = None, None
        if not host or parts.scheme not in _PORTS or not (method or "GET").isalpha():
            self.fail(f"{value!r} is no request; write it as: OPTIONS https://api.example.test/orders", param, ctx)
        uri = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        shown = f"[{host}]" if ":" in host else host
        return Asked((method or "GET").upper(), parts.scheme == "http", shown, port or _PORTS[parts.scheme], uri)


_PORTS = {"http": 80, "https": 443}
_OPTIONS = (
    click.option("--config", type=AbsolutePath(), help="nginx.conf, its folder, or the output of nginx -T; - for stdin."),
    click.option("--prefix", type=AbsolutePath(), help="nginx's -p.  [default: the folder of --config]"),
    click.option("--chroot", type=AbsolutePath(), help="Take all paths of the configuration below this folder."),
    click.option("--nginx", "nginx_path", metavar="PATH", help="The nginx binary.  [default: found in PATH]"),
    click.option("--server", metavar="NAME", help="The server_name in question.  [default: the first that verifies]"),
    click.option("--location", default="/", metavar="URI", show_default=True, help="The URI in question."),
    click.option("--request", type=RequestLine(), help="What was asked: [METHOD] URL. Gives --server and --location."),
    click.option("--sni", metavar="NAME", help='The server name in the handshake, "" for none.  [default: that of --request]'),
    click.option(
        "--expect",
        type=click.Choice(["admitted", "refused"]),
        default="admitted",
        show_default=True,
        help="What should become of this client.",
    ),
    click.option("--upstream", is_flag=True, help="Look at nginx as the client of its upstream."),
    click.option("--client-cert", type=AbsolutePath(), help="What the client sends: PEM or DER, leaf first, or PKCS#12."),
    click.option("--client-password-file", type=AbsolutePath(), help="The password of a PKCS#12 file.  [default: ask]"),
    click.option("--upstream-chain", type=AbsolutePath(), help="What the upstream presents: PEM or DER, leaf first."),
    click.option("--at", type=Moment(), help="Judge as of this time.  [default: now]"),
    click.option("--engine", type=click.Choice(SERIES), help="OpenSSL series.  [default: nginx's]"),
    click.option("--nginx-version", metavar="X.Y.Z", help="Judge as this version.  [default: nginx's]"),
    click.option("--security-level", type=click.IntRange(0, 5), help="OpenSSL security level.  [default: 2]"),
)


def evidence_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command all evidence options."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function
