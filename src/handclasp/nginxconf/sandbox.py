"""A copy of a configuration that can run anywhere: the same servers and TLS, on loopback, below one folder, with stubs behind.

What decides a handshake stays as it is. What reaches out of the folder (logs, caches, content, upstreams, code) is replaced or
left out; `Composed.notes` says what of it could matter. The same input gives the same output, so that two copies, before and
after an edit, differ in that edit alone.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from handclasp.model.nginx import NginxBuild, NginxVersion
from handclasp.nginxconf.edit import spell
from handclasp.nginxconf.sandbox_survey import KeyPair, Socket, Target
from handclasp.nginxconf.sandbox_write import Writer
from handclasp.nginxconf.tree import ConfigTree

CONFIG = "nginx.conf"
LOG = "logs/error.log"
_REJECT_SINCE = NginxVersion(1, 19, 4)
_HEADER = re.compile(r"[A-Za-z0-9-]+")
FOLDERS = ("logs", "run", "html")


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamStub:
    """What stands in for one upstream. `chain` and `key`: PEM it presents; None: plain HTTP, or a certificate made for it.

    `client_ca`: PEM of the CAs whose client certificates it demands; None: it asks for none. `protocols`: the TLS versions it
    speaks. `name`: it is itself only to those who send this server name; others get another certificate, with `rejects` none.
    `asks`: it asks for a client certificate, takes any, and tells in its answer whose it was.
    """

    chain: bytes | None = None
    key: bytes | None = None
    client_ca: bytes | None = None
    protocols: tuple[str, ...] = ("TLSv1.2", "TLSv1.3")
    name: str | None = None
    rejects: bool = False
    asks: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxPlan:
    """What to copy.

    Args:
        tree: the configuration, includes in place.
        files: certificates, CRLs and other files by absolute path; what is missing here is missing in the copy.
        keys: private keys (PEM) by absolute path. A missing one is replaced, with a certificate that says the same.
        spki: what the missing private keys hold, SubjectPublicKeyInfo DER by path: pairs that do not match stay so.
        upstreams: stubs by address as written, "host:port"; others get a plain or self-signed one that answers 200.
        keep_log_level: error_log levels as they are; otherwise everything is logged at info.
        echo: names of headers that upstreams tell in their answers, as they were received.
        hears_all: the upstreams take headers with underscores and other oddities too, as applications do.
    """

    tree: ConfigTree
    files: Mapping[str, bytes | None] = field(default_factory=dict)
    keys: Mapping[str, bytes] = field(default_factory=dict)
    spki: Mapping[str, bytes] = field(default_factory=dict)
    upstreams: Mapping[str, UpstreamStub] = field(default_factory=dict)
    keep_log_level: bool = False
    echo: tuple[str, ...] = ()
    hears_all: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """Where and with what a copy runs.

    `prefix`: its folder, absolute. `sockets`: the port on 127.0.0.1 of each original socket; `beside`: one without PROXY line
    for those that expect it; `stubs`: of each upstream; `control`: of a server that only answers. `twins`: certificate and key
    (PEM) by key pair; `own`: the pair for stubs without one. `drop`: names of directives that this nginx does not know.
    `user`: of the workers, when started by root.
    """

    prefix: str
    build: NginxBuild
    sockets: Mapping[Socket, int]
    beside: Mapping[Socket, int]
    stubs: Mapping[Target, int]
    control: int
    twins: Mapping[KeyPair, tuple[bytes, bytes]]
    own: tuple[bytes, bytes]
    drop: frozenset[str] = frozenset()
    user: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Composed:
    """The files of a copy by path relative to its prefix; `secret` are those only the owner may read."""

    files: Mapping[str, bytes]
    secret: frozenset[str]
    notes: tuple[str, ...]


def compose(plan: SandboxPlan, setting: Setting) -> Composed:
    """The files of the copy. `CONFIG` is the main one; `FOLDERS` must be there too."""
    writer = Writer(plan.tree, prefix=setting.prefix, sockets=setting.sockets, stubs=setting.stubs, drop=setting.drop)
    writer.keep_log_level = plan.keep_log_level
    writer.beside = setting.beside
    writer.modules = dict.fromkeys(setting.build.dynamic_modules, setting.build.modules_path or "")
    writer.present = frozenset(path for path, content in plan.files.items() if content is not None) | frozenset(plan.keys)
    files, secret = _material(plan)
    for number, (pair, (certificate, key)) in enumerate(sorted(setting.twins.items()), start=1):
        writer.twins[pair] = (f"twins/{number}.pem", f"twins/{number}.key")
        files[f"twins/{number}.pem"], files[f"twins/{number}.key"] = certificate, key
        secret.add(f"twins/{number}.key")
    files["stubs/own.pem"], files["stubs/own.key"] = setting.own
    files["html/index.html"] = b"content\n"
    secret.add("stubs/own.key")
    extra = [_control(setting), *(_stub(plan, setting, target, files, secret) for target in sorted(setting.stubs))]
    text = writer.main(user=setting.user, extra=extra)
    files[CONFIG] = text.encode("utf-8", "surrogateescape")
    return Composed(files=files, secret=frozenset(secret), notes=tuple(dict.fromkeys(writer.notes)))


def _material(plan: SandboxPlan) -> tuple[dict[str, bytes], set[str]]:
    """Certificates and keys in their mirrored places. A file that holds both is put together again."""
    files: dict[str, bytes] = {}
    for path, content in plan.files.items():
        if content is not None and path not in plan.tree.sources and path.startswith("/"):
            files[f"root{path}"] = content
    for path, key in plan.keys.items():
        if path.startswith("/"):
            files[f"root{path}"] = files.get(f"root{path}", b"") + key
    return files, {f"root{path}" for path in plan.keys}


def _control(setting: Setting) -> str:
    return _server(setting, setting.control, tls="ssl", certificate="stubs/own", answer="204")


def _stub(plan: SandboxPlan, setting: Setting, target: Target, files: dict[str, bytes], secret: set[str]) -> str:
    port = setting.stubs[target]
    odd = "underscores_in_headers on; ignore_invalid_headers off; " if plan.hears_all else ""
    if not target.tls:
        grpc = "http2" if target.module == "grpc" else ""
        return _server(setting, port, tls=grpc, certificate="", answer=_answer(plan, asks=False), more=odd)
    given = plan.upstreams.get(target.address, UpstreamStub())
    name = "stubs/own"
    if given.chain is not None and given.key is not None:
        name = f"stubs/{port}"
        files[f"{name}.pem"], files[f"{name}.key"] = given.chain, given.key
        secret.add(f"{name}.key")
    more = odd + ("" if given.chain is None else "ssl_ciphers DEFAULT:@SECLEVEL=0; ")  # not the stub's own strength is judged
    answer = _answer(plan, asks=given.asks)
    if given.asks:
        # Whatever is wrong with the certificate: it is told, not judged.
        more += "ssl_verify_client optional_no_ca; error_page 495 =200 /; "
    if given.client_ca is not None:
        files[f"stubs/{port}-ca.pem"] = given.client_ca
        clients = f"ssl_client_certificate {setting.prefix}/stubs/{port}-ca.pem; "
        more = f"{more}{clients}ssl_verify_client on; ssl_verify_depth 9; "
    tls = "ssl http2" if target.module == "grpc" else "ssl"
    more += f"ssl_protocols {' '.join(given.protocols)}; " if given.protocols else ""
    if given.name is None:
        return _server(setting, port, tls=tls, certificate=name, answer=answer, more=more)
    nameless = "ssl_reject_handshake on; " if given.rejects and setting.build.version >= _REJECT_SINCE else ""
    default = _server(setting, port, tls=tls, certificate="stubs/own", answer=answer, more=nameless)
    return f"{default}\n" + _server(setting, port, tls=tls, certificate=name, answer=answer, more=more, name=given.name)


def _answer(plan: SandboxPlan, *, asks: bool) -> str:
    """What an upstream says of a request: the headers it was sent, and, when it asks, the name in the certificate."""
    told = [f"{name}: $http_{name.lower().replace('-', '_')}" for name in plan.echo if _HEADER.fullmatch(name)]
    told += ["client certificate: $ssl_client_s_dn"] if asks else []
    return '200 "' + "".join(f"{line}\\n" for line in ("upstream", *told)) + '"'


def _server(
    setting: Setting, port: int, *, tls: str, certificate: str, answer: str, more: str = "", name: str = "sandbox"
) -> str:
    """A server of ours beside those of the configuration; it overrides what it could inherit from http{}."""
    at = f"{setting.prefix}/{certificate}"
    own = f"ssl_certificate {at}.pem; ssl_certificate_key {at}.key; " if certificate else ""
    verify = ("" if "ssl_verify_client" in more else "ssl_verify_client off; ") + more
    verify += "" if "ssl_protocols" in more else "ssl_protocols TLSv1.2 TLSv1.3; "
    return (
        f"server {{ listen 127.0.0.1:{port} {tls}; server_name {spell(name)}; error_log /dev/null; "
        f"{own}{verify if certificate else more}return {answer}; }}"
    )
