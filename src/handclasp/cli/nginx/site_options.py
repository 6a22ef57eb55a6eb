"""Options that describe one site, shared by the commands that render and apply it."""

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from handclasp.cli.completing import authorities_or_files, identities

if TYPE_CHECKING:
    from handclasp.app.site import SiteOrder
    from handclasp.model.intent import ClientCaIntent, UpstreamIntent

FILE = click.Path(dir_okay=False)

_LISTEN = "Address to listen on; repeatable."

Command = Callable[..., Any]


def site_options(*, listen: tuple[str, ...] | None, required: bool = True) -> Callable[[Command], Command]:
    """The options of a site; `listen` is the default of --listen, None: the command chooses."""
    options = (
        click.option(
            "--server-name", "names", multiple=True, required=required, metavar="NAME", help="DNS name of the site; repeatable."
        ),
        click.option(
            "--listen",
            "listen",
            multiple=True,
            default=listen,
            metavar="[ADDR:]PORT",
            show_default=listen is not None,
            help=_LISTEN,
        ),
        click.option(
            "--upstream", metavar="URL", help="Where requests go: http://host:port, https, grpc, grpcs; tcp or tls: bytes."
        ),
        click.option("--upstream-ca", type=FILE, help="PEM file with the root that signs an https upstream."),
        click.option(
            "--upstream-name", metavar="NAME", help="DNS name in the upstream's certificate.  [default: host of --upstream]"
        ),
        click.option("--upstream-cert", type=FILE, help="Client certificate that nginx shows to the upstream."),
        click.option("--upstream-key", type=FILE, help="Its private key."),
        click.option(
            "--allow",
            multiple=True,
            metavar="NAME",
            shell_complete=identities,
            help="Only these identities may enter; repeatable.",
        ),
        click.option(
            "--client-ca",
            metavar="LABEL|FILE",
            shell_complete=authorities_or_files,
            help="Only clients of this CA, or of the CAs in a PEM file, roots included.  [default: all of this home]",
        ),
        click.option("--client-crl", type=FILE, help="PEM file with a CRL of every CA in that file."),
        click.option(
            "--cert", "certificate", type=FILE, help="Server certificate from elsewhere.  [default: issued by this CA]"
        ),
        click.option("--key", "certificate_key", type=FILE, help="Its private key."),
    )

    def decorate(function: Command) -> Command:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


def site_order(options: dict[str, Any]) -> "SiteOrder":
    """The options as an order; UsageError when they contradict each other."""
    from handclasp.app.intent_checks import checked
    from handclasp.app.site import SiteOrder, site_intent

    upstream = _upstream(
        *(options[name] for name in ("upstream", "upstream_ca", "upstream_name", "upstream_cert", "upstream_key"))
    )
    return SiteOrder(
        intent=checked(site_intent(options["names"], options["listen"], upstream, options["allow"], _client_ca(options))),
        certificate=_absolute(options["certificate"]),
        certificate_key=_absolute(options["certificate_key"]),
    )


def _client_ca(options: dict[str, Any]) -> "ClientCaIntent | None":
    from handclasp.model.errors import UsageError
    from handclasp.model.intent import ClientCaIntent

    given, crl = options["client_ca"], options["client_crl"]
    is_file = given is not None and ("/" in given or "." in given)  # which no label has
    if crl and not is_file:
        raise UsageError("the CRLs of the home's CAs are known", hint="--client-crl goes with a file in --client-ca")
    if given is None:
        return None
    return ClientCaIntent(file=_absolute(given), crl=_absolute(crl)) if is_file else ClientCaIntent(label=given)


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
