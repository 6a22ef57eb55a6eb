"""handclasp.toml: the sites a person wants, in a file. Every error names file, line and column."""

import posixpath
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn, TypeVar

import msgspec

from handclasp.app.home import Home
from handclasp.app.intent_checks import checks_of
from handclasp.app.intent_tables import (
    KEYS,
    ClientCaTable,
    FileTable,
    NginxTable,
    PathTable,
    RateTable,
    SiteTable,
    TlsTable,
    UpstreamTable,
)
from handclasp.app.names_here import which_identity
from handclasp.app.site import SiteOrder, parse_listen
from handclasp.app.site_trust import family
from handclasp.app.toml_places import place_of, toml_table
from handclasp.model.command import word
from handclasp.model.control import PLAIN, NginxControl
from handclasp.model.errors import HandclaspError, InputError, UsageError
from handclasp.model.intent import (
    EVERYWHERE,
    OWN_TLS,
    ClientCaIntent,
    OcspIntent,
    PathIntent,
    RateIntent,
    SiteIntent,
    UpstreamIntent,
)
from handclasp.model.near import did_you_mean
from handclasp.model.nginx import NginxVersion
from handclasp.model.origin import Origin
from handclasp.nginxconf.render_words import server_name
from handclasp.nginxconf.render_zones import network
from handclasp.pki.names import identity_name

T = TypeVar("T")
V = TypeVar("V")

Listed = tuple[str, ...] | None
Groups = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class IntentFile:
    """What a handclasp.toml says. `version` and `target` None: it does not say.

    `named`: where each identity is first named; `cas`: where each CA of the home is.
    """

    sites: tuple[SiteOrder, ...]
    version: NginxVersion | None = None
    target: str | None = None
    home_inside: str | None = None
    config_dir: str | None = None
    control: NginxControl | None = None
    named: Mapping[str, Origin] = field(default_factory=dict)
    cas: Mapping[str, Origin] = field(default_factory=dict)


def refuse_unknown(home: Home, said: IntentFile) -> None:
    """InputError for the first CA or identity that this home does not know: a slip of the pen lets nobody in."""
    for label, where in said.cas.items():
        try:
            family(home, label)
        except UsageError as error:
            raise InputError(error.what, where=where, hint=error.hint) from error
    for name, where in said.named.items():
        if not home.store.certificates(name=name):
            hint = which_identity(home, name, f"handclasp issue {word(name)}")
            raise InputError(f"no live client certificate for: {name}", where=where, hint=hint)


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
        config_dir=reader.file(table.nginx.config_dir),
        control=reader.control(table.nginx),
        named=reader.named,
        cas=reader.cas,
    )


@dataclass(frozen=True, slots=True)
class _Reader:
    path: str
    text: str
    named: dict[str, Origin] = field(default_factory=dict)
    cas: dict[str, Origin] = field(default_factory=dict)

    def table(self) -> FileTable:
        try:
            return msgspec.convert(toml_table(self.text, where=self.path), FileTable)
        except msgspec.ValidationError as error:
            what, _, place = str(error).partition(" - at `$")
            unknown = re.search(r"unknown field `([^`]+)`", what)
            key = place.rstrip("`").lstrip(".") + (f".{unknown[1]}" if unknown else "")
            self._refuse(key, what, _hint(what, key.rpartition(".")[2]))

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
            client_ca=self._client_ca(at, site.client_ca),
            tls=OWN_TLS if isinstance(site.tls, TlsTable) else site.tls,
            protocols=own.protocols if own else (),
            ciphers=own.ciphers if own else (),
        )
        return SiteOrder(
            intent=self._possible(at, intent),
            certificate=self.file(site.certificate),
            certificate_key=self.file(site.certificate_key),
            logs=site.log_folder,
            home_inside=table.nginx.home_inside or ("/etc/handclasp" if table.nginx.target == "docker" else None),
        )

    def _possible(self, at: str, intent: SiteIntent) -> SiteIntent:
        """The intent, once everything in it is what can be rendered."""
        for key, value, check in checks_of(intent):
            try:
                check()
            except HandclaspError as error:
                self._refuse(f"{at}.{key}", error.what, error.hint, value)
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
            for name in group or (item,):
                found[self.checked(key, name, identity_name) or ""] = None
                self.named.setdefault(name, Origin(self.path, *place_of(self.text, key, name)))
        return tuple(found)

    def _networks(self, at: str, networks: tuple[str, ...]) -> tuple[str, ...]:
        for text in networks:
            if text != EVERYWHERE:
                self.checked(f"{at}.free_from", text, network)
        return networks

    def control(self, table: NginxTable) -> NginxControl | None:
        """How that nginx is reached; None when nothing is said of it."""
        at = self.checked("nginx.probe_at", table.probe_at, parse_listen)
        said = NginxControl(
            command=table.command,
            reload=table.reload,
            pid_file=self.file(table.pid_file),
            mounts=tuple((inside, self.file(here) or here) for inside, here in table.mounts.items()),
            probe_at=at,
        )
        if said == PLAIN:
            return None
        if table.config_dir is None:
            self._refuse("nginx", "this is about an nginx of somebody else", "add config_dir: where its nginx.conf is, here")
        return said

    def checked(self, key: str, value: V | None, check: Callable[[V], T]) -> T | None:
        """`check(value)`; its refusal gets the place of the value. None stays None."""
        if value is None:
            return None
        try:
            return check(value)
        except HandclaspError as error:
            self._refuse(key, error.what, error.hint, value if isinstance(value, str) else None)

    def _client_ca(self, at: str, said: str | ClientCaTable | None) -> ClientCaIntent | None:
        if isinstance(said, ClientCaTable):
            return ClientCaIntent(file=self.file(said.file), crl=self.file(said.crl))
        if said is None:
            return None
        self.cas.setdefault(said, Origin(self.path, *place_of(self.text, f"{at}.client_ca", said)))
        return ClientCaIntent(label=said)

    def _upstream(self, table: UpstreamTable | None) -> UpstreamIntent | None:
        if table is None:
            return None
        return UpstreamIntent(
            url=table.url,
            trusted_certificate=self.file(table.ca),
            name=table.name,
            verify_depth=table.verify_depth,
            chain=self.file(table.chain),
            crl=self.file(table.crl),
            certificate=self.file(table.certificate),
            certificate_key=self.file(table.key),
            websocket=table.websocket,
            client_cert=table.client_cert,
        )

    def file(self, path: str | None) -> str | None:
        """A path of the file, from the folder that it is in."""
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


def _hint(what: str, key: str) -> str:
    """What to write instead."""
    if "unknown field" in what:
        return did_you_mean(key, KEYS, "what may be there: handclasp nginx render --print-schema")
    if "got `" in what and "`object" in what:
        example = 'url = "http://127.0.0.1:8080"' if key == "upstream" else "..."
        return f"write it as a table: {key} = {{ {example} }}"
    if "got `" in what and "`array" in what:
        return f'write it as a list: {key} = ["..."]'
    if "r/[sm]" in what:
        return "write 10r/s or 30r/m"
    return "see handclasp nginx render --print-schema"
