"""A hierarchy before it is signed: healthy when made, then damaged by defects, then minted into a Case."""

from dataclasses import dataclass, field
from random import Random

from handclasp.lab import extensions as ext
from handclasp.lab import mint
from handclasp.lab.case import Case, pem
from handclasp.lab.mint import Blank, BlankCrl, name
from handclasp.model.verdict import Side
from handclasp.pki.throwaway import Key, key

HOST = "lab.test"
_PURPOSE = {Side.CLIENT: "clientAuth", Side.UPSTREAM: "serverAuth"}


@dataclass(kw_only=True)
class Draft:
    """`tiers` runs from the leaf (0) to the root; `presented` and `store` hold the blanks that go there, in order.

    `crls_among_cas` and `cas_among_crls` stand in the wrong file: in that of the CAs, in that of the CRLs.
    """

    side: Side
    random: Random
    tiers: list[Blank]
    presented: list[Blank]
    store: list[Blank]
    crls: list[BlankCrl] | None = None
    crls_among_cas: list[BlankCrl] = field(default_factory=list)
    cas_among_crls: list[Blank] = field(default_factory=list)
    depth: int = 1
    security_level: int = 2
    host: str = HOST
    verify_client: str = "on"
    split: int | None = None
    labels: list[str] = field(default_factory=list)
    keys_used: int = 0
    serials_used: int = 0

    @property
    def leaf(self) -> Blank:
        """The end-entity certificate."""
        return self.tiers[0]

    @property
    def root(self) -> Blank:
        """The top of the hierarchy."""
        return self.tiers[-1]

    @property
    def purpose(self) -> str:
        """The extended key usage that this side asks for."""
        return _PURPOSE[self.side]

    def new_key(self, kind: str = "p256") -> Key:
        """A key that no other certificate of this draft has."""
        self.keys_used += 1
        return key(kind, self.keys_used)

    def new_serial(self) -> int:
        """A serial number that no other certificate of this draft has."""
        self.serials_used += 1
        return 0x1000 + self.serials_used

    def everything(self) -> list[Blank]:
        """Each blank once: tiers, presented and stored ones."""
        return list({id(blank): blank for blank in (*self.tiers, *self.presented, *self.store)}.values())

    def authority(self, subject: bytes, issuer: Blank | None = None, *, kind: str = "p256") -> Blank:
        """A sound CA certificate; self-signed without an issuer."""
        blank = Blank(subject=subject, key=self.new_key(kind), serial=self.new_serial(), issuer=issuer)
        blank.put("basicConstraints", ext.basic_constraints(ca=True), critical=True)
        blank.put("keyUsage", ext.key_usage("keyCertSign", "cRLSign"), critical=True)
        return blank

    def end_entity(self, subject: bytes, issuer: Blank | None) -> Blank:
        """A sound leaf for this side."""
        blank = Blank(subject=subject, key=self.new_key(), serial=self.new_serial(), issuer=issuer)
        blank.put("basicConstraints", ext.basic_constraints(ca=False), critical=True)
        blank.put("keyUsage", ext.key_usage("digitalSignature"), critical=True)
        blank.put("extKeyUsage", ext.extended_key_usage(self.purpose))
        if self.side is Side.UPSTREAM:
            blank.put("subjectAltName", ext.general_names(("dns", HOST)))
        return blank

    def with_crls(self) -> list[BlankCrl]:
        """A fresh CRL of every CA of the hierarchy, unless CRLs are there already."""
        if self.crls is None:
            self.crls = [BlankCrl(issuer=tier) for tier in (self.tiers[1:] or self.tiers)]
        return self.crls


def healthy(random: Random, side: Side, intermediates: int) -> Draft:
    """A hierarchy that verifies: the leaf and its intermediates are sent, the root is trusted, the depth suffices."""
    draft = Draft(side=side, random=random, tiers=[], presented=[], store=[], depth=max(1, intermediates))
    above: Blank | None = None
    for level in range(intermediates + 1):
        title = "Lab Root" if level == 0 else f"Lab CA {level}"
        above = draft.authority(name(("O", "Lab"), ("CN", title)), above)
        draft.tiers.insert(0, above)
    draft.tiers.insert(0, draft.end_entity(name(("O", "Lab"), ("CN", "leaf")), above))
    draft.presented = draft.tiers[:-1]
    draft.store = [draft.root]
    return draft


def minted(draft: Draft) -> Case:
    """Sign everything. The same blank gives the same bytes wherever it stands."""
    signed: dict[int, str] = {}

    def text(blank: Blank) -> str:
        if id(blank) not in signed:
            signed[id(blank)] = pem(mint.certificate(blank))
        return signed[id(blank)]

    return Case(
        side=draft.side,
        presented=tuple(text(blank) for blank in draft.presented),
        key=draft.presented[0].key.pem if draft.presented else draft.leaf.key.pem,
        store=(*(text(blank) for blank in draft.store), *(_crl_text(item) for item in draft.crls_among_cas)),
        crls=(*(_crl_text(item) for item in draft.crls or ()), *(text(blank) for blank in draft.cas_among_crls)) or None,
        depth=draft.depth,
        security_level=draft.security_level,
        host=draft.host,
        verify_client=draft.verify_client,
        split=draft.split if draft.split and draft.split < len(draft.store) else None,
        labels=tuple(draft.labels),
    )


def _crl_text(blank: BlankCrl) -> str:
    return pem(mint.crl(blank), "X509 CRL")
