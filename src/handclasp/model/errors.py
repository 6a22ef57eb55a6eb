"""The errors a person may meet: what is wrong, where, and what to do. One exit code each (docs/architecture.md)."""

from handclasp.model.origin import Origin


class HandclaspError(Exception):
    """Base of all expected failures.

    Args:
        what: one sentence saying what is wrong.
        where: the file and place, or another short locator ("ssl_client_certificate of server api.test").
        hint: what to do next, with the literal line to type or paste where there is one.
    """

    exit_code = 70

    def __init__(self, what: str, *, where: Origin | str | None = None, hint: str | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.where}: {self.what}" if self.where else self.what


class UsageError(HandclaspError):
    """The command was asked wrongly."""

    exit_code = 2


class InputError(HandclaspError):
    """A file or text that was given is broken; `where` names the place."""

    exit_code = 3


class PolicyError(HandclaspError):
    """Handclasp refuses: what was asked would be unsafe."""

    exit_code = 4


class WorldError(HandclaspError):
    """The world failed: nginx, disk, network, key store, database."""

    exit_code = 5


class Bug(HandclaspError):  # noqa: N818 - the word says what it is
    """A state that Handclasp believed impossible."""

    exit_code = 70
