"""Profiles of a home: the built-in ones, and those in HOME/profiles/NAME.toml."""

from handclasp.app.home import Home
from handclasp.app.profile_file import NAME, read_profile
from handclasp.catalogue.profiles import END_ENTITY_PROFILES, PROFILES
from handclasp.model.errors import UsageError
from handclasp.model.issuance import Profile
from handclasp.model.near import did_you_mean


def profile_of(home: Home, name: str) -> Profile:
    """The profile of that name.

    Raises:
        UsageError: there is none.
        InputError: its file is broken.
    """
    if name in PROFILES:
        return PROFILES[name]
    path = home.layout.at("profiles", f"{name}.toml")
    if not NAME.match(name) or not home.files.exists(path):
        known = profile_names(home)
        own = f"; or write {path}" if NAME.match(name) else ""
        hint = did_you_mean(name, known, f"use one of: {', '.join(known)}{own}")
        raise UsageError(f"there is no profile {name[:80]!r}", hint=hint)
    return read_profile(home.files.read(path), name=name, where=path)


def profile_names(home: Home) -> tuple[str, ...]:
    """The profiles that identities may have: ours, then the home's own."""
    return (*END_ENTITY_PROFILES, *(one.rpartition("/")[2].removesuffix(".toml") for one in own_profiles(home)))


def own_profiles(home: Home) -> tuple[str, ...]:
    """The files of this home's own profiles."""
    folder = home.layout.at("profiles")
    if not home.files.exists(folder):
        return ()
    return tuple(path for path in home.files.walk(folder) if path.endswith(".toml"))
