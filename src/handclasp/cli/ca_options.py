"""Options that several commands of the CA share."""

import re
import sys
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import click

from handclasp.cli.frame import Frame

if TYPE_CHECKING:
    from handclasp.model.issuance import KeyType
    from handclasp.wiring import World

F = TypeVar("F", bound=Callable[..., Any])

KEY_TYPES = ("ec-p256", "ec-p384", "rsa-2048", "rsa-3072", "rsa-4096", "ed25519")
_DRY = "handclasp.dry-run"
_CERTIFICATES = (".pem", ".crt", ".cer", ".der")


def passphrase_options(function: F) -> F:
    """--passphrase-file and --passphrase-fd."""
    file = click.option(
        "--passphrase-file",
        type=click.Path(dir_okay=False),
        help="File (mode 0600) with the passphrase of the CA keys. Also: HANDCLASP_PASSPHRASE_FILE.",
    )
    descriptor = click.option("--passphrase-fd", type=click.IntRange(min=0), help="Open file descriptor to read it from.")
    return file(descriptor(function))


def key_type_option(function: F) -> F:
    """--key-type."""
    return click.option("--key-type", type=click.Choice(KEY_TYPES), help="Kind of key.  [default: what the profile says]")(
        function
    )


def ca_key_type_option(default: str = "ec-p256") -> Callable[[F], F]:
    """--key-type of a CA: RSA with 2048 bits is for what lives shorter."""
    from handclasp.catalogue.profiles import ROOT

    allowed = [kind for kind in KEY_TYPES if kind in ROOT.key_types]
    return click.option("--key-type", type=click.Choice(allowed), help=f"Kind of key.  [default: {default}]")


def days_option(help_text: str, *profiles: str, name: str = "--days") -> Callable[[F], F]:
    """--days, up to what the most generous of these profiles allows; of none, of all that identities may have."""
    from handclasp.catalogue.profiles import END_ENTITY_PROFILES, PROFILES

    longest = max(PROFILES[one].max_lifetime for one in profiles or END_ENTITY_PROFILES)
    return click.option(name, type=click.IntRange(1, longest.days), help=help_text)


_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1), "": timedelta(days=1)}


class Span(click.ParamType[timedelta]):
    """A length of time: 30d, 12h, 6w; a bare number is days."""

    name = "span"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """The text as a length of time; click's error when it is none."""
        if isinstance(value, timedelta):
            return value
        found = re.fullmatch(r"(\d{1,5})([hdw]?)", str(value))
        if found is None:
            self.fail(f"{value!r} is no length of time: 30d, 12h and 6w are", param, ctx)
        return int(found[1]) * _UNITS[found[2]]


def dry_run_option(function: F) -> F:
    """--dry-run: the command works on a copy of the home, which is taken away afterwards."""
    return click.option(
        "--dry-run",
        is_flag=True,
        expose_value=False,
        callback=_mark_dry,
        is_eager=True,
        help="Show what would be done; change nothing.",
    )(function)


def is_dry_run() -> bool:
    """Whether the command that runs now was asked to change nothing."""
    context = click.get_current_context(silent=True)
    return context is not None and bool(context.meta.get(_DRY))


def _mark_dry(ctx: click.Context, _parameter: click.Parameter, value: bool) -> None:
    ctx.meta[_DRY] = value


def world(
    frame: Frame, *, passphrase_file: str | None = None, passphrase_fd: int | None = None, nginx_path: str | None = None
) -> "World":
    """The world of this run."""
    import os

    from handclasp.wiring import World

    path = os.path.abspath(passphrase_file) if passphrase_file else None  # noqa: PTH100 - remembered by init
    context = click.get_current_context(silent=True)
    if context is None or not context.meta.get(_DRY):
        return World(
            frame.home,
            nginx_path=nginx_path,
            passphrase_file=path,
            passphrase_fd=passphrase_fd,
            waiting=lambda holder: frame.hint(f"waiting for another run: {holder}"),
        )
    from handclasp.app.dry_run import copy_home

    real = World(frame.home)
    copy = context.with_resource(real.files.scratch()) + "/home"
    copy_home(real.files, real.layout, lambda: real.store.snapshot(), copy)  # noqa: PLW0108 - no home, no store
    frame.instead[copy] = frame.home
    frame.hint("dry run: nothing is changed; serial numbers and keys will be others")
    return World(copy, nginx_path=nginx_path, passphrase_file=path, passphrase_fd=passphrase_fd)


def outside(frame: Frame, here: "World", path: str, *, new: bool = True) -> str:
    """Where a command writes what is to go to `path`, outside of the home; a dry run does it beside its copy of the home.

    `new`: the command refuses what is there already, so a dry run may meet it too.
    """
    import os

    full = os.path.abspath(path)  # noqa: PTH100 - links stay
    if not is_dry_run() or (new and here.files.exists(full)):
        return full
    copy = f"{here.home.rpartition('/')[0]}/outside{len(frame.instead)}/{full.rpartition('/')[2]}"
    here.files.make_folder(copy.rpartition("/")[0], mode=0o700)
    frame.instead[copy] = full
    return copy


def meant(here: "World", what: str) -> str:
    """The text to look for: what was typed, or the certificate in the file that it names, as PEM (- is standard input).

    A file is what has a slash in it, or ends as certificates do while nobody is called so.
    """
    from handclasp.app.find import is_pasted

    if what == "-":
        return _said(sys.stdin.buffer.read(), where="standard input")
    if "\n" in what or is_pasted(what) or not here.files.exists(what) or here.files.is_folder(what):
        return what
    if "/" in what or (what.lower().endswith(_CERTIFICATES) and not here.store.certificates(name=what)):
        return _said(here.files.read(what), where=what)
    return what


def _said(content: bytes, *, where: str) -> str:
    """The certificate in it, whatever its form, as PEM; or the text, which may be a name or a serial.

    InputError when it holds something else that no text is: a key, a request, a container.
    """
    from handclasp.model.errors import InputError
    from handclasp.pki.container import is_container
    from handclasp.pki.export import pem_of_read
    from handclasp.pki.given_chain import given_chain

    if is_container(content):
        hint = "openssl pkcs12 -in FILE -nokeys -clcerts | handclasp list -"
        raise InputError("is a PKCS#12 file, whose certificate nobody sees without its password", where=where, hint=hint)
    try:
        return pem_of_read(given_chain(content, where=where)[0].der).decode()
    except InputError:
        if content[:1] == b"\x30" or b"-----BEGIN " in content:
            raise
        return content.decode("utf-8", "replace")


def lifetime(days: int | None) -> timedelta | None:
    """Days as a length of time."""
    return timedelta(days=days) if days is not None else None


def key_type_of(text: str | None) -> "KeyType | None":
    """The option's text as a key type."""
    from handclasp.model.issuance import KeyType

    return KeyType(text) if text else None
