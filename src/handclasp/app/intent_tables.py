"""The tables of handclasp.toml as they are written: names and kinds of their keys, from which the JSON Schema is made."""

from typing import Annotated, Literal

import msgspec

Text = Annotated[str, msgspec.Meta(min_length=1)]
Names = Annotated[tuple[Text, ...], msgspec.Meta(min_length=1)]
Rate = Annotated[str, msgspec.Meta(pattern="^[1-9][0-9]{0,5}r/[sm]$")]
TargetName = Literal["conf.d", "sites-available", "docker"]


class UpstreamTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """[site.upstream]: where requests go. Paths are relative to the folder of the file.

    `verify_depth` is counted when it is left out: in the chain that the upstream presents, or that the file `chain` holds.
    """

    url: Text
    ca: Text | None = None
    name: Text | None = None
    verify_depth: Annotated[int, msgspec.Meta(ge=0, le=9)] | None = None
    chain: Text | None = None
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


class ClientCaTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """[site.client_ca]: CAs from elsewhere. `file`: each CA that issues clients, up to its root; `crl`: a CRL of every one."""

    file: Text
    crl: Text | None = None


class SiteTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """[[site]]: one site. Without `allow` every client of the CA may enter; an empty list would be misread, and is refused.

    In a list "@ops" is everybody of the group ops, "*" every client of the CA. `free_from`: networks that need no certificate.
    `client_ca`: a CA of the home by its label, with those below it, or a table of files; left out: every CA of the home.
    """

    server_names: Annotated[tuple[Text, ...], msgspec.Meta(min_length=1)]
    listen: Annotated[tuple[Text | int, ...], msgspec.Meta(min_length=1)] = ("443",)
    allow: Names | None = None
    free_from: tuple[Text, ...] = ()
    path: tuple[PathTable, ...] = ()
    rate: RateTable | None = None
    ocsp: OcspTable | None = None
    client_ca: Text | ClientCaTable | None = None
    tls: Literal["intermediate", "modern"] | TlsTable = "intermediate"
    upstream: UpstreamTable | None = None
    certificate: Text | None = None
    certificate_key: Text | None = None
    log_folder: Text | None = None


class NginxTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """[nginx]: the nginx that will read the result. `home_inside`: where it sees the home, when that is another place.

    `config_dir`: apply puts the sites into the nginx whose nginx.conf is in this folder. `command` runs its binary (["docker",
    "exec", "web", "nginx"]), `reload` is run instead of a signal, both as lists of arguments; `pid_file` names its master.
    `mounts`: folders as it sees them, and the same folders here. `probe_at`: where the sites are asked from here.
    """

    version: Text | None = None
    target: TargetName | None = None
    home_inside: Text | None = None
    config_dir: Text | None = None
    command: tuple[Text, ...] = ()
    reload: tuple[Text, ...] = ()
    pid_file: Text | None = None
    mounts: dict[Annotated[str, msgspec.Meta(pattern="^/")], Text] = msgspec.field(default_factory=dict)
    probe_at: Text | None = None


class FileTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file."""

    site: Annotated[tuple[SiteTable, ...], msgspec.Meta(min_length=1)]
    nginx: NginxTable = NginxTable()
    groups: dict[Annotated[str, msgspec.Meta(pattern="^[a-z0-9][a-z0-9-]*$")], Names] = msgspec.field(default_factory=dict)


KEYS = tuple(
    dict.fromkeys(
        name
        for table in (FileTable, SiteTable, PathTable, UpstreamTable, RateTable, OcspTable, TlsTable, ClientCaTable, NginxTable)
        for name in table.__struct_fields__
    )
)
"""Every key that some table has."""
