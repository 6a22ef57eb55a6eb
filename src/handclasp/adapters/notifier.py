"""ports.Notifier with Apprise, which knows mail, webhooks and the chat services, each by an URL."""

import warnings
from collections.abc import Iterable, Iterator

from handclasp.model.errors import WorldError


class AppriseNotifier:
    """Sends through Apprise; every place gets the text, whatever became of the others."""

    def send(self, places: Iterable[str], *, title: str, body: str) -> tuple[str, ...]:
        """As Notifier.send. WorldError when the package is not installed."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of modules that Apprise uses; nobody here can mend them
            return tuple(self._failed(places, title=title, body=body))

    def _failed(self, places: Iterable[str], *, title: str, body: str) -> Iterator[str]:
        try:
            import apprise
        except ImportError as error:
            raise WorldError("notices need the package apprise", hint="pip install 'handclasp[notify]'") from error
        for place in places:
            one = apprise.Apprise()
            if not (one.add(place) and one.notify(title=title, body=body)):
                yield place.partition(":")[0][:40]  # never the rest: it holds passwords
