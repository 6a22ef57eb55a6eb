"""Headers that tell a backend who the client is: forgeable, lost, or in a form that breaks the request."""

import re
from collections.abc import Iterator

from handclasp.diagnose.case import Case
from handclasp.diagnose.reach import ASKING, answered, behind_tls, block_at, mentions_client, served
from handclasp.diagnose.read_behind import UNTOLD, read_behind
from handclasp.diagnose.rule import Rule, finding, say
from handclasp.model.finding import Finding, Severity, Where
from handclasp.model.nginx import Location, ProxyHeader, TlsServer
from handclasp.model.verdict import Side
from handclasp.nginxconf.example_uri import example_uri
from handclasp.nginxconf.select import Socket
from handclasp.nginxconf.tree import Directive

SET_HEADER = {"proxy": "proxy_set_header", "grpc": "grpc_set_header"}
"""The directive that sets a header for the upstream, by module."""
_PEM = re.compile(r"\$\{?ssl_client_(?:raw_)?cert\b")


def identity_headers(case: Case, location: Location) -> dict[str, ProxyHeader]:
    """The headers of a location that say who the client is, by name in lower case."""
    config = case.stage.config
    return {header.name.lower(): header for header in location.headers.value if mentions_client(config, header.value)}


def passing(server: TlsServer) -> Iterator[Location]:
    """The locations that pass requests on with headers of HTTP."""
    return (location for location in server.locations if location.module in SET_HEADER)


def check_overwritten(case: Case) -> Iterator[Finding]:
    """A location that does not set a header by which others tell the same backend who the client is."""
    if case.side is not Side.CLIENT:
        return
    trusted: dict[tuple[str, str | None], set[str]] = {}
    for server in case.stage.config.servers:
        for location in passing(server):
            key = (location.module or "", location.target.value)
            trusted.setdefault(key, set()).update(identity_headers(case, location))
    for socket, server in behind_tls(case):
        for location in passing(server):
            set_here = {header.name.lower() for header in location.headers.value}
            alike = {name.replace("_", "-") for name in set_here}  # of a name with underscores another rule speaks
            read = {name.lower() for name in read_behind(case, location)} - alike
            missing = (trusted[location.module or "", location.target.value] | read) - set_here
            dropped = {name: header for name, header in outer_headers(case, server, location).items() if name not in set_here}
            if dropped:
                yield _dropped(location, sorted(header.name for header in dropped.values()), alone=not missing)
            elif missing:
                anybody = _open(case, socket, server, location)
                if read & missing and not anybody and server.verify_client.value in ASKING:
                    yield _untold(server, location, sorted(read & missing))
                yield _forgeable(server, location, sorted(missing), anybody=anybody)


def outer_headers(case: Case, server: TlsServer, location: Location) -> dict[str, ProxyHeader]:
    """Identity headers set further out that this location loses by having headers of its own."""
    name = SET_HEADER.get(location.module or "")
    block = block_at(case, location.origin) if location.origin else None
    if name is None or block is None or not any(child.name == name for child in block.block):
        return {}
    for outer in _around(case, block):
        found = case.once(_set_in, outer, name)
        if found:
            headers = (ProxyHeader(name=child.args[0], value=child.args[1], origin=child.origin) for child in found)
            return {item.name.lower(): item for item in headers if mentions_client(case.stage.config, item.value)}
    del server
    return {}


def _set_in(case: Case, block: Directive, name: str) -> tuple[Directive, ...]:
    """The headers that a block sets itself."""
    del case
    return tuple(child for child in block.block if child.name == name and len(child.args) > 1)


def _around(case: Case, block: Directive) -> tuple[Directive, ...]:
    """The blocks around one, innermost first."""
    return tuple(reversed(case.stage.around.get(block, ())))


def _dropped(location: Location, names: list[str], *, alone: bool) -> Finding:
    summary = say(
        "location {path} has headers of its own and so loses {names}: the backend is not told who the client is, and"
        " believes what the client itself sends under that name",
        "location {path} 设置了自己的请求头，因而丢失了 {names}：后端得不到客户端身份，还会相信客户端自己以该名称发送的内容",
        path=location.path, names=", ".join(names),
    )  # fmt: skip
    where = Where.at(location.origin, "location")
    severity = Severity.ERROR if alone or location.modifier != "@" else Severity.WARNING
    return finding("proxy-set-header-inheritance", summary, where, severity=severity)


def _open(case: Case, socket: Socket, server: TlsServer, location: Location) -> bool:
    """Whether no certificate is needed to get to a location."""
    uri = example_uri(location)
    return uri is not None and served(answered(case, socket, server, uri))


def _untold(server: TlsServer, location: Location, names: list[str]) -> Finding:
    summary = say(
        "location {path} of {server} does not set {names}, which the backend reads: it takes every client for anonymous",
        "{server} 的 location {path} 没有设置后端要读取的 {names}：后端把所有客户端都当成匿名",
        path=location.path, server=server.label, names=", ".join(names),
    )  # fmt: skip
    return finding(UNTOLD, summary, Where.at(location.origin, "location"))


def _forgeable(server: TlsServer, location: Location, names: list[str], *, anybody: bool) -> Finding:
    summary = say(
        "location {path} of {server} passes on a {names} that the client made up: the backend trusts that header elsewhere",
        "{server} 的 location {path} 会把客户端自己编造的 {names} 转给后端：而后端在别处信任这个请求头",
        path=location.path, server=server.label, names=", ".join(names),
    )  # fmt: skip
    who = (
        say("no certificate is needed to get there", "访问那里不需要证书")
        if anybody
        else say("any client with a certificate can take another's name", "任何持有证书的客户端都能冒充他人")
    )
    severity = Severity.ERROR if anybody else Severity.WARNING
    return finding("header-spoofable", summary, Where.at(location.origin, "location"), who, severity=severity)


def check_form(case: Case) -> Iterator[Finding]:
    """A PEM with its line ends, or a name that the next nginx drops."""
    if case.side is not Side.CLIENT:
        return
    told: set[tuple[str, Where]] = set()
    for server in case.stage.config.servers:
        for location in passing(server):
            for header in location.headers.value:
                for found in _of_form(case, header):
                    if (found.cause, found.where) not in told:
                        told.add((found.cause, found.where))
                        yield found


def _of_form(case: Case, header: ProxyHeader) -> Iterator[Finding]:
    where = Where.at(header.origin, "proxy_set_header")
    if _PEM.search(header.value):
        summary = say(
            "{name} carries a PEM certificate with line ends in it: a backend takes the request for malformed, or sees"
            " its first line only",
            "{name} 携带带换行的 PEM 证书：后端会认为请求格式错误，或只看到第一行", name=header.name,
        )  # fmt: skip
        yield finding("header-raw-cert-newlines", summary, where)
    if "_" in header.name and mentions_client(case.stage.config, header.value):
        summary = say(
            "{name} has an underscore: an nginx behind this one drops such headers without a word",
            "{name} 含有下划线：后面的 nginx 会默默丢弃这样的请求头", name=header.name,
        )  # fmt: skip
        yield finding("header-underscore-dropped", summary, where, severity=Severity.WARNING)


RULES = (
    Rule("header-identity", ("header-spoofable", "proxy-set-header-inheritance", UNTOLD), check_overwritten),
    Rule("header-form", ("header-raw-cert-newlines", "header-underscore-dropped"), check_form),
)
