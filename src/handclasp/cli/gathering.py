"""From command line options to Evidence: shared by predict and doctor."""

import sys
from collections.abc import Callable
from typing import Any

import click

from handclasp.app.evidence import Given, gather
from handclasp.app.given_config import PIPE, configuration_at
from handclasp.app.live_upstream import with_live_upstream
from handclasp.app.rooted import rooted
from handclasp.app.running import with_running_state
from handclasp.cli.evidence_options import Asked
from handclasp.cli.frame import Frame
from handclasp.model.errors import UsageError, WorldError
from handclasp.model.evidence import Evidence, Request, Wish
from handclasp.model.nginx import NginxBuild
from handclasp.model.verdict import Side
from handclasp.ports.files import FileReader
from handclasp.wiring import World

_OPEN_FILES = ("/dev/fd/", "/proc/self/fd/")


def evidence_of(
    frame: Frame, options: dict[str, Any], *, lines: tuple[str, ...] = (), need_config: bool = True, live: bool = False
) -> Evidence:
    """Gather what the options of `evidence_options` name; `live`: an upstream whose chain nobody gave is asked for it.

    Raises:
        UsageError: no configuration, where one is needed.
        InputError: something given cannot be read.
    """
    world = World(frame.home, nginx_path=options["nginx_path"])
    if need_config and options["config"] is None:
        options |= _this_machine(frame, world, options)
    config = _below(options["config"], options["chroot"])
    files: FileReader = rooted(world.files, options["chroot"], config) if options["chroot"] else world.files
    if config is not None:
        found = configuration_at(files, config, _piped(config))
        config, files = found.path, found.files
        if found.part:
            frame.hint("nginx.conf includes this file into http{}; what is set around it there is not known: give nginx -T")
    given = Given(
        config=config, prefix=options["prefix"],
        client_certificate=options["client_cert"], upstream_chain=options["upstream_chain"], lines=lines, at=options["at"],
        engine=options["engine"],
        nginx_version=options["nginx_version"], security_level=options["security_level"],
        side=Side.UPSTREAM if options["upstream"] else Side.CLIENT, server=options["server"], location=_uri(options),
        request=_request(options), wish=Wish(options.get("expect", Wish.ADMITTED)), answer=options.get("answer"),
        password=_password(world, options["client_password_file"]),
    )  # fmt: skip
    evidence = gather(given, files, now=world.clock.now(), build=_build(world, options), here=world.files)
    if not live or evidence.root is None:
        return evidence
    evidence = with_live_upstream(evidence, world.probe)
    return evidence if options["chroot"] else with_running_state(evidence, world.machine)


def _piped(path: str) -> bytes | None:
    """What stands behind "-" or the name of a pipe, which can be read once; None: an ordinary path."""
    if path in {"-", PIPE}:
        return sys.stdin.buffer.read()
    if not path.startswith(_OPEN_FILES):
        return None
    with open(path, "rb") as pipe:  # noqa: PTH123 - a descriptor of ours, by its name
        return pipe.read()


def _uri(options: dict[str, Any]) -> str:
    """The URI in question, with its query, of which an `if` may ask."""
    asked: Asked | None = options.get("request")
    uri: str = asked.uri if asked else options["location"]
    if not uri.startswith("/"):
        raise UsageError(f"{uri!r} is no URI", where="--location", hint=f"it begins with a slash: --location /{uri}")
    return uri


def _request(options: dict[str, Any]) -> Request | None:
    """The request in question; None when only a well-behaved one is meant."""
    asked: Asked | None = options.get("request")
    if asked is not None:
        sni = asked.sni if options.get("sni") is None else options["sni"] or None
        return Request(
            method=asked.method, plain=asked.plain, sni=None if asked.plain else sni, host=asked.host, port=asked.port
        )  # fmt: skip
    if options.get("sni") is None:
        return None
    return Request(sni=options.get("sni") or None, host=options["server"] or "")


def _this_machine(frame: Frame, world: World, options: dict[str, Any]) -> dict[str, Any]:
    """The options that say where this machine's nginx has its configuration. UsageError when there is no nginx."""
    hint = "add --config /etc/nginx/nginx.conf, or the output of nginx -T"
    if options["chroot"]:
        raise UsageError("no configuration was given", hint=hint)
    try:
        found = world.local_nginx()
    except WorldError as error:
        raise UsageError(f"no configuration was given, and {error.what}", where=error.where, hint=hint) from error
    running = f"the nginx that runs here (pid {found.pid})" if found.pid else "the nginx installed here, which does not run"
    frame.hint(f"no --config was given; examined is {found.config} of {running}")
    if found.others:
        frame.hint(f"another nginx runs with {', '.join(found.others)}: name it with --config")
    return {"config": found.config, "prefix": options["prefix"] or found.prefix}


def _password(world: World, path: str | None) -> Callable[[], bytes] | None:
    """How to learn the password of a PKCS#12 file: from a file of its owner, or from the person at the terminal."""
    if path is not None:
        return lambda: world.secret_in(path)
    if not sys.stdin.isatty():
        return None
    return lambda: click.prompt("Password of the PKCS#12 file", hide_input=True, err=True, default="").encode()


def _below(path: str | None, chroot: str | None) -> str | None:
    """The configuration's path as that machine has it, also when it was given with the folder in front."""
    return path.removeprefix(chroot.rstrip("/")) if path and chroot and path.startswith(f"{chroot.rstrip('/')}/") else path


def _build(world: World, options: dict[str, Any]) -> NginxBuild | None:
    """The nginx at hand. None when there is none and none was named: then version and engine come from options or defaults."""
    try:
        return world.nginx.build()
    except WorldError:
        if options["nginx_path"]:
            raise
        return None
