"""Names of this home for a hint: whom or what a mistyped word may have meant. Hints are for its owner; the API gives none."""

from collections.abc import Iterator

from handclasp.app.authority import authority_named
from handclasp.app.home import Home
from handclasp.catalogue.profiles import OWN_PROFILES
from handclasp.model.issuance import Wanted
from handclasp.model.near import did_you_mean


def identities(home: Home) -> Iterator[str]:
    """The identities of the registry, each as often as it has certificates."""
    return (one.name for one in home.store.standings(Wanted(not_profiles=OWN_PROFILES)))


def which_identity(home: Home, name: str, otherwise: str = "handclasp list") -> str:
    """The hint where there is no identity of that name."""
    return did_you_mean(name, identities(home), otherwise)


def check_ca(home: Home, label: str) -> None:
    """UsageError when no CA here was ever called so; one that was dropped is known by what it signed."""
    if label not in {one.label for one in home.store.authorities()}:
        authority_named(home, label)
