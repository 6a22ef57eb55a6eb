"""Attempts on limits: somebody says what exempts, and is served more often than the limit allows."""

import math
import re
from collections.abc import Iterator
from dataclasses import replace

from handclasp.diagnose.attempt import Attack, Attempt, Who
from handclasp.diagnose.attempt_parts import at, let_in, visit
from handclasp.diagnose.case import Case
from handclasp.diagnose.reach import behind_tls, roots
from handclasp.diagnose.rule import say
from handclasp.diagnose.rules.limits import exempting
from handclasp.model.finding import Finding
from handclasp.model.nginx import EffectiveConfig, MapBlock, TlsServer, VerifyClient
from handclasp.model.text import Text
from handclasp.nginxconf.example_uri import example_uri, spelled
from handclasp.nginxconf.tree import Directive, walk
from handclasp.verdict.variables import expand, variables

_MOST = 40
_EACH = 0.05  # seconds that a request on the sandbox takes at most, by and large
_RATE = re.compile(r"rate=(\d+)r/([sm])")
_BURST = re.compile(r"burst=(\d+)")
_OTHER = "x"


def exempted(case: Case, finding: Finding) -> Iterator[Attack]:
    """The same request so often that the limit ends it, and with what exempts: then it does not."""
    config = case.stage.config
    for zone, _ in walk(case.stage.tree.directives):
        block = exempting(config, zone) if zone.name == "limit_req_zone" and zone.args else None
        if block is None or not at(finding, block.origin):
            continue
        for _, server, uri, times in _limited(case, zone):
            socket = next(socket for socket, one in behind_tls(case) if one is server)
            bare = visit(socket, server, uri)
            known = let_in(case, server, bare)
            for usual in (bare, known) if server.verify_client.value is not VerifyClient.ON and known != bare else (known,):
                for forged, who in _forged(config, block, usual):
                    yield Attack(who=who, request=forged, likewise=usual if forged != usual else None, times=times)


def _limited(case: Case, zone: Directive) -> Iterator[tuple[Directive, TlsServer, str, int]]:
    """Where this limit is in force: the server, an address there, and how many requests are too many."""
    name, allowed = next((word for word in zone.args if word.startswith("zone=")), ""), _RATE.search(" ".join(zone.args))
    wanted = name.partition(":")[0]
    for item, parents in walk(case.stage.tree.directives):
        if item.name != "limit_req" or wanted not in item.args or allowed is None:
            continue
        times = _too_many(item, int(allowed[1]) / (1 if allowed[2] == "s" else 60))
        for _, server in behind_tls(case):
            inside = [one for one in parents if one.name == "server"]
            if times is None or (inside and inside[0].origin != server.origin):
                continue
            own = [one for one in server.locations if any(one.origin == block.origin for block in parents)]
            yield item, server, (example_uri(own[-1]) if own else None) or "/", times


def _too_many(limit: Directive, rate: float) -> int | None:
    """So many requests at once are refused; None when they would only be delayed, or when it takes too many."""
    found = _BURST.search(" ".join(limit.args))
    burst = int(found[1]) if found else 0
    left = 1 - rate * _EACH
    if (burst and "nodelay" not in limit.args) or left <= 0:
        return None
    times = math.ceil((burst + 2) / left)
    return times if times <= _MOST else None


def _forged(config: EffectiveConfig, block: MapBlock, usual: Attempt) -> Iterator[tuple[Attempt, Text]]:
    """The request with what exempts it said, or, where nothing needs to be said, as it is."""
    verify = "SUCCESS" if usual.who is Who.CLIENT_OF else "NONE"
    known = variables(None, verify, host=usual.host, sni=usual.sni)
    names = sorted(roots(config, block.source))
    sender = (
        say("without a certificate", "不带证书")
        if usual.who is Who.NOBODY
        else say("with any good certificate", "使用任意一张有效证书")
    )
    if expand(f"${block.variable}", dict.fromkeys(names, "") | known, config) == "":
        yield usual, say("{sender}, so often that the limit should end it", "{sender}，次数多到应被限制", sender=sender)
        return
    for name in names:
        for value in _values(config, block):
            said = dict.fromkeys(names, "") | known | {name: value}
            request = _saying(usual, name, value)
            if request is not None and expand(f"${block.variable}", said, config) == "":
                yield request, say(
                    "{sender}, with {what} of its own making, so often that the limit should end it",
                    "{sender}，并自行声称 {what}，次数多到应被限制", sender=sender, what=f"${name}={value}",
                )  # fmt: skip
                return


def _saying(usual: Attempt, name: str, value: str) -> Attempt | None:
    kind, _, rest = name.partition("_")
    if kind == "http":
        return replace(usual, headers=((rest.replace("_", "-"), value),))
    if kind == "cookie":
        return replace(usual, headers=(("Cookie", f"{rest}={value}"),))
    return replace(usual, uri=f"{usual.uri}?{rest}={value}") if kind == "arg" else None


def _values(config: EffectiveConfig, block: MapBlock) -> Iterator[str]:
    """What the maps behind a limit look for; and something that none of them does."""
    waiting, seen = [block], set[str]()
    while waiting:
        here = waiting.pop()
        if here.variable in seen:
            continue
        seen.add(here.variable)
        for entry in here.entries:
            if entry.pattern.startswith("~"):
                text = spelled(entry.pattern[1:].removeprefix("*").removeprefix("^").removesuffix("$"))
                yield from () if text is None else (text,)
            elif entry.pattern != "default" and entry.pattern:
                yield entry.pattern.removeprefix("\\")
        waiting += [one for name in re.findall(r"\w+", here.source) for one in config.maps_of(name)[:1]]
    yield _OTHER
