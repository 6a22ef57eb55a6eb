"""Sites that pass bytes: the block of nginx.conf that takes them, and the module that knows the block."""

from collections.abc import Iterable

from handclasp.app.apply_place import Place, no_folder
from handclasp.app.apply_state import Gear
from handclasp.app.site import SiteOrder
from handclasp.model.errors import PolicyError
from handclasp.nginxconf.render_main import STREAMS

_MODULE = "ngx_stream_module"
_PATTERN = f"{STREAMS}/*.stream"
_INSTALL = (
    "apt-get install libnginx-mod-stream   (Debian, Ubuntu)\n"
    "dnf install nginx-mod-stream          (Fedora, RHEL)\n"
    "apk add nginx-mod-stream              (Alpine)"
)


def stream_of(gear: Gear, orders: Iterable[SiteOrder]) -> tuple[tuple[str, ...], str | None]:
    """The modules that a private nginx loads for these sites, and the pattern that its stream{} includes; None: no stream{}.

    Raises:
        PolicyError: one of them passes bytes, and this nginx has no stream module.
    """
    if not any(order.intent.stream for order in orders):
        return (), None
    build = gear.nginx.build()
    if build.stream:
        return (), _PATTERN
    if _MODULE not in build.dynamic_modules:
        raise PolicyError(f"nginx {build.version} has no stream module, for a site that passes bytes", hint=_INSTALL)
    return (f"{build.modules_path}/{_MODULE}.so",), _PATTERN


def refuse_homeless(gear: Gear, place: Place, orders: Iterable[SiteOrder]) -> None:
    """PolicyError for a site that no block of somebody else's configuration includes a folder for, with the lines to add."""
    for order in orders:
        name, folder = order.intent.server_names[0], place.instance.folder
        if order.intent.stream and not place.streams:
            build = gear.nginx.build()
            known = build.stream or _MODULE in build.dynamic_modules
            block = f"stream {{ include {folder}/stream.d/*.stream; }}"
            raise PolicyError(
                f"{name} passes bytes on, and no stream{{}} of this configuration includes a folder that it could be put into",
                where=place.instance.config,
                hint=f"add at the end, outside of http{{}}:   {block}"
                + ("" if known else f"\nand install the module, which this nginx lacks:\n{_INSTALL}"),
            )
        if not order.intent.stream and place.sites == place.pki:
            raise no_folder(place)
