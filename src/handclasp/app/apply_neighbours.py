"""Servers of somebody else on the addresses of our sites: what they decide for us, and what we must not decide for them.

The default server of an address does the handshake before the SNI is known. Its session cache is the one that counts for every
server of the address: a shared one keeps sessions through a reload, and no revocation would reach a client that resumes one.
"""

from collections.abc import Iterable

from handclasp.app.apply_place import Place
from handclasp.app.apply_stage import Planned
from handclasp.app.apply_state import Change, Gear
from handclasp.app.read_config import read_config
from handclasp.model.errors import PolicyError
from handclasp.model.intent import SiteIntent
from handclasp.model.plan import RemoveFile, WriteFile
from handclasp.nginxconf.effective import effective
from handclasp.nginxconf.select import Socket, sockets

Address = tuple[str, int]

OWN_ZONES = "shared:handclasp_"
"""So begins every session cache of ours: renamed with each revocation."""


def taken(gear: Gear, place: Place, sites: Iterable[SiteIntent]) -> frozenset[Address]:
    """Addresses of our sites where somebody else's servers are: our sites come without a default server there.

    Raises:
        PolicyError: a default server there keeps TLS sessions through a reload, or one of the two passes bytes.
    """
    if place.own:
        return frozenset()
    folders = (folder for folder in place.folders if folder != place.pki and gear.files.exists(folder))
    hidden = tuple(RemoveFile(path=path, before=b"") for each in folders for path in gear.files.walk(each) if place.ours(path))
    known = tuple(sites)
    _refuse_shared_bytes(_sockets(gear, place, hidden), known)
    theirs = _by_address(gear, place, hidden)
    wanted = {_normal(pair) for site in known for pair in site.listen}
    for address in sorted(wanted & theirs.keys()):
        _refuse_kept_sessions(theirs[address])
    return frozenset(wanted & theirs.keys())


def refuse_kept_sessions(gear: Gear, place: Place, changes: tuple[Change, ...], listen: tuple[Address, ...]) -> None:
    """PolicyError when, with these changes, a default server that is not ours keeps sessions on one of these addresses."""
    after = _by_address(gear, place, changes)
    for address in sorted({_normal(pair) for pair in listen} & after.keys()):
        if not after[address].default.session_cache.value.startswith(OWN_ZONES):
            _refuse_kept_sessions(after[address])


def refuse_new_default(gear: Gear, place: Place, shared: frozenset[Address], files: dict[str, tuple[bytes, int]]) -> None:
    """PolicyError when our file, by its place in the order, would make our site answer for those who ask for nobody."""
    if not shared:
        return
    after = _by_address(gear, place, tuple(WriteFile(path=path, content=content) for path, (content, _) in files.items()))
    for address in sorted(shared):
        default = after[address].default
        if place.ours(default.origin.file) and default.origin.file.startswith(place.sites):
            other = next(server for server in after[address].servers if not place.ours(server.origin.file))
            raise PolicyError(
                f"clients without SNI reach {other.label} as the first on {_shown(address)}; ours would come before it",
                where=other.origin,
                hint="write default_server in the listen of the server that they should reach",
            )


def unguarded(shared: frozenset[Address], pair: Address) -> bool:
    """Whether somebody else is the default server of a listen address."""
    return _normal(pair) in shared


def _refuse_shared_bytes(theirs: tuple[Socket, ...], sites: tuple[SiteIntent, ...]) -> None:
    """An address belongs to http{} or to stream{}, and in stream{} to one server: nginx -t does not say so, the reload does."""
    there = {(socket.address, socket.port): socket for socket in theirs if not socket.listen.quic}
    for site in sites:
        for address in map(_normal, site.listen):
            other = there.get(address)
            if other is not None and (site.stream or other.context == "stream"):
                name, place = site.server_names[0], _shown(address)
                raise PolicyError(
                    f"{name} cannot share {place} with {other.default.label}: one of them passes bytes",
                    where=other.default.origin,
                    hint="give the site an address or a port of its own",
                )


def _by_address(gear: Gear, place: Place, changes: tuple[Change, ...]) -> dict[Address, Socket]:
    found = _sockets(gear, place, changes)
    return {(socket.address, socket.port): socket for socket in found if socket.context == "http" and not socket.listen.quic}


def _sockets(gear: Gear, place: Place, changes: tuple[Change, ...]) -> tuple[Socket, ...]:
    tree = read_config(Planned(gear.files, changes), place.instance.config, place.instance.prefix)
    return sockets(effective(tree, gear.nginx.build().version))


def _refuse_kept_sessions(socket: Socket) -> None:
    cache = socket.default.session_cache
    if "shared:" not in cache.value:
        return
    raise PolicyError(
        f"the default server of {_shown((socket.address, socket.port))} ({socket.default.label}) keeps TLS sessions in"
        f" {cache.value}, for every server of this address: a revoked client could go on with one",
        where=cache.origin or socket.default.origin,
        hint=(
            f"set in {socket.default.label}: ssl_session_cache none;  (its clients then make a full handshake each time),\n"
            "or give this site an address of its own with --listen"
        ),
    )


def _normal(pair: Address) -> Address:
    address, port = pair
    return ("*" if address == "0.0.0.0" else address.lower(), port)  # noqa: S104 - a name for "any"


def _shown(address: Address) -> str:
    return f"{address[0]}:{address[1]}"
