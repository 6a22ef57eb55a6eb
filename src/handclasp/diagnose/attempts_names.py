"""Attempts on names: a header that the client made up, and a certificate whose name fits where it should not."""

import re
from collections.abc import Iterator
from dataclasses import replace

from handclasp.diagnose.attempt import Attack, Who
from handclasp.diagnose.attempt_parts import anchors, at, client_of, let_in, visit
from handclasp.diagnose.case import Case
from handclasp.diagnose.reach import ASKING, answered, behind_tls, guarded, places, served
from handclasp.diagnose.rule import say
from handclasp.diagnose.rules.authorization import expectations
from handclasp.diagnose.rules.headers import identity_headers, outer_headers, passing
from handclasp.model.finding import Finding
from handclasp.model.nginx import Location, TlsServer
from handclasp.nginxconf.example_uri import example_uri

_FORGED = "CN=forged"
_SPECIAL, _ESCAPED = re.compile(r"([,+])"), r"\\\1"
_RDN = re.compile(r"(?:^|[/,(|])\s*(CN|O|OU)=([\w .@-]+)", re.IGNORECASE)


def forged_header(case: Case, finding: Finding) -> Iterator[Attack]:
    """A client that says itself who it is, in the header that the backend believes."""
    for socket, server in behind_tls(case):
        for location in passing(server):
            if not at(finding, location.origin):
                continue
            uri = example_uri(location) or "/"
            open_to_all = served(answered(case, socket, server, uri))
            asked = visit(socket, server, uri)
            for name in _let_through(case, server, location):
                request = replace(
                    asked if open_to_all else let_in(case, server, asked), headers=((name, _FORGED),)
                )  # fmt: skip
                sender = (
                    say("without a certificate", "不带证书")
                    if request.who is Who.NOBODY
                    else say("with any good certificate", "使用任意一张有效证书")
                )
                who = say("{sender}, with a {name} of its own making", "{sender}，并自行编造 {name}", sender=sender, name=name)
                yield Attack(who=who, request=request, told=f"{name}: {_FORGED}")


def _let_through(case: Case, server: TlsServer, location: Location) -> Iterator[str]:
    """The headers by which this backend is told who the client is, elsewhere, and that this location does not set."""
    set_here = {header.name.lower() for header in location.headers.value}
    wanted = {header.name: None for header in outer_headers(case, server, location).values()}
    for other in case.stage.config.servers:
        for one in passing(other):
            if (one.module, one.target.value) == (location.module, location.target.value):
                wanted.update((header.name, None) for header in identity_headers(case, one).values())
    yield from (name for name in wanted if name.lower() not in set_here)


def name_that_fits(case: Case, finding: Finding) -> Iterator[Attack]:
    """A client with another name that the expression fits too; one with any other name is refused."""
    loose = next((item for item in expectations(case) if item.regex and at(finding, item.origin)), None)
    subjects = tuple(_fitting(loose.value)) if loose and loose.variable == "ssl_client_s_dn" else ()
    for socket, server in behind_tls(case) if subjects else ():
        if server.verify_client.value not in ASKING:
            continue
        for place in places(server):
            if not guarded(case.stage.config, server, place.location):
                continue
            for root in anchors(case, server)[:1]:
                ordinary = client_of(visit(socket, server, place.uri), root)
                for subject in subjects:
                    who = say("as {name}", "以 {name} 的身份", name=written(subject))
                    yield Attack(who=who, request=replace(ordinary, subject=subject), likewise=ordinary)


def _fitting(pattern: str) -> Iterator[tuple[tuple[str, str], ...]]:
    """Names that an expression fits and that are none of those it was written for."""
    try:
        meant = re.compile(pattern)
    except re.error:
        return
    plain = pattern.replace("\\", "").removeprefix("^").removesuffix("$")
    for kind, value in _RDN.findall(plain):
        name = kind.upper()
        longer: tuple[tuple[str, str], ...] = ((name, f"{value}x"),)
        inside: tuple[tuple[str, str], ...] = (("CN", f"x,{name}={value}"),)
        other: tuple[tuple[str, str], ...] = (("O", f"{name}={value}"), ("CN", "x"))
        yield from (subject for subject in (longer, inside, other) if meant.search(written(subject)))


def written(subject: tuple[tuple[str, str], ...]) -> str:
    """A name as nginx gives it (RFC 2253): the last attribute first, commas escaped."""
    return ",".join(f"{kind}={_SPECIAL.sub(_ESCAPED, value)}" for kind, value in reversed(subject))
