"""What a running nginx says: in its error log, and on its standard error."""

import os
import re
from pathlib import Path
from typing import BinaryIO

from handclasp.adapters import processes
from handclasp.model.errors import WorldError


def error_log(master: int) -> BinaryIO:
    """The main error log of a running master, at its end.

    nginx makes its stderr a duplicate of the main error log, so the log is found without reading the configuration, even when
    the file was moved away. A log that is no regular file (syslog, a terminal) cannot be read back: nothing is read then.
    """
    try:
        path = f"/proc/{master}/fd/2"
        if Path(path).is_file():
            log = Path(path).open("rb")  # noqa: SIM115 - the caller closes it
            log.seek(0, os.SEEK_END)
            return log
    except OSError as error:
        raise WorldError(f"the error log of nginx (pid {master}) cannot be read: {error.strerror}") from error
    return Path(os.devnull).open("rb")


def complaints(log: BinaryIO, master: int) -> str:
    """What the master has logged at level emerg since `log` was opened; every refusal of a reload is."""
    place = log.tell()
    said = log.read().decode(errors="replace")
    log.seek(place)
    return "\n".join(line for line in said.splitlines() if f"[emerg] {master}#" in line)


def given_up(said: str) -> bool:
    """Whether the master is done complaining: it tries five times, half a second apart, to bind a busy address."""
    return bool(said) and ("bind() to" not in said or "still could not bind()" in said)


def text(words: BinaryIO) -> str:
    """All of what was written to a file, from its beginning."""
    words.seek(0)
    return words.read().decode(errors="replace")


def refused(what: str, said: str, config: str) -> WorldError:
    """A WorldError with nginx's own words as the hint. A busy address becomes the message, with its holder."""
    words = [re.sub(r"^(nginx: |\d{4}/\d\d/\d\d [\d:]+ )", "", line) for line in said.splitlines() if line.strip()]
    lines = list(dict.fromkeys(re.sub(r"(\[\w+\]) \d+#\d+:", r"\1", line) for line in words))
    hint = "\n".join(f"nginx: {line}" for line in lines[-10:]) or None
    busy = re.search(r"bind\(\) to (\S+):(\d+) failed \(98:", said)
    if busy:
        holder = processes.listener(busy[1], int(busy[2]))
        by = f" by {holder}" if holder else ""
        if holder and config in holder.split():
            own = "this nginx holds the port on another address, and cannot change from one to the other while it runs:"
            hint = f"{own} stop it, and apply again\n{hint}"
        return WorldError(f"{what}: {busy[1]}:{busy[2]} is in use{by}", where=config, hint=hint)
    return WorldError(what, where=config, hint=hint)
