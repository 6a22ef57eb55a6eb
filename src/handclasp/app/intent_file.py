"""handclasp.toml: the sites a person wants, in a file. Every error names file, line and column."""

import posixpath
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, NoReturn, TypeVar

import msgspec

from handclasp.app.site import LOG_FOLDER, SiteOrder, parse_listen
from handclasp.app.toml_places import place_of
from handclasp.model.errors import HandclaspError, InputError
from handclasp.model.intent import EVERYWHERE, OWN_TLS, OcspIntent, PathIntent, RateIntent, SiteIntent, UpstreamIntent
from handclasp.model.nginx import NginxVersion
from handclasp.model.origin import Origin
from handclasp.nginxconf.render_tls import policy_of
from handclasp.nginxconf.render_upstream_tls import parts
from handclasp.nginxconf.render_words import server_name
from handclasp.nginxconf.render_zones import network
from handclasp.pki.names import identity_name

T = TypeVar("T")
V = TypeVar("V")

Text = Annotated[str, msgspec.Meta(min_length=1)]
Names = Annotated[tuple[Text, ...], msgspec.Meta(min_length=1)]
Rate = Annotated[str, msgspec.Meta(pattern="^[1-9][0-9]{0,5}r/[sm]$")]
Listed = tuple[str, ...] | None
Groups = Mapping[str, tuple[str, ...]]
TargetName = Literal["conf.d", "sites-available", "docker"]


class UpstreamTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """[site.upstream]: where requests go. Paths are relative to the folder of the file."""

    url: Text
    ca: Text | None = None
    name: Text | None = None
    verify_depth: Annotated[int, msgspec.Meta(ge=0, le=9)] = 1
    crl: Text | None = None
    certificate: Text | None = None
    key: Text | None = None
    websocket: bool = False
    client_cert: bool = False


class PathTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """[[site.path]]: other rules for a path and all below it. What is left out is as for the site."""

    path: Annotated[str, msgspec.Meta(pattern="^/.")]
    allow: Names | None = None
    free_from: tuple[Text, ...] | None = None


class RateTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """[site.rate]: `strangers` for each address without a certificate, `clients` for each certificate ("10r/s", "30r/m")."""

    strangers: Rate | None = None
    clients: Rate | None = None
    burst: Annotated[int, msgspec.Meta(ge=0, le=100_000)] = 20


class OcspTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """[site.ocsp]: ask a responder about each client, besides the CRLs."""

    check: Literal["leaf", "on"] = "leaf"
    responder: Annotated[str, msgspec.Meta(pattern="^http://")] | None = None
    resolver: Text | None = None


class TlsTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """[site.tls]: protocols and ciphers of one's own, in OpenSSL's words. `ciphers` are those of TLSv1.2."""

    protocols: Annotated[tuple[Literal["TLSv1.2", "TLSv1.3"], ...], msgspec.Meta(min_length=1)]
    ciphers: tuple[Text, ...] = ()


class SiteTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """[[site]]: one site. Without `allow` every client of the CA may enter; an empty list would be misread, and is refused.

    In a list "@ops" is everybody of the group ops, "*" every client of the CA. `free_from`: networks that need no certificate.
    """

    server_names: Annotated[tuple[Text, ...], msgspec.Meta(min_length=1)]
    listen: Annotated[tuple[Text | int, ...], msgspec.Meta(min_length=1)] = ("443",)
    allow: Names | None = None
    free_from: tuple[Text, ...] = ()
    path: tuple[PathTable, ...] = ()
    rate: RateTable | None = None
    ocsp: OcspTable | None = None
    tls: Literal["intermediate", "modern"] | TlsTable = "intermediate"
    upstream: UpstreamTable | None = None
    certificate: Text | None = None
    certificate_key: Text | None = None
    log_folder: Text = LOG_FOLDER


class NginxTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """[nginx]: the nginx that will read the result. `home_inside`: where it sees the home, when that is another place."""

    version: Text | None = None
    target: TargetName | None = None
    home_inside: Text | None = None


class FileTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file."""

    site: Annotated[tuple[SiteTable, ...], msgspec.Meta(min_length=1)]
    nginx: NginxTable = NginxTable()
    groups: dict[Annotated[str, msgspec.Meta(pattern="^[a-z0-9][a-z0-9-]*$")], Names] = msgspec.field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class IntentFile:
    """What a handclasp.toml says. `version` and `target` None: it does not say."""

    sites: tuple[SiteOrder, ...]
    version: NginxVersion | None = None
    target: str | None = None
    home_inside: str | None = None


def schema() -> dict[str, Any]:
    """The file as JSON Schema (2020-12), for editors."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **msgspec.json.schema(FileTable)}


def read_intent(content: bytes, path: str) -> IntentFile:
    """The sites of a file.

    Args:
        content: its bytes.
        path: its absolute path; relative paths in it start at its folder.

    Raises:
        InputError: no UTF-8, no TOML, an unknown key, a value of the wrong kind, or one that nginx or the CA would refuse.
    """
    reader = _Reader(path, _decoded(content, path))
    table = reader.table()
    version = reader.checked("nginx.version", table.nginx.version, NginxVersion.parse)
    return IntentFile(
        sites=tuple(reader.site(number, site, table) for number, site in enumerate(table.site)),
        version=version,
        target=table.nginx.target,
        home_inside=table.nginx.home_inside,
    )


