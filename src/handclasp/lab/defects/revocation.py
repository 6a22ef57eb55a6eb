"""Defects of CRLs. Each first gives every CA of the hierarchy a sound CRL, unless an earlier defect did."""

from collections.abc import Callable

from handclasp.lab import extensions as ext
from handclasp.lab.draft import Draft
from handclasp.lab.extensions import Extension
from handclasp.lab.mint import FUTURE, PAST, RECENT, Blank, BlankCrl, name
from handclasp.pki.der import encode
from handclasp.pki.der_write import oid, sequence

# Names of distribution points relative to the CRL's issuer.
_LIST_NAME, _OTHER_NAME = (sequence(oid("2.5.4.3"), encode(0x0C, text)) for text in (b"First list", b"Second list"))
_REASONS = (None, 0, 1, 2, 3, 4, 5, 6, 8, 9, 10)


def _any(draft: Draft) -> BlankCrl:
    return draft.random.choice(draft.with_crls())


def sound(draft: Draft) -> None:
    """CRLs of every CA, nothing revoked."""
    draft.with_crls()


def revoked(draft: Draft) -> None:
    """A certificate of the hierarchy is on its issuer's CRL, with any reason or none."""
    crls = draft.with_crls()
    victim = draft.random.choice(draft.tiers)
    for crl in crls:
        if crl.issuer is victim.parent:
            crl.revoked.append((victim.serial, draft.random.choice(_REASONS), ()))


def missing(draft: Draft) -> None:
    """One CA's CRL is not there."""
    crls = draft.with_crls()
    if len(crls) > 1:
        del crls[draft.random.randrange(len(crls))]


def expired(draft: Draft) -> None:
    """The time of nextUpdate has passed."""
    _any(draft).next_update = PAST.replace(year=2016)


def not_yet_valid(draft: Draft) -> None:
    """The time of thisUpdate lies ahead."""
    _any(draft).this_update = FUTURE


def open_ended(draft: Draft) -> None:
    """No nextUpdate."""
    _any(draft).next_update = None


def corrupt(draft: Draft) -> None:
    """A bit of the CRL's signature is wrong."""
    _any(draft).corrupt = True


def algorithms(draft: Draft) -> None:
    """The list names another algorithm inside than beside its signature, or one has parameters where none belong."""
    crl = _any(draft)
    if draft.random.random() < 0.6:
        crl.inside = draft.random.choice(["sha1", "sha384", "sha512"])
    else:
        crl.null = True


def wrong_signer(draft: Draft) -> None:
    """Signed with another key; the CRL's key identifier may tell so, or be absent."""
    crl = _any(draft)
    crl.signer = draft.new_key()
    crl.authority_key = draft.random.choice([crl.authority_key, None, ext.authority_key_identifier(crl.signer.identifier)])


def authority_key(draft: Draft) -> None:
    """The CRL's authorityKeyIdentifier is absent or names somebody else."""
    crl = _any(draft)
    parent = crl.issuer
    crl.authority_key = draft.random.choice(
        [
            None,
            ext.authority_key_identifier(bytes(20)),
            ext.authority_key_identifier(None, parent.parent.subject, parent.serial),
            ext.authority_key_identifier(None, parent.parent.subject, parent.serial + 1),
        ]
    )


def no_crl_sign(draft: Draft) -> None:
    """The CA's keyUsage lacks cRLSign, or is absent."""
    issuer = _any(draft).issuer
    if draft.random.random() < 0.8:
        issuer.put("keyUsage", ext.key_usage("keyCertSign"), critical=True)
    else:
        issuer.drop("keyUsage")


def version_one(draft: Draft) -> None:
    """A version 1 CRL without extensions."""
    _any(draft).version = 1


def unknown_critical(draft: Draft) -> None:
    """A critical extension nobody knows, on the CRL or on an entry."""
    crl = _any(draft)
    if draft.random.random() < 0.5:
        crl.put("unknown", encode(0x05, b""), critical=draft.random.random() < 0.8)
    else:
        serial = draft.random.choice([0x7777, draft.leaf.serial])
        crl.revoked.append((serial, None, (Extension("unknown", encode(0x05, b""), critical=True),)))


def distribution_point(draft: Draft) -> None:
    """An issuingDistributionPoint of every sort; the certificate may have a matching distribution point."""
    crl = _any(draft)
    flags = draft.random.choice([("user",), ("ca",), ("user", "ca"), ("indirect",), ("attribute",), (), ()])
    urls = draft.random.choice([(), (), ("http://lab.test/crl",)])
    reasons = draft.random.choice([None, None, None, b"\x60", b"\x7f"])
    relative = draft.random.choice([None, None, None, _LIST_NAME])
    value = ext.issuing_distribution_point(*flags, urls=urls, reasons=reasons, relative=relative)
    crl.put("issuingDistributionPoint", value, critical=draft.random.random() < 0.8)
    if draft.random.random() < 0.5:
        point = draft.random.choice(["http://lab.test/crl", "http://lab.test/other"])
        only = draft.random.choice([None, None, b"\x60"])
        named = draft.random.choice([None, relative, _OTHER_NAME])
        for tier in draft.tiers:
            if tier.parent is crl.issuer:
                tier.put("cRLDistributionPoints", ext.distribution_points(point, reasons=only, relative=named))


