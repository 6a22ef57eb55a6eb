"""A scenario's setup: a hierarchy and a configuration as people write them, turned into the play that nginx performs."""

from dataclasses import dataclass, field
from functools import cache
from random import Random

from handclasp.lab import extensions as ext
from handclasp.lab import mint
from handclasp.lab.case import pem
from handclasp.lab.draft import Draft, healthy
from handclasp.lab.mint import Blank, BlankCrl, name
from handclasp.model.verdict import Side
from handclasp.pki.throwaway import key
from handclasp.ports.stage import Act, Play, Visit

_NGINX = """\
worker_processes 1;
{error_log}
events {{ worker_connections 512; }}

http {{
    access_log off;
{http}
    server {{
        listen 127.0.0.1:@PORT@ ssl;
        server_name app.test;
        ssl_certificate server.pem;
        ssl_certificate_key server.key;
{server}
    }}
}}
"""
_ORIGIN = """\
worker_processes 1;
error_log logs/error.log info;
events {{ worker_connections 512; }}

http {{
    access_log off;
    server {{
        listen 127.0.0.1:@ORIGIN@ ssl;
        server_name lab.test;
        ssl_ciphers DEFAULT:@SECLEVEL=0;
        ssl_certificate origin.pem;
        ssl_certificate_key origin.key;
{server}
        location / {{ return 200 "from the origin\\n"; }}
    }}
    server {{
        listen 127.0.0.1:@ORIGIN2@ ssl;
        ssl_certificate impostor.pem;
        ssl_certificate_key impostor.key;
        location / {{ return 200 "from an impostor\\n"; }}
    }}
}}
"""
CLIENT, STRANGER, NOBODY = "client", "stranger", "nobody"
"""Who visits: the client whose trouble it is, one with a certificate of an unrelated CA, and one without any."""


@dataclass(kw_only=True)
class Setup:
    """What a scenario starts from, made to be changed.

    `advertised` is ssl_client_certificate (upstream side: proxy_ssl_trusted_certificate), `trusted` is ssl_trusted_certificate;
    an empty list leaves the directive out, and so does None for `depth` and `verify`. `level` None: error_log without a level.
    `server`, `http`, `origin` are more lines of configuration; `location` is the body of location /. `files` (and
    `origin_files`) adds files, or replaces those of the same name. `chain` is what the client (or the origin) sends. `config`
    replaces the whole nginx.conf. `unwelcome`: the client is one that should be refused.
    `unprivileged`: nginx runs as nobody, and may not read the files in `closed`.
    """

    draft: Draft
    chain: list[Blank]
    advertised: list[Blank]
    trusted: list[Blank] = field(default_factory=list)
    crls: list[BlankCrl] | None = None
    verify: str | None = "on"
    depth: int | None = None
    level: str | None = "info"
    location: str = 'return 200 "welcome\\n";'
    server: list[str] = field(default_factory=list)
    http: list[str] = field(default_factory=list)
    origin: list[str] = field(default_factory=list)
    proxy_name: str | None = "lab.test"
    target: str = "https://127.0.0.1:@ORIGIN@"
    impostor: str = "https://127.0.0.1:@ORIGIN2@"
    files: dict[str, bytes] = field(default_factory=dict)
    origin_files: dict[str, bytes] = field(default_factory=dict)
    config: str | None = None
    visits: list[Act] | None = None
    sni: str | None = "app.test"
    host: str = "app.test"
    unwelcome: bool = False
    unprivileged: bool = False
    closed: tuple[str, ...] = ()

    @property
    def side(self) -> Side:
        """Whose certificate is verified."""
        return self.draft.side

    @property
    def leaf(self) -> Blank:
        """The client's or the origin's certificate."""
        return self.draft.leaf

    @property
    def root(self) -> Blank:
        """The top of its hierarchy."""
        return self.draft.root

    @property
    def intermediates(self) -> list[Blank]:
        """The CAs between them, lowest first."""
        return self.draft.tiers[1:-1]

    def all_crls(self) -> list[BlankCrl]:
        """Sound CRLs of every CA of the hierarchy, switched on."""
        self.crls = self.draft.with_crls()
        return self.crls

    def stranger_root(self) -> Blank:
        """A root CA that has nothing to do with the hierarchy."""
        return self.draft.authority(name(("O", "Elsewhere"), ("CN", "Elsewhere Root")))

    def play(self, *, impostor: bool = True) -> Play:
        """Files and visits; signs everything. `impostor` False leaves out what only tests the upstream side's guard."""
        subject = self._subject(impostor=impostor and self.side is Side.UPSTREAM)
        return Play(
            subject=subject, origin=self._origin(), acts=tuple(self.visits or self.default_visits()),
            unprivileged=self.unprivileged, closed=self.closed,
        )  # fmt: skip

    def default_visits(self) -> list[Act]:
        """The client, a stranger and nobody; towards an upstream, one request to it and one to an impostor."""
        if self.side is Side.UPSTREAM:
            return [self.visit(NOBODY), Visit(name=STRANGER, path="/impostor")]
        return [self.visit(CLIENT), self.visit(STRANGER), self.visit(NOBODY)]

    def visit(self, who: str, **changes: object) -> Visit:
        """A visit by CLIENT, STRANGER or NOBODY; changes are fields of Visit."""
        chain, private = "", ""
        if who.startswith(CLIENT) and self.chain:
            chain, private = pems(self.chain), self.chain[0].key.pem
        elif who.startswith(STRANGER):
            chain, private = _stranger()
        fields: dict[str, object] = {"name": who, "chain": chain, "key": private, "sni": self.sni, "host": self.host}
        return Visit(**{**fields, **changes})  # type: ignore[arg-type]

    def _subject(self, *, impostor: bool) -> dict[str, bytes]:
        certificate, private = server_pair()
        files = {"server.pem": certificate, "server.key": private}
        if self.advertised:
            files[self._trust_file] = pems(self.advertised).encode()
        if self.trusted:
            files["trusted-ca.pem"] = pems(self.trusted).encode()
        if self.crls:
            files["ca.crl"] = "".join(pem(mint.crl(crl), "X509 CRL") for crl in self.crls).encode()
        files["nginx.conf"] = (self.config or self.nginx_conf(impostor=impostor)).encode()
        return {**files, **self.files}

    def _origin(self) -> dict[str, bytes]:
        if self.side is Side.CLIENT:
            return dict(self.origin_files)
        return {
            "nginx.conf": _ORIGIN.format(server=_indented(self.origin, 8)).encode(),
            "origin.pem": pems(self.chain).encode(),
            "origin.key": self.chain[0].key.pem.encode(),
            "impostor.pem": _impostor()[0].encode(),
            "impostor.key": _impostor()[1].encode(),
            **self.origin_files,
        }

    @property
    def _trust_file(self) -> str:
        return "client-ca.pem" if self.side is Side.CLIENT else "origin-ca.pem"

    def nginx_conf(self, *, impostor: bool = False) -> str:
        """The configuration of nginx under test. `impostor`: with a way to an origin that shows a stranger's certificate."""
        level = f" {self.level}" if self.level else ""
        lines = self._client_lines() if self.side is Side.CLIENT else []
        if self.side is Side.UPSTREAM:
            lines += self._upstream_lines()
        lines += [*self.server, *self._locations(impostor=impostor)]
        return _NGINX.format(
            error_log=f"error_log logs/error.log{level};", http=_indented(self.http, 4), server=_indented(lines, 8)
        )

    def _locations(self, *, impostor: bool) -> list[str]:
        if self.side is Side.CLIENT:
            return [f"location / {{\n    {self.location}\n}}"]
        ways = [f"location / {{\n    proxy_pass {self.target};\n}}"]
        return [*ways, f"location /impostor {{\n    proxy_pass {self.impostor};\n}}"] if impostor else ways

    def _client_lines(self) -> list[str]:
        return [
            *([f"ssl_client_certificate {self._trust_file};"] if self.advertised else []),
            *(["ssl_trusted_certificate trusted-ca.pem;"] if self.trusted else []),
            *([f"ssl_verify_client {self.verify};"] if self.verify else []),
            *([f"ssl_verify_depth {self.depth};"] if self.depth is not None else []),
            *(["ssl_crl ca.crl;"] if self.crls else []),
        ]

    def _upstream_lines(self) -> list[str]:
        return [
            *([f"proxy_ssl_name {self.proxy_name};"] if self.proxy_name else []),
            *([f"proxy_ssl_trusted_certificate {self._trust_file};"] if self.advertised else []),
            *([f"proxy_ssl_verify {self.verify};"] if self.verify else []),
            *([f"proxy_ssl_verify_depth {self.depth};"] if self.depth is not None else []),
            *(["proxy_ssl_crl ca.crl;"] if self.crls else []),
        ]


