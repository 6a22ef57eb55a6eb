"""Where the passphrase of the CA keys comes from. Never from argv or from the value of an environment variable.

In this order: a file descriptor, a file named on the command line, the file named by HANDCLASP_PASSPHRASE_FILE, the systemd
credential `handclasp-passphrase`, the file remembered by `handclasp init`, a prompt on the terminal.
"""

import getpass
import os
import stat
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from handclasp.adapters.file_tree import PosixFileTree
from handclasp.adapters.world_error import world_error
from handclasp.model.errors import InputError, PolicyError, UsageError, WorldError

VARIABLE = "HANDCLASP_PASSPHRASE_FILE"
CREDENTIAL = "handclasp-passphrase"
MIN_CHARACTERS = 8
_MAX_BYTES = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class PassphraseSource:
    """One run's way to the passphrase.

    Args:
        fd: an open file descriptor to read it from.
        file: a path given on the command line.
        remembered: returns the path that `init` remembered, or None; called only when nothing before it gave one.
        environment: normally os.environ.
    """

    fd: int | None = None
    file: str | None = None
    remembered: Callable[[], str | None] = lambda: None
    environment: Mapping[str, str]

    def get(self, *, new: bool) -> bytes:
        """The passphrase. `new`: it is being chosen, so it must be long enough, and a person types it twice.

        Raises:
            UsageError: there is no way to get one.
            PolicyError: the file is readable by others, or a new passphrase is too short.
            InputError: the file is missing, empty or too long.
        """
        found = self._found(new=new)
        if new and len(found.decode(errors="replace")) < MIN_CHARACTERS:
            raise PolicyError(
                f"the passphrase has fewer than {MIN_CHARACTERS} characters",
                hint="take a longer one, or let Handclasp make it: --new-passphrase-file FILE",
            )
        return found

    def path(self) -> str | None:
        """The file that would be read, if it is a file: what `init` remembers."""
        return self.file or self.environment.get(VARIABLE) or None

    def available(self) -> bool:
        """Whether there is a way to a passphrase, a terminal to ask on included."""
        given = self.fd is not None or self.path() or self.environment.get("CREDENTIALS_DIRECTORY") or self.remembered()
        return bool(given) or _terminal()

    def _found(self, *, new: bool) -> bytes:
        if self.fd is not None:
            return read_descriptor(self.fd)
        if path := self.path():
            return read_secret(path)
        if folder := self.environment.get("CREDENTIALS_DIRECTORY"):
            credential = os.path.join(folder, CREDENTIAL)
            if os.path.exists(credential):
                return read_secret(credential)
        if path := self.remembered():
            if not os.path.lexists(path):
                raise InputError(
                    "the passphrase of the CA keys is not where this home remembers it",
                    where=path,
                    hint="name its file: --passphrase-file FILE\n"
                    "and have it remembered: handclasp init --passphrase-file FILE     changes nothing else",
                )
            return read_secret(path)
        return _prompted(new=new)


def read_secret(path: str) -> bytes:
    """The first line of a file that only its owner may read.

    Raises:
        InputError: missing, unreadable, empty, too long, or more than one line.
        PolicyError: group or others may read it.
    """
    content = PosixFileTree().read(path)
    refuse_readable(path)
    return _line(content, path)


def refuse_readable(path: str) -> None:
    """PolicyError when group or others may read or change a file with a secret."""
    try:
        found = os.stat(path)
    except OSError as error:
        raise world_error(path, "cannot be looked at", error) from error
    if stat.S_IMODE(found.st_mode) & 0o077:
        raise PolicyError(
            f"others may read or change this file with a secret (mode {stat.S_IMODE(found.st_mode):04o})",
            where=path,
            hint=f"chmod 600 {path}",
        )


def read_descriptor(descriptor: int) -> bytes:
    """The first line from an open descriptor; UsageError when it is not open for reading."""
    content = b""
    try:
        while b"\n" not in content and len(content) <= _MAX_BYTES:
            piece = os.read(descriptor, _MAX_BYTES)
            if not piece:
                break
            content += piece
    except OSError as error:
        raise UsageError(
            f"file descriptor {descriptor} cannot be read: {error.strerror}",
            hint=f"open it in the shell, for example: handclasp ... --passphrase-fd {descriptor} {descriptor}<FILE",
        ) from error
    return _line(content.split(b"\n")[0] if b"\n" in content else content, f"file descriptor {descriptor}")


def _line(content: bytes, where: str) -> bytes:
    line = content.rstrip(b"\r\n")
    if not line:
        raise InputError("the passphrase is empty", where=where, hint="put the passphrase on the first line")
    if b"\n" in line or b"\0" in line or len(line) > _MAX_BYTES:
        raise InputError(
            f"a passphrase is one line of at most {_MAX_BYTES} bytes", where=where, hint="put nothing else into the file"
        )
    return line


def _terminal() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()


def _prompted(*, new: bool) -> bytes:
    if not _terminal():
        advice = f"use --passphrase-file FILE, --passphrase-fd N or the variable {VARIABLE}"
        if new:
            advice = f"let Handclasp make one: --new-passphrase-file FILE\nor {advice}"
        raise UsageError("a passphrase for the CA keys is needed, and there is no terminal to ask on", hint=advice)
    try:
        first = getpass.getpass("Passphrase for the CA keys: ", stream=sys.stderr)
        if new and getpass.getpass("The same again: ", stream=sys.stderr) != first:
            raise UsageError("the two passphrases differ", hint="run the command again")
    except EOFError:
        raise WorldError("the terminal closed before a passphrase was typed") from None
    return _line(first.encode(), "the terminal")
