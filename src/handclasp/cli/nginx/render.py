"""handclasp nginx render."""

import os
from typing import TYPE_CHECKING, Any

import click

from handclasp.cli.ca_options import world
from handclasp.cli.frame import Frame, framed
from handclasp.cli.nginx.site_options import FILE, site_options, site_order

if TYPE_CHECKING:
    from handclasp.app.site import RenderedSite, SiteOrder
    from handclasp.model.nginx import NginxVersion
    from handclasp.wiring import World


@click.command("render")
@site_options(listen=("443",), required=False)
@click.option("--file", "intent", type=FILE, help="Take the sites from a handclasp.toml.")
@click.option("--target", type=click.Choice(["conf.d", "sites-available", "docker"]), help="Where the result is for.")
@click.option("--log-folder", type=click.Path(file_okay=False), default="/var/log/nginx", show_default=True)
@click.option("--nginx", "nginx_path", type=FILE, help="The nginx it is for.  [default: this machine's]")
@click.option("--nginx-version", metavar="X.Y.Z", help="Version it is for, when that nginx is elsewhere.")
@click.option("--output", type=FILE, help="Write to a file.")
@click.option("--output-folder", type=click.Path(file_okay=False), help="Write one file per site to a folder.")
@click.option("--print-schema", is_flag=True, help="Print the JSON Schema of handclasp.toml, and nothing else.")
@framed
def command(
    frame: Frame,
    *,
    intent: str | None,
    target: str | None,
    log_folder: str,
    nginx_path: str | None,
    nginx_version: str | None,
    output: str | None,
    output_folder: str | None,
    print_schema: bool,
    **site: Any,
) -> None:
    r"""Print the configuration of a site that only clients of this CA reach.

    The text belongs into http{}: a file in conf.d or sites-enabled; that of a site whose upstream is tcp://host:port or
    tls://host:port into stream{}. Nothing is changed on this machine.

    \b
    Examples:
      handclasp nginx render --server-name app.test --upstream http://127.0.0.1:8080
      handclasp nginx render --server-name app.test --allow alice --allow bob --output /etc/nginx/conf.d/app.conf
      handclasp nginx render --file handclasp.toml --output-folder /etc/nginx/conf.d

    \b
    handclasp.toml:
      [groups]
      ops = ["alice"]
      [nginx]
      target = "conf.d"          # or sites-available, docker
      [[site]]
      server_names = ["app.test"]
      listen = ["443", "[::]:443"]
      allow = ["@ops", "bob"]    # left out: every client of the CA
      free_from = ["192.168.0.0/16"]            # needs no certificate there
      rate = { strangers = "10r/s", clients = "50r/s" }
      upstream = { url = "http://127.0.0.1:8080", websocket = true }
      [[site.path]]              # and all below it
      path = "/health"
      free_from = ["any"]
      [[site]]
      server_names = ["db.test"]
      listen = ["5433"]
      upstream = { url = "tcp://127.0.0.1:5432" }
    """
    if print_schema:
        _print_schema(frame)
        return
    from handclasp.app.site import render
    from handclasp.cli.nginx.apply import counted
    from handclasp.model.nginx import OpensslSeries

    here = world(frame, nginx_path=nginx_path)
    orders, said_version, said_target = _orders(here, intent, site, target, log_folder)
    version = _version(here, nginx_version or said_version)
    orders = counted(here, orders, series=OpensslSeries.V3_0 if nginx_version or said_version else None)
    made = render(here.ca, orders, version)
    written = _write(here, made, output, output_folder)
    _show(frame, made, version, written)
    if not frame.json:
        _next(frame, made, said_target, output_folder, written)


def _orders(
    here: "World", intent: str | None, site: dict[str, Any], target: str | None, log_folder: str
) -> "tuple[tuple[SiteOrder, ...], str | None, str | None]":
    """The sites, and the version and target that the file names."""
    from dataclasses import replace

    from handclasp.model.errors import UsageError

    if intent is None:
        if not site["names"]:
            raise UsageError("there is no site to render", hint="give --server-name NAME, or --file handclasp.toml")
        inside = "/etc/handclasp" if target == "docker" else None
        return (replace(site_order(site), logs=log_folder, home_inside=inside),), None, target
    if any(value for name, value in site.items() if name != "listen"):
        raise UsageError("--file says what the sites are", hint="leave the options of a site out, or the file")
    from handclasp.app.intent_file import read_intent, refuse_unknown

    path = os.path.abspath(intent)  # noqa: PTH100
    said = read_intent(here.files.read(path), path)
    refuse_unknown(here.ca, said)
    inside = "/etc/handclasp" if target == "docker" else None
    sites = tuple(replace(order, home_inside=order.home_inside or inside) for order in said.sites)
    return sites, str(said.version) if said.version else None, target or said.target


def _write(here: "World", made: "tuple[RenderedSite, ...]", output: str | None, folder: str | None) -> list[str]:
    """Write what was asked for; the paths."""
    files = {}
    if output:
        files[os.path.abspath(output)] = "\n".join(site.text for site in made)  # noqa: PTH100
    if folder:
        here.files.make_folder(os.path.abspath(folder), mode=0o755)  # noqa: PTH100
        files.update((f"{os.path.abspath(folder)}/{site.name}", site.text) for site in made)  # noqa: PTH100
    for path, text in files.items():
        here.files.write(path, text.encode())
    return list(files)


def _show(frame: Frame, made: "tuple[RenderedSite, ...]", version: "NginxVersion", written: list[str]) -> None:
    if frame.json:
        sites = [
            {
                "server_names": site.intent.server_names,
                "listen": [f"{address}:{port}" for address, port in site.intent.listen],
                "material": site.material,
                "config": site.text,
                "name": site.name,
            }
            for site in made
        ]
        frame.document("nginx-render", {"nginx_version": str(version), **sites[0], "sites": sites, "written": written})
        return
    for path in written:
        frame.out(path)
    for number, site in enumerate(made if not written else ()):
        if len(made) > 1:
            frame.out(f"{'' if number == 0 else chr(10)}# {site.name}")
        frame.out(site.text.rstrip("\n"))


def _next(frame: Frame, made: "tuple[RenderedSite, ...]", target: str | None, folder: str | None, written: list[str]) -> None:
    from handclasp.app.site_targets import TARGETS

    kind = TARGETS[target or "conf.d"]
    if any(site.intent.stream for site in made):
        frame.hint("what gets bytes belongs into stream{}: stream { include /etc/nginx/stream.d/*.stream; } in nginx.conf")
    if not written:
        frame.hint(f"next: the same with --output {kind.folder}/{made[0].name}")
        return
    place = os.path.abspath(folder) if folder else os.path.dirname(written[0])  # noqa: PTH100, PTH120
    for command_line in kind.then(frame.home, place, made):
        frame.hint(f"next: {command_line}")


def _print_schema(frame: Frame) -> None:
    import json

    from handclasp.app.intent_file import schema

    frame.out(json.dumps(schema(), indent=1))


def _version(here: "World", text: str | None) -> "NginxVersion":
    from handclasp.model.nginx import NginxVersion

    return NginxVersion.parse(text) if text else here.nginx.build().version