def client(intermediates: int = 1) -> Setup:
    """A sound setup of the client side: intermediates sent by the client, the root in nginx's file."""
    return _setup(Side.CLIENT, intermediates)


def upstream(intermediates: int = 1) -> Setup:
    """A sound setup of the upstream side."""
    return _setup(Side.UPSTREAM, intermediates)


def _setup(side: Side, intermediates: int) -> Setup:
    draft = healthy(Random(0), side, intermediates)  # noqa: S311 - no chance here: the draft only wants one
    title = "alice" if side is Side.CLIENT else "origin"
    draft.leaf.subject = name(("O", "Lab"), ("CN", title))
    return Setup(draft=draft, chain=list(draft.tiers[:-1]), advertised=[draft.root])


def pems(blanks: list[Blank]) -> str:
    """Certificates signed and written one after another, PEM."""
    return "".join(pem(mint.certificate(blank)) for blank in blanks)


def _indented(lines: list[str], by: int) -> str:
    return "\n".join(" " * by + part for line in lines for part in line.split("\n"))


@cache
def _impostor() -> tuple[str, str]:
    """A server certificate of an unrelated CA for the origin's name, with its key."""
    return _of_elsewhere(Side.UPSTREAM)


@cache
def _stranger() -> tuple[str, str]:
    """A client certificate of an unrelated CA, with its key."""
    return _of_elsewhere(Side.CLIENT)


def _of_elsewhere(side: Side) -> tuple[str, str]:
    other = healthy(Random(0), side, 0)  # noqa: S311 - as above
    other.root.subject = name(("O", "Mallory"), ("CN", "Mallory Root"))
    other.leaf.subject = name(("O", "Mallory"), ("CN", "alice"))
    other.root.key, other.leaf.key = key("p256", 901), key("p256", 902)
    return pems([other.leaf]), other.leaf.key.pem


@cache
def server_pair() -> tuple[bytes, bytes]:
    """Nginx's own certificate and key, PEM."""
    pair = key("p256", 900)
    blank = Blank(subject=name(("CN", "app.test")), key=pair, serial=1)
    blank.put("subjectAltName", ext.general_names(("dns", "app.test"), ("dns", "other.test"), ("ip", "127.0.0.1")))
    return pem(mint.certificate(blank)).encode(), pair.pem.encode()