@dataclass(frozen=True, slots=True)
class _Reader:
    path: str
    text: str

    def table(self) -> FileTable:
        try:
            return msgspec.convert(tomllib.loads(self.text), FileTable)
        except tomllib.TOMLDecodeError as error:
            what, line, column = _toml_error(str(error), self.text)
            raise InputError(f"is not TOML: {what}", where=Origin(self.path, line, column)) from error
        except msgspec.ValidationError as error:
            what, _, place = str(error).partition(" - at `$")
            unknown = re.search(r"unknown field `([^`]+)`", what)
            key = place.rstrip("`").lstrip(".") + (f".{unknown[1]}" if unknown else "")
            self._refuse(key, what, _hint(what))

    def site(self, number: int, site: SiteTable, table: FileTable) -> SiteOrder:
        at = f"site[{number}]"
        names = tuple(self.checked(f"{at}.server_names", name, server_name) for name in site.server_names)
        listen = tuple(self.checked(f"{at}.listen", str(one), parse_listen) for one in site.listen)
        if (site.certificate is None) != (site.certificate_key is None):
            self._refuse(at, "a certificate needs its key, and the key its certificate", "set both, or neither")
        allow = self._allowed(at, site.allow, table.groups)
        own = site.tls if isinstance(site.tls, TlsTable) else None
        intent = SiteIntent(
            server_names=tuple(name or "" for name in names),
            listen=tuple(one for one in listen if one),
            upstream=self._upstream(site.upstream),
            allow=allow,
            free_from=self._networks(at, site.free_from),
            paths=tuple(self._path(f"{at}.path[{n}]", path, site, allow, table.groups) for n, path in enumerate(site.path)),
            rate=_rate(site.rate),
            ocsp=OcspIntent(**msgspec.structs.asdict(site.ocsp)) if site.ocsp else None,
            tls=OWN_TLS if isinstance(site.tls, TlsTable) else site.tls,
            protocols=own.protocols if own else (),
            ciphers=own.ciphers if own else (),
        )
        return SiteOrder(
            intent=self._possible(at, intent),
            certificate=self._file(site.certificate),
            certificate_key=self._file(site.certificate_key),
            log_folder=site.log_folder,
            home_inside=table.nginx.home_inside or ("/etc/handclasp" if table.nginx.target == "docker" else None),
        )

    def _possible(self, at: str, intent: SiteIntent) -> SiteIntent:
        """The intent, once its TLS policy and upstream are ones that can be rendered."""
        self.checked(f"{at}.tls", intent, policy_of)
        if intent.upstream is not None:
            self.checked(f"{at}.upstream.url", intent.upstream.url, parts)
        return intent

    def _path(
        self,
        at: str,
        path: PathTable,
        site: SiteTable,
        inherited: tuple[str, ...] | None,
        groups: Mapping[str, tuple[str, ...]],
    ) -> PathIntent:
        free = site.free_from if path.free_from is None else path.free_from
        return PathIntent(
            path=path.path,
            allow=inherited if path.allow is None else self._allowed(at, path.allow, groups),
            free_from=self._networks(at, free),
        )

    def _allowed(self, at: str, listed: Listed, groups: Groups) -> Listed:
        """The names of a list, its groups spelt out; None: every client."""
        if listed is None or "*" in listed:
            return None
        found: dict[str, None] = {}
        for item in listed:
            group = groups.get(item[1:]) if item.startswith("@") else None
            if item.startswith("@") and group is None:
                self._refuse(f"{at}.allow", f"there is no group {item[1:]!r}", f'add {item[1:]} = ["alice"] to [groups]', item)
            key = f"groups.{item[1:]}" if group else f"{at}.allow"
            found.update((self.checked(key, name, identity_name) or "", None) for name in group or (item,))
        return tuple(found)

    def _networks(self, at: str, networks: tuple[str, ...]) -> tuple[str, ...]:
        for text in networks:
            if text != EVERYWHERE:
                self.checked(f"{at}.free_from", text, network)
        return networks

    def checked(self, key: str, value: V | None, check: Callable[[V], T]) -> T | None:
        """`check(value)`; its refusal gets the place of the value. None stays None."""
        if value is None:
            return None
        try:
            return check(value)
        except HandclaspError as error:
            self._refuse(key, error.what, error.hint, value if isinstance(value, str) else None)

    def _upstream(self, table: UpstreamTable | None) -> UpstreamIntent | None:
        if table is None:
            return None
        return UpstreamIntent(
            url=table.url,
            trusted_certificate=self._file(table.ca),
            name=table.name,
            verify_depth=table.verify_depth,
            crl=self._file(table.crl),
            certificate=self._file(table.certificate),
            certificate_key=self._file(table.key),
            websocket=table.websocket,
            client_cert=table.client_cert,
        )

    def _file(self, path: str | None) -> str | None:
        return None if path is None else posixpath.normpath(posixpath.join(posixpath.dirname(self.path), path))

    def _refuse(self, key: str, what: str, hint: str | None, value: str | None = None) -> NoReturn:
        line, column = place_of(self.text, key, value)
        label = re.sub(r"\[\d+\]", "", key).rpartition(".")[2]
        raise InputError(f"{label}: {what}" if label else what, where=Origin(self.path, line, column), hint=hint)


def _rate(table: RateTable | None) -> RateIntent | None:
    return None if table is None else RateIntent(rate=table.strangers, clients=table.clients, burst=table.burst)


def _decoded(content: bytes, path: str) -> str:
    try:
        return content.decode().replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InputError("is not UTF-8", where=Origin(path, line), hint="save it as UTF-8") from error


def _toml_error(message: str, text: str) -> tuple[str, int, int]:
    found = re.fullmatch(r"(.*) \(at line (\d+), column (\d+)\)", message)
    if found:
        return found[1], int(found[2]), int(found[3])
    lines = text.split("\n")
    return message.removesuffix(" (at end of document)"), len(lines), len(lines[-1]) + 1


def _hint(what: str) -> str | None:
    if "unknown field" in what:
        return "handclasp nginx render --print-schema lists what may be there"
    return "see handclasp nginx render --print-schema"
