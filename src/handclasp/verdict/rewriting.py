"""What the rewrite module makes of a request in one block: `if`, `set`, `rewrite`, `break`, `return`, one after the other."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from handclasp.model.nginx import EffectiveConfig, Location, TlsServer
from handclasp.model.nginx_steps import Assignment, Guard, LimitExcept, Return, Rewrite, Step
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
class Choices:
    """What nobody can know here, as far as it was met: in words, and how it was taken. `turned` are taken the other way."""

    turned: frozenset[str] = frozenset()
    taken: dict[str, bool] = field(default_factory=dict)

    def take(self, words: str, *, usual: bool) -> bool:
        """How this is to be taken, the same for the whole of a request."""
        return self.taken.setdefault(words, usual is not (words in self.turned))


@dataclass(slots=True)
class Traveller:
    """A request under way: its URI as locations see it, and the variables known so far.

    `certain`: nothing that cannot be known here might have refused it or sent it elsewhere. `inward`: nginx itself has sent it
    on, so that internal locations are open to it. `within`: nginx asks it of itself (a subrequest). `moved`: the block that was
    left wants a location to be sought anew. `branched`: a true `if` or a limit_except has the place of the block.
    `sent` is how often nginx has sent it elsewhere.
    `missed` are checks that were not made because something before them ended the block.
    """

    config: EffectiveConfig
    uri: str
    known: dict[str, str]
    certain: bool = True
    inward: bool = False
    within: bool = False
    moved: bool = False
    branched: bool = False
    sent: int = 0
    missed: list[Missed] = field(default_factory=list)
    choices: Choices = field(default_factory=Choices)

    def through(self, block: TlsServer | Location) -> Return | None:
        """Go through a block; the answer when it gives one by itself."""
        self.certain &= not block.scripted
        self.moved = self.branched = False
        if self.limited(block):
            self.branched = True
            return None
        found = self._steps(block.steps)
        return found if isinstance(found, Return) else None

    def limited(self, block: TlsServer | Location | None) -> LimitExcept | None:
        """The limit_except that has the place of a block for the method of this request."""
        limit = block.limit if isinstance(block, Location) else None
        method = "GET" if self.within else self.known["request_method"]
        return limit if limit is not None and limit.takes(method) else None

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
                    true = self.choices.take(f"if ({step.condition})", usual=False)
                    self._perhaps(step, taken=true)
                self.branched |= true
                return self._steps(step.inside) if true else None

    def _perhaps(self, guard: Guard, *, taken: bool) -> None:
        """Nobody knows whether it is true: what it sets is not known any more, and where it leads is not certain."""
        self.certain &= not taken
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
        path, asks, _ = step.replacement.partition("?")
        target = expand(path, self.known, self.config)
        if asks:
            for name in ("args", "query_string", "is_args"):
                self.known.pop(name, None)
        if target is None:
            self.certain = False
        else:
            self.at(target)
        self.moved = target is not None and step.flag != "break"
        return step if step.flag in {"last", "break"} else None

    def at(self, path: str) -> None:
        """The request goes on with another path, inside nginx, which takes it as it stands."""
        self.uri, self.inward = path, True
        self.known |= {"uri": path, "document_uri": path}

    def to(self, uri: str) -> None:
        """Nginx sends the request elsewhere: with the arguments that stand there, and without those it came with."""
        path, asks, query = uri.partition("?")
        self.at(path)
        self.sent += 1
        self.known |= {"args": query, "query_string": query, "is_args": asks}


def set_out(
    config: EffectiveConfig, server: TlsServer, uri: str, known: dict[str, str], *, choices: Choices | None = None
) -> Traveller:
    """A request for a URI at the door of a server. What nobody has set yet is empty, as in nginx."""
    path, _, query = uri.partition("?")
    asked = {"request_uri": uri, "request_method": "GET", "args": query, "query_string": query, "is_args": "?" if query else ""}
    unset = dict.fromkeys(_variables(server), "")
    everything = unset | asked | dict(_about(server, known.get("scheme"))) | known
    traveller = Traveller(config, normal_uri(path, merged=server.merge_slashes.value), everything, choices=choices or Choices())
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
