"""Who may enter which part of a site, and from where: one table of nginx that decides before any location is chosen.

The site's server block asks it in an `if` of its own, which runs for every request: no location, nested or by expression, can
be forgotten. What it does not know is refused.
"""

import ipaddress
import re

from handclasp.model.errors import PolicyError
from handclasp.model.intent import EVERYWHERE, PathIntent, SiteIntent
from handclasp.nginxconf import render_words as words
from handclasp.nginxconf.render_access import access_variable

_SPECIAL = re.compile(r"[^A-Za-z0-9_/-]")
_PATH = re.compile(r"(/[A-Za-z0-9._~!&+,=:@-]+)+")

_TWO_READINGS = r"~*\A[^?]*(?:%2e|%2f|%5c|%3b|%25|%[01]|%7f|%c[01]|;|\\|//|(?:\.|%20)(?:[/?]|\z))"
"""What applications read differently from nginx: encoded dots and slashes, parameters in paths, segments ending in a dot; line
ends, before which the `$` of many expressions matches, and bytes that are never UTF-8, by which some write a dot or a slash."""


def zone_maps(name: str, site: SiteIntent) -> str:
    """The tables of a site that `SiteIntent.zoned` says needs them.

    Raises:
        PolicyError: a path or network that nginx would misread, or two paths that differ in case only.
    """
    zones = site.zones
    parts = [_near(name, number, zone) for number, zone in enumerate(zones) if zone.free_from]
    if site.paths:
        parts += [_paths(name, site.paths), _which_near(name, zones)]
    parts += [_member(name, zones), _verdict(name, paths=bool(site.paths))]
    return "\n".join(parts)


def zone_guards(name: str, site: SiteIntent) -> list[str]:
    """The lines of the server block that ask the tables."""
    odd = [
        "# Such paths are read in more than one way: the application could serve another one than was judged here.",
        f"if ($handclasp_{name}_odd) {{ return 400; }}",
    ]
    return [
        *(odd if site.paths else []),
        "# Asked before any location is chosen, for every request; what the tables do not know is refused.",
        f"if ($handclasp_{name}_verdict = none) {{ return 496; }}",
        f"if ($handclasp_{name}_verdict != pass) {{ return 403; }}",
    ]


def grants(site: SiteIntent, identity: str) -> str:
    """The zones whose list an identity is on: ",0,2"."""
    return "".join(f",{number}" for number, zone in enumerate(site.zones) if zone.allow is not None and identity in zone.allow)


def _near(name: str, number: int, zone: PathIntent) -> str:
    if EVERYWHERE in zone.free_from:
        rows = ["default 1;"]
    else:
        rows = ["default 0;", *(f"{network(each)} 1;" for each in dict.fromkeys(zone.free_from))]
    why = "# Addresses that need no certificate: the address of the connection, and nothing that a client could write.\n"
    return why + _table(f"geo $handclasp_{name}_near{number}", rows)


def network(text: str) -> str:
    """A network as nginx's geo takes it. Raises PolicyError when it is none."""
    try:
        return str(ipaddress.ip_network(text))
    except ValueError as error:
        raise PolicyError(
            f"{text[:80]!r} is not a network: {error}", hint="write 192.168.0.0/16, 2001:db8::/32 or any"
        ) from None


def rule_path(path: str) -> str:
    """A path that a rule can be for. PolicyError for one that could be read in two ways, or that is meant as a pattern."""
    if "*" in path:
        raise PolicyError(
            f"{path[:80]!r} is a pattern, and a rule is for a path and all below it", hint="write it without the *"
        )
    if not _PATH.fullmatch(path) or any(part.endswith(".") for part in path.split("/")):
        hint = "write it as /admin or /api/v2: no slash at the end, no dots, nothing encoded"
        raise PolicyError(f"the path {path[:80]!r} is not one that a rule can be for", hint=hint)
    return path


def _paths(name: str, paths: tuple[PathIntent, ...]) -> str:
    seen: dict[str, str] = {}
    for zone in paths:
        rule_path(zone.path)
        other = seen.setdefault(zone.path.lower(), zone.path)
        if other is not zone.path:
            raise PolicyError(f"there are two rules for {zone.path} (the other: {other})", hint="leave one of them out")
    numbered = sorted(enumerate(paths, start=1), key=lambda pair: len(pair[1].path), reverse=True)
    below = [(number, _SPECIAL.sub(lambda found: "\\" + found[0], zone.path) + r"(?:/|\z)") for number, zone in numbered]
    exact = [_row(rf"~\A{path}", number) for number, path in below]
    folded = [_row(rf"~*\A{path}", number) for number, path in below]
    equal = [f'"{number}:{number}:0" 0;' for number in range(len(paths) + 1)]
    return "\n".join(
        (
            _table(f"map $uri $handclasp_{name}_zone", ["default 0;", *exact]),
            "# The same in another case is the same to some applications: neither rule would be right, so it is refused.\n"
            + _table(f"map $uri $handclasp_{name}_folded", ["default 0;", *folded]),
            _table(f"map $request_uri $handclasp_{name}_encoded", ["default 0;", _row(_TWO_READINGS, 1)]),
            _table(
                f'map "$handclasp_{name}_zone:$handclasp_{name}_folded:$handclasp_{name}_encoded" $handclasp_{name}_odd',
                ["default 1;", *equal],
            ),
        )
    )


def _which_near(name: str, zones: tuple[PathIntent, ...]) -> str:
    rows = [f"{number} $handclasp_{name}_near{number};" for number, zone in enumerate(zones) if zone.free_from]
    return _table(f"map $handclasp_{name}_zone $handclasp_{name}_near", ["default 0;", *rows])


def _member(name: str, zones: tuple[PathIntent, ...]) -> str:
    """1 for whoever has the right certificate for the zone of the request, if it has one at all."""
    if len(zones) == 1:
        listed = zones[0].allow is not None
        source = f"map {access_variable(name) if listed else '$host'} $handclasp_{name}_member"
        return _table(source, ["default 1;", '"" 0;'] if listed else ["default 1;"])
    free = "|".join(str(number) for number, zone in enumerate(zones) if zone.allow is None)
    rows = [_row(rf"~\A(?:{free})(?:,|\z)", 1)] if free else []
    if any(zone.allow is not None for zone in zones):
        rows.append(_row(r"~\A(\d+)(?=,)(?:,\d+)*,\1(?:,|\z)", 1))
        source = f'"$handclasp_{name}_zone$handclasp_{name}_grants"'
    else:
        source = f"$handclasp_{name}_zone"
    return _table(f"map {source} $handclasp_{name}_member", ["default 0;", *rows])


def _verdict(name: str, *, paths: bool) -> str:
    near = f"$handclasp_{name}_near" if paths else f"$handclasp_{name}_near0"
    rows = [
        "default refused;",
        _row(r"~\A[01]:1:(?:NONE|SUCCESS)\z", "pass"),
        _row(r"~\A[01]:0:NONE\z", "none"),
        "1:0:SUCCESS pass;",
    ]
    return _table(f'map "$handclasp_{name}_member:{near}:$ssl_client_verify" $handclasp_{name}_verdict', rows)


def _row(expression: str, value: object) -> str:
    return f"{words.literal(expression, 'the expression')} {value};"


def _table(head: str, rows: list[str]) -> str:
    return "\n".join((f"{head} {{", *(f"    {row}" for row in rows), "}", ""))
