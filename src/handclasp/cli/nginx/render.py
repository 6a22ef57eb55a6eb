"""handclasp nginx render."""

import os
from typing import TYPE_CHECKING, Any

import click

from handclasp.cli.ca_options import world
from handclasp.cli.frame import Frame, framed
from handclasp.cli.nginx.site_options import FILE, site_options, site_order

if TYPE_CHECKING:
    from handclasp.app.site import RenderedSite
    from handclasp.model.nginx import NginxVersion
    from handclasp.wiring import World


@click.command("render")
@site_options(listen=("443",))
@click.option("--log-folder", type=click.Path(file_okay=False), default="/var/log/nginx", show_default=True)
@click.option("--nginx", "nginx_path", type=FILE, help="The nginx it is for.  [default: this machine's]")
@click.option("--nginx-version", metavar="X.Y.Z", help="Version it is for, when that nginx is elsewhere.")
@click.option("--output", type=FILE, help="Write to a file.")
@framed
def command(
    frame: Frame,
    *,
    log_folder: str,
    nginx_path: str | None,
    nginx_version: str | None,
    output: str | None,
    **site: Any,
) -> None:
    r"""Print the configuration of a site that only clients of this CA reach.

    The text belongs into http{}: a file in conf.d or sites-enabled. Nothing is changed on this machine.

    \b
    Examples:
      handclasp nginx render --server-name app.test --upstream http://127.0.0.1:8080
      handclasp nginx render --server-name app.test --allow alice --allow bob --output /etc/nginx/conf.d/app.conf
    """
    from dataclasses import replace

    from handclasp.app.site import render

    here = world(frame, nginx_path=nginx_path)
    order = replace(site_order(site), log_folder=log_folder)
    version = _version(here, nginx_version)
    (made,) = render(here.ca, (order,), version)
    if output:
        here.files.write(os.path.abspath(output), made.text.encode())  # noqa: PTH100
    _show(frame, made, version, output)


def _show(frame: Frame, site: "RenderedSite", version: "NginxVersion", output: str | None) -> None:
    if frame.json:
        fields = {
            "nginx_version": str(version),
            "server_names": site.intent.server_names,
            "listen": [f"{address}:{port}" for address, port in site.intent.listen],
            "material": site.material,
            "config": site.text,
            "output": output,
        }
        frame.document("nginx-render", fields)
        return
    if not output:
        frame.out(site.text.rstrip("\n"))
        frame.hint(f"next: handclasp nginx render ... --output /etc/nginx/conf.d/{site.name}")
        return
    frame.out(output)
    frame.hint("next: nginx -t && nginx -s reload")


def _version(here: "World", text: str | None) -> "NginxVersion":
    from handclasp.model.nginx import NginxVersion

    return NginxVersion.parse(text) if text else here.nginx.build().version
