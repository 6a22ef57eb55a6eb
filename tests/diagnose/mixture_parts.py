"""What a set-up with several faults is made of: the peers that are verified, and the text around them."""

from dataclasses import dataclass, field
from random import Random

from handclasp.lab.draft import Draft
from handclasp.lab.mint import Blank, BlankCrl
from handclasp.model.nginx import NginxBuild
from handclasp.model.verdict import Side


@dataclass(kw_only=True)
class Party:
    """One verified peer: its hierarchy (leaf first), what it sends, and the files and directives that judge it."""

    side: Side
    draft: Draft
    tiers: list[Blank]
    sends: list[Blank]
    trust: list[Blank]
    crls: list[BlankCrl] | None
    depth: int | None
    verify: str = "on"
    trust_file: bytes | None = None

    @property
    def leaf(self) -> Blank:
        """The peer's own certificate."""
        return self.tiers[0]

    @property
    def intermediates(self) -> list[Blank]:
        """The CAs between leaf and root, lowest first."""
        return self.tiers[1:-1]

    def slug(self, rest: str) -> str:
        """The cause of this side."""
        return f"{self.side.value}-{rest}"


@dataclass(kw_only=True)
class Mixture:
    """A whole set-up in the making. `expected` holds, for each fault, the causes any of which tells it."""

    random: Random
    company: str
    host: str
    folder: str
    layout: str
    build: NginxBuild
    client: Party
    upstream: Party | None
    server: list[str] = field(default_factory=list)
    http: list[str] = field(default_factory=list)
    location: list[str] = field(default_factory=list)
    bystanders: list[str] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    level: str = "info"
    faults: list[str] = field(default_factory=list)
    expected: list[frozenset[str]] = field(default_factory=list)


def own(made: Mixture) -> tuple[str, str]:
    """A server's own certificate and key."""
    return f"ssl_certificate {made.folder}/server.crt;", f"ssl_certificate_key {made.folder}/server.key;"


def block(*lines: str) -> str:
    """A server{} of these lines."""
    return "server {\n" + "".join(f"    {line}\n" for line in lines) + "}\n"
