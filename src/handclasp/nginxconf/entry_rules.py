"""Who may enter a server, as its own configuration says: by the CAs it trusts, and by what it asks about the certificate."""

from collections.abc import Iterator, Mapping

from handclasp.model.nginx import EffectiveConfig, TlsServer, VerifyClient
from handclasp.model.nginx_status import Enters, EntryRule
from handclasp.model.nginx_steps import Guard

_CLIENT = "ssl_client"
_REFUSES = 400
_NOTHING = '""'
_EVERYWHERE: Mapping[str, Enters] = {"/": Enters.ANYBODY}


def entry_rules(
    server: TlsServer, config: EffectiveConfig, open_at: Mapping[str, Enters] = _EVERYWHERE
) -> tuple[EntryRule, ...]:
    """The rule that holds for the whole server, then every `if` that refuses by something of the certificate.

    `open_at`: addresses where a visitor without a certificate is served, or may be, as far as none need be shown.
    """
    asks = server.verify_client.value
    if asks is VerifyClient.OFF:
        return ()
    free: Mapping[str, Enters] = {} if asks is VerifyClient.ON else open_at
    whole = () if "/" in free else (EntryRule(path="/", enters=Enters.CLIENTS),)
    anybody = (EntryRule(path=path, enters=enters) for path, enters in free.items())
    return (*whole, *anybody, *_conditions(server, config), *_cut_off(server, config))


def _conditions(server: TlsServer, config: EffectiveConfig) -> Iterator[EntryRule]:
    sources = {block.variable: block for block in config.maps}
    places = [("/", server.guards), *((location.path, location.guards) for location in server.locations)]
    for path, guards in places:
        for guard in guards:
            if guard.status is None or guard.status < _REFUSES or not _about_client(guard.variable, config, set()):
                continue
            table = sources.get(guard.variable)
            named = [entry.value for entry in table.entries if entry.pattern != "default"] if table else []
            yield EntryRule(
                path=path,
                enters=Enters.CONDITION,
                names=tuple(dict.fromkeys(value for value in named if value and "$" not in value)),
                condition=_words(guard),
                origin=guard.origin,
            )


def _cut_off(server: TlsServer, config: EffectiveConfig) -> Iterator[EntryRule]:
    """In stream{} the choice of the upstream decides: whoever has none is cut off."""
    for location in server.locations if server.context == "stream" else ():
        target = location.target.value or ""
        if target.startswith("$") and _about_client(target[1:], config, set()):
            words = f"proxy_pass {target}"
            yield EntryRule(path="/", enters=Enters.CONDITION, condition=words, origin=location.target.origin)


def _about_client(variable: str, config: EffectiveConfig, seen: set[str]) -> bool:
    """Whether a variable says something of the client's certificate, directly or through maps."""
    if variable.startswith(_CLIENT):
        return True
    if variable in seen:
        return False
    seen.add(variable)
    return any(
        block.variable == variable and any(_about_client(name, config, seen) for name in _variables(block.source))
        for block in config.maps
    )


def _variables(text: str) -> Iterator[str]:
    for piece in text.split("$")[1:]:
        name = piece.lstrip("{")
        end = next((at for at, character in enumerate(name) if not (character.isalnum() or character == "_")), len(name))
        if name[:end]:
            yield name[:end]


def _words(guard: Guard) -> str:
    asked = f"${guard.variable}"
    return f"if ({f'{asked} {guard.operator} {guard.operand or _NOTHING}' if guard.operator else asked}) return {guard.status}"
