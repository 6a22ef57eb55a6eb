"""ports.Notifier with Apprise, which knows mail, webhooks and the chat services, each by an URL."""

import contextlib
import logging
import re
import warnings
from collections.abc import Iterable, Iterator
from typing import Any

from handclasp.model.errors import WorldError
from handclasp.ports.notify import Unreached

_FAILURES = (
    (
        "(?i)certificate.verify.failed",
        "its certificate is not of a CA that is trusted here: REQUESTS_CA_BUNDLE (for mail SSL_CERT_FILE) names a file of CAs",
    ),
    ("NameResolutionError|Name or service not known|name resolution", "its name is not found"),
    ("onnection error", "nobody answers there"),
)
"""What tells in the log of Apprise, the surest first, and what is said of it. The log itself holds URLs with passwords."""

_ANSWERED = re.compile(r"""error=(\d{3})\b|\(([45]\d\d), b['"]""")
"""A status of HTTP, or a reply of SMTP as the standard library tells it: (535, b'...'), a wrong password."""

_PATIENCE = 20.0
"""Seconds to connect, and to wait for an answer."""


class AppriseNotifier:
    """Sends through Apprise; every place gets the text, whatever became of the others."""

    def send(self, places: Iterable[str], *, title: str, body: str) -> tuple[Unreached, ...]:
        """As Notifier.send. WorldError when the package is not installed."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of modules that Apprise uses; nobody here can mend them
            return tuple(self._failed(places, title=title, body=body))

    def _failed(self, places: Iterable[str], *, title: str, body: str) -> Iterator[Unreached]:
        try:
            import apprise
        except ImportError as error:
            raise WorldError("notices need the package apprise", hint="pip install 'handclasp[notify]'") from error
        for number, place in enumerate(places):
            why = _told(apprise, place, title=title, body=body)
            if why:
                scheme = re.match(r"[a-z0-9]{1,20}(?=:)", place)  # never the rest: it holds passwords
                yield Unreached(place=number, scheme=scheme[0] if scheme else "?", why=why)


def _told(apprise: Any, place: str, *, title: str, body: str) -> str | None:
    """Why a place was not told; None when it was."""
    ours = apprise.AppriseAsset(app_id="Handclasp", app_desc="Handclasp", app_url="", image_url_mask="", image_url_logo="")
    one = apprise.Apprise(asset=ours)
    with _overheard() as said:
        if not one.add(place):
            return "Apprise knows no such address"
        for service in one:  # four seconds are few for a mail server that looks names up, or for a machine that is busy
            service.socket_connect_timeout = max(service.socket_connect_timeout, _PATIENCE)
            service.socket_read_timeout = max(service.socket_read_timeout, _PATIENCE)
        if one.notify(title=title, body=body):
            return None
    heard = "\n".join(said)
    if answered := _ANSWERED.search(heard):
        return f"it answered {answered[1] or answered[2]}"
    return next((why for mark, why in _FAILURES if re.search(mark, heard)), "it refused, or could not be reached")


@contextlib.contextmanager
def _overheard() -> Iterator[list[str]]:
    """What Apprise logs meanwhile. It is heard here and nowhere else, because it names whole URLs with their passwords."""
    said: list[str] = []

    class Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said.append(record.getMessage())

    logger, ear = logging.getLogger("apprise"), Ear()
    before = logger.propagate, logger.level
    logger.propagate = False
    logger.setLevel(logging.DEBUG)
    logger.addHandler(ear)
    try:
        yield said
    finally:
        logger.removeHandler(ear)
        logger.propagate = before[0]
        logger.setLevel(before[1])
