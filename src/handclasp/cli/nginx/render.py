"""handclasp nginx render."""

import os
from typing import TYPE_CHECKING

import click

from handclasp.cli.ca_options import world
from handclasp.cli.frame import Frame, framed

if TYPE_CHECKING:
    from handclasp.app.site import RenderedSite
    from handclasp.model.intent import UpstreamIntent
    from handclasp.model.nginx import NginxVersion
    from handclasp.wiring import World

FILE = click.Path(dir_okay=False)


@click.command("render")
@click.option("--server-name", "names", multiple=True, required=True, metavar="NAME", help="DNS name of the site; repeatable.")
@click.option(
    "--listen", "listen", multiple=True, default=("443",), metavar="[ADDR:]PORT", show_default=True, help="Repeatable."
)
@click.option("--upstream", metavar="URL", help="Where requests go: http://host:port or https://host:port.")
@click.option("--upstream-ca", type=FILE, help="PEM file with the root that signs an https upstream.")
@click.option("--upstream-name", metavar="NAME", help="DNS name in the upstream's certificate.  [default: host of --upstream]")
@click.option("--upstream-cert", type=FILE, help="Client certificate that nginx shows to the upstream.")
@click.option("--upstream-key", type=FILE, help="Its private key.")
@click.option("--allow", multiple=True, metavar="NAME", help="Only these identities may enter; repeatable.")
@click.option("--cert", "certificate", type=FILE, help="Server certificate from elsewhere.  [default: issued by this CA]")
@click.option("--key", "certificate_key", type=FILE, help="Its private key.")
@click.option("--log-folder", type=click.Path(file_okay=False), default="/var/log/nginx", show_default=True)
@click.option("--nginx", "nginx_path", type=FILE, help="The nginx it is for.  [default: this machine's]")
@click.option("--nginx-version", metavar="X.Y.Z", help="Version it is for, when that nginx is elsewhere.")
@click.option("--output", type=FILE, help="Write to a file.")
@framed
def command(
    frame: Frame,
    *,
    names: tuple[str, ...],
    listen: tuple[str, ...],
    upstream: str | None,
    upstream_ca: str | None,
    upstream_name: str | None,
    upstream_cert: str | None,
    upstream_key: str | None,
    allow: tuple[str, ...],
    certificate: str | None,
    certificate_key: str | None,
    log_folder: str,
    nginx_path: str | None,
    nginx_version: str | None,
    output: str | None,
) -> None:
    r"""Print the configuration of a site that only clients of this CA reach.

    The text belongs into http{}: a file in conf.d or sites-enabled. Nothing is changed on this machine.

    \b
    Examples:
      handclasp nginx render --server-name app.test --upstream http://127.0.0.1:8080
      handclasp nginx render --server-name app.test --allow alice --allow bob --output /etc/nginx/conf.d/app.conf
    """
    from handclasp.app.site import SiteOrder, render, site_intent

    here = world(frame, nginx_path=nginx_path)
    intent = site_intent(names, listen, _upstream(upstream, upstream_ca, upstream_name, upstream_cert, upstream_key), allow)
    order = SiteOrder(
        intent=intent, certificate=_absolute(certificate), certificate_key=_absolute(certificate_key), log_folder=log_folder
    )
    version = _version(here, nginx_version)
    (site,) = render(here.ca, (order,), version)
    if output:
        here.files.write(os.path.abspath(output), site.text.encode())  # noqa: PTH100
    _show(frame, site, version, output)


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


def _upstream(
    url: str | None, ca: str | None, name: str | None, certificate: str | None, key: str | None
) -> "UpstreamIntent | None":
    from handclasp.model.errors import UsageError
    from handclasp.model.intent import UpstreamIntent

    if url is None:
        if ca or name or certificate or key:
            raise UsageError("there is no upstream for these options", hint="add --upstream https://host:port")
        return None
    return UpstreamIntent(
        url=url,
        trusted_certificate=_absolute(ca),
        name=name,
        certificate=_absolute(certificate),
        certificate_key=_absolute(key),
    )


def _absolute(path: str | None) -> str | None:
    return os.path.abspath(path) if path else None  # noqa: PTH100 - links stay: nginx follows them at each reload


def _version(here: "World", text: str | None) -> "NginxVersion":
    from handclasp.model.nginx import NginxVersion

    return NginxVersion.parse(text) if text else here.nginx.build().version
