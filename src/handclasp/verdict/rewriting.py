"""What the rewrite module makes of a request in one block: `if`, `set`, `rewrite`, `break`, `return`, one after the other."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from handclasp.model.nginx import EffectiveConfig, Location, TlsServer
from handclasp.model.nginx_steps import Assignment, Guard, Return, Rewrite, Step
from handclasp.nginxconf.select import captures, normal_uri
from handclasp.verdict.variables import expand, holds, port_text

_REDIRECTS = re.compile(r"https?://|\$scheme")
_STATUS = {"permanent": 301}
_REFUSES = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Missed:
    """A check that was not made: `step`, before it in its block, ended that (or the `break` or `rewrite` inside `step` did)."""

    guard: Guard
    step: Step


@dataclass(slots=True)
class Traveller:
    """A request under way: its URI as locations see it, and the variables known so far.

    `certain`: nothing that cannot be known here might have refused it or sent it elsewhere. `inward`: nginx itself has sent it
    on, so that internal locations are open to it. `moved`: the block that was left wants a location to be sought anew.
    `missed` are checks that were not made because something before them ended the block.
    """

    config: EffectiveConfig
    uri: str
    known: dict[str, str]
    certain: bool = True
    inward: bool = False
    moved: bool = False
    missed: list[Missed] = field(default_factory=list)

    def through(self, block: TlsServer | Location) -> Return | None:
        """Go through a block; the answer when it gives one by itself."""
        self.certain &= not block.scripted
        self.moved = False
        found = self._steps(block.steps)
        return found if isinstance(found, Return) else None

    def _steps(self, steps: tuple[Step, ...]) -> Return | Rewrite | None:
        """The step that ended it, if one did."""
        for number, step in enumerate(steps):
            ended = self._step(step)
            if isinstance(ended, Rewrite):
                self.missed += (Missed(guard=one, step=step) for one in steps[number + 1 :] if isinstance(one, Guard))
            if ended is not None:
                return ended
        return None

    def _step(self, step: Step) -> Return | Rewrite | None:
        match step:
            case Return():
                return step
            case Assignment():
                self._assign(step)
                return None
            case Rewrite():
                return self._rewrite(step)
            case Guard():
                true = holds(step, self.known, self.config)
                if true is None:
                    self._perhaps(step)
                return self._steps(step.inside) if true else None

    def _perhaps(self, guard: Guard) -> None:
        """Nobody knows whether it is true: what it sets is not known any more, and where it leads is not certain."""
        for step in guard.inside:
            if isinstance(step, Assignment):
                self.known.pop(step.variable, None)
            elif isinstance(step, Return) and step.status >= _REFUSES:
                self.certain = False

    def _assign(self, step: Assignment) -> None:
        value = expand(step.value, self.known, self.config)
        if value is None:
            self.known.pop(step.variable, None)
        else:
            self.known[step.variable] = value

    def _rewrite(self, step: Rewrite) -> Return | Rewrite | None:
        if step.pattern is None:
            self.moved = False
            return step
        found = captures(step.pattern, self.uri)
        if found is None:
            return None
        self.known |= found
        if step.flag in {"redirect", "permanent"} or _REDIRECTS.match(step.replacement):
            return Return(status=_STATUS.get(step.flag, 302), text=step.replacement, origin=step.origin)
        target = expand(step.replacement.partition("?")[0], self.known, self.config)
        if target is None:
            self.certain = False
        else:
            self.to(target)
        self.moved = target is not None and step.flag != "break"
        return step if step.flag in {"last", "break"} else None

    def to(self, uri: str) -> None:
        """The request goes on with another URI, inside nginx."""
        self.uri, self.inward = normal_uri(uri), True
        self.known |= {"uri": self.uri, "document_uri": self.uri}


def set_out(config: EffectiveConfig, server: TlsServer, uri: str, known: dict[str, str], *, inward: bool = False) -> Traveller:
    """A request for a URI at the door of a server. What nobody has set yet is empty, as in nginx."""
    path, _, query = uri.partition("?")
    asked = {"request_uri": uri, "request_method": "GET", "args": query, "query_string": query, "is_args": "?" if query else ""}
    unset = dict.fromkeys(_variables(server), "")
    traveller = Traveller(config, path, unset | asked | dict(_about(server, known.get("scheme"))) | known, inward=inward)
    traveller.uri = normal_uri(path)
    traveller.known |= {"uri": traveller.uri, "document_uri": traveller.uri}
    return traveller


def _about(server: TlsServer, scheme: str | None) -> Iterator[tuple[str, str]]:
    """What nginx knows of the server itself: its first name, and its port where it has one alone for such requests."""
    name = server.names[0] if server.names else ""
    if not name.startswith(("~", "$")):
        yield "server_name", name.removeprefix(".")
    ports = {listen.port for listen in server.listens if listen.tls is (scheme == "https")}
    if scheme and len(ports) == 1:
        yield "server_port", port_text(ports.pop())


def _variables(server: TlsServer) -> Iterator[str]:
    for block in (server, *server.locations):
        yield from _set_in(block.steps)


def _set_in(steps: Iterable[Step]) -> Iterator[str]:
    for step in steps:
        if isinstance(step, Assignment):
            yield step.variable
        elif isinstance(step, Guard):
            yield from _set_in(step.inside)