def delta(draft: Draft) -> None:
    """A delta CRL beside the base, or alone."""
    base = _any(draft)
    newer = base.copy()
    newer.number = 2
    newer.put("deltaCRLIndicator", b"\x02\x01\x01", critical=True)
    if draft.random.random() < 0.6:
        _revoke_child(draft, newer)
    _beside(draft, base, newer)


def second(draft: Draft) -> None:
    """Two CRLs of one CA: older, expired, newer, or of a part of the reasons."""
    base = _any(draft)
    other = base.copy()
    match draft.random.randrange(5):
        case 0:
            other.this_update = PAST
        case 1:
            other.next_update = PAST.replace(year=2016)
        case 2:
            other.this_update = RECENT.replace(year=2020)
        case 3:
            other.put("issuingDistributionPoint", ext.issuing_distribution_point(reasons=b"\x60"), critical=True)
            rest = ext.issuing_distribution_point(reasons=b"\x1f")
            base.put("issuingDistributionPoint", rest, critical=True)
        case _:
            other.signer = draft.new_key()
    if draft.random.random() < 0.6:
        _revoke_child(draft, draft.random.choice([base, other]))
    _beside(draft, base, other)


def stranger(draft: Draft) -> None:
    """The CRL of an unknown CA, first in the file."""
    draft.with_crls().insert(0, BlankCrl(issuer=draft.authority(name(("CN", "Stranger")))))


def renamed(draft: Draft) -> None:
    """A CRL under another name than its CA's, some of them indirect with a distribution point that says so."""
    crl = _any(draft)
    agent = draft.authority(name(("CN", "CRL agent")), draft.random.choice([draft.root, None]))
    crl.issuer_name, crl.signer = agent.subject, agent.key
    crl.authority_key = draft.random.choice([None, ext.authority_key_identifier(agent.key.identifier)])
    if draft.random.random() < 0.7:
        crl.put("issuingDistributionPoint", ext.issuing_distribution_point("indirect"), critical=True)
    for tier in draft.tiers:
        if tier.parent is crl.issuer:
            tier.put("cRLDistributionPoints", ext.distribution_points(issuer=agent.subject))
    draft.random.choice([draft.presented, draft.store]).append(agent)


def twin_crl(draft: Draft) -> None:
    """The CRL of a CA with the same name and another key, instead of or beside the right one."""
    base = _any(draft)
    double: Blank = draft.authority(base.issuer.subject)
    other = base.copy()
    other.issuer = double
    _beside(draft, base, other)
    if draft.random.random() < 0.5:
        draft.crls = [crl for crl in draft.with_crls() if crl is not base]
    if draft.random.random() < 0.3:
        draft.store.append(double)


def among_cas(draft: Draft) -> None:
    """A CRL stands in the file of the CAs."""
    crl = BlankCrl(issuer=draft.random.choice(draft.tiers[1:] or draft.tiers))
    if draft.random.random() < 0.5:
        _revoke_child(draft, crl)
    draft.crls_among_cas.append(crl)


def certificate_in_crl_file(draft: Draft) -> None:
    """A CA stands in the file of the CRLs, alone or beside them; up to nginx 1.27.1 it is trusted."""
    if draft.random.random() < 0.7:
        draft.with_crls()
    draft.cas_among_crls.append(draft.random.choice(draft.tiers[1:] or draft.tiers))
    if draft.random.random() < 0.5:
        draft.store = [tier for tier in draft.store if tier is not draft.root] or [draft.authority(name(("CN", "Stranger")))]


def _revoke_child(draft: Draft, crl: BlankCrl) -> None:
    for tier in draft.tiers:
        if tier.parent is crl.issuer:
            crl.revoked.append((tier.serial, draft.random.choice(_REASONS), ()))
            return


def _beside(draft: Draft, base: BlankCrl, other: BlankCrl) -> None:
    crls = draft.with_crls()
    position = crls.index(base) if base in crls else 0
    crls.insert(position + draft.random.randrange(2), other)
    if draft.random.random() < 0.15 and base in crls:
        crls.remove(base)


DEFECTS: dict[Callable[[Draft], None], int] = {
    sound: 3, revoked: 6, missing: 4, expired: 4, not_yet_valid: 2, open_ended: 1, corrupt: 2, wrong_signer: 3,
    authority_key: 2, no_crl_sign: 3, version_one: 1, unknown_critical: 3, distribution_point: 5, delta: 3, second: 4,
    stranger: 1, renamed: 2, twin_crl: 3, among_cas: 1,
    certificate_in_crl_file: 1, algorithms: 2,
}  # fmt: skip
