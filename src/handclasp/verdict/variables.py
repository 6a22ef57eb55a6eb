"""nginx variables that a verification fills in, maps over them, and the `if`s that test them."""

import hashlib
import re
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from handclasp.model.certificate import Certificate
from handclasp.model.nginx import EffectiveConfig, MapBlock
from handclasp.model.nginx_steps import Guard
from handclasp.nginxconf.pcre import compiled
from handclasp.nginxconf.select import by_table, plain_names

_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|([1-9]|\w+))")
_DEEPEST = 8
_PLAIN = {"https": "", "scheme": "http", "ssl_protocol": "", "ssl_cipher": ""}


def variables(
    certificate: Certificate | None,
    verify: str | None,
    *,
    host: str,
    sni: str | None,
    tls: bool = True,
    port: int | None = None,
) -> dict[str, str]:
    """The $ssl_* variables of a request. They describe the certificate even when its verification failed.

    `port` is the one it came in at, None where any may be meant.
    """
    scheme = (
        {"https": "on", "scheme": "https"} if tls else {"https": "", "scheme": "http", "ssl_protocol": "", "ssl_cipher": ""}
    )
    scheme |= {} if port is None else {"server_port": port_text(port)}
    known = {"ssl_client_verify": verify or "", "host": host, "http_host": host, "ssl_server_name": sni or "", **scheme}
    if certificate is None:
        empty = ("ssl_client_s_dn", "ssl_client_i_dn", "ssl_client_serial", "ssl_client_fingerprint", "ssl_client_cert")
        return known | dict.fromkeys((*empty, "ssl_client_escaped_cert", "ssl_client_raw_cert"), "")
    size = (certificate.serial.bit_length() + 7) // 8 or 1
    return known | {
        "ssl_client_s_dn": certificate.subject_text,
        "ssl_client_i_dn": certificate.issuer_text,
        "ssl_client_serial": certificate.serial.to_bytes(size + 1, "big", signed=True)[-size:].hex().upper(),
        "ssl_client_fingerprint": hashlib.sha1(certificate.der, usedforsecurity=False).hexdigest(),
    }


def port_text(port: int) -> str:
    """$server_port: empty at a Unix socket, which is port 0 here."""
    return str(port) if port else ""


def expand(text: str, known: dict[str, str], config: EffectiveConfig, depth: int = 0) -> str | None:
    """`text` with its variables put in, maps looked up; None when it holds a variable that cannot be known here."""
    parts: list[str] = []
    end = 0
    for found in _VARIABLE.finditer(text):
        value = _value(found[1] or found[2], known, config, depth)
        if value is None:
            return None
        parts += (text[end : found.start()], value)
        end = found.end()
    return "".join((*parts, text[end:]))


def holds(guard: Guard, known: dict[str, str], config: EffectiveConfig) -> bool | None:
    """Whether the condition of an `if` is true; None when that cannot be known here."""
    value = _value(guard.variable, known, config, 0) if guard.variable else None
    if value is None:
        return None
    if not guard.operator:
        return value not in {"", "0"}
    operand = guard.operand.strip("\"'")
    if "~" in guard.operator:
        expression = compiled(operand, ignore_case=guard.operator.endswith("*"))
        return None if expression is None else (expression.search(value) is not None) != guard.operator.startswith("!")
    wanted = expand(operand, known, config)
    return None if wanted is None else (value == wanted) != guard.operator.startswith("!")


def _value(name: str, known: dict[str, str], config: EffectiveConfig, depth: int) -> str | None:
    if name in known:
        return known[name]
    blocks = config.maps_of(name)
    if not blocks or depth > _DEEPEST:
        return None
    source = expand(blocks[0].source, known, config, depth + 1)
    chosen = None if source is None else _mapped(blocks[0], source)
    return None if chosen is None else expand(chosen, known, config, depth + 1)


def _mapped(block: MapBlock, source: str) -> str | None:
    """Exact strings first, without regard to case; then the expressions in order; then the default.

    None: an expression that cannot be read here decides.
    """
    if block.networks:
        return _of_network(block, source)
    for entry in block.entries:
        if (
            not entry.pattern.startswith("~")
            and entry.pattern != "default"
            and entry.pattern.removeprefix("\\").lower() == source.lower()
        ):
            return entry.value
    if block.hostnames:
        entries = (entry for entry in reversed(block.entries) if entry.pattern != "default")
        table = {name: entry.value for entry in entries for name in plain_names((entry.pattern.lower(),))}
        if (value := by_table(table, source.lower().removesuffix("."))) is not None:
            return value
    for entry in block.entries:
        if entry.pattern.startswith("~"):
            pattern = entry.pattern[1:]
            folded = pattern.startswith("*")
            expression = compiled(pattern[1:] if folded else pattern, ignore_case=folded)
            if expression is None:
                return None
            if expression.search(source):
                return entry.value
    return next((entry.value for entry in block.entries if entry.pattern == "default"), "")


def _of_network(block: MapBlock, source: str) -> str:
    """The value of the smallest network that an address is in; what is none counts as 255.255.255.255."""
    try:
        address = ip_address(source)
    except ValueError:
        address = ip_address("255.255.255.255")
    found = [
        (network.prefixlen, entry.value)
        for entry in block.entries
        if entry.pattern != "default" and (network := _network(entry.pattern)) is not None and address in network
    ]
    default = next((entry.value for entry in block.entries if entry.pattern == "default"), "")
    return max(found, key=lambda one: one[0])[1] if found else default


def _network(text: str) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None
