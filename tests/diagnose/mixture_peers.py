"""Faults of a verified peer's certificates, lists and trust file; and those that keep each other from being seen."""

from collections.abc import Callable

from handclasp.lab import extensions as ext
from handclasp.lab.mint import FUTURE, PAST, BlankCrl, name
from handclasp.model.verdict import Side
from tests.diagnose.mixture_parts import Mixture, Party

Fault = Callable[[Mixture, Party], frozenset[str] | None]
"""Damages a set-up and says which causes tell of it; None when it does not apply to this one."""


def told(*causes: str) -> frozenset[str]:
    """The causes any of which tells a fault."""
    return frozenset(causes)


def expired(_: Mixture, party: Party) -> frozenset[str] | None:
    """The leaf has expired."""
    party.leaf.not_after = PAST
    return told(party.slug("cert-expired"))


def wrong_purpose(_: Mixture, party: Party) -> frozenset[str] | None:
    """The leaf is made for the other end."""
    other = "serverAuth" if party.side is Side.CLIENT else "clientAuth"
    party.leaf.put("extKeyUsage", ext.extended_key_usage(other))
    return told(party.slug(f"eku-lacks-{'clientauth' if party.side is Side.CLIENT else 'serverauth'}"))


def foreign_trust(_: Mixture, party: Party) -> frozenset[str] | None:
    """The file holds another CA."""
    party.trust = [party.draft.authority(name(("O", "Elsewhere"), ("CN", "Elsewhere Root")))]
    return told(
        party.slug("ca-not-trusted"), "client-chain-untrusted-root", party.slug("missing-intermediate"),
        "client-intermediate-missing",
    )  # fmt: skip


def chain_not_sent(_: Mixture, party: Party) -> frozenset[str] | None:
    """The peer sends its leaf alone."""
    if not party.intermediates:
        return None
    party.sends = [party.leaf]
    return told("client-intermediate-missing" if party.side is Side.CLIENT else "upstream-missing-intermediate")


def root_left_out(_: Mixture, party: Party) -> frozenset[str] | None:
    """The file holds the issuing CA without the root above it."""
    if not party.intermediates:
        return None
    party.trust = party.intermediates[:1]
    return told(party.slug("trust-intermediate-only"))


def too_shallow(_: Mixture, party: Party) -> frozenset[str] | None:
    """The depth is left at its default of 1, and there are more CAs between."""
    if len(party.intermediates) < 2:
        return None
    party.depth = None
    return told(party.slug("verify-depth-too-small"))


def revoked(mixture: Mixture, party: Party) -> frozenset[str] | None:
    """The leaf is in the list of its CA."""
    lists = lists_of(mixture, party)
    lists[0].revoked.append((party.leaf.serial, 1, ()))
    return told("client-cert-revoked" if party.side is Side.CLIENT else "upstream-crl")


def list_expired(mixture: Mixture, party: Party) -> frozenset[str] | None:
    """The list of the issuing CA is out of date."""
    lists_of(mixture, party)[0].next_update = PAST.replace(year=2016)
    return told("client-crl-expired" if party.side is Side.CLIENT else "upstream-crl")


def list_missing(mixture: Mixture, party: Party) -> frozenset[str] | None:
    """The root's list is not in the file."""
    lists = lists_of(mixture, party)
    if len(lists) < 2:
        return None
    del lists[-1]
    return told("client-crl-missing-for-a-level" if party.side is Side.CLIENT else "upstream-crl")


def lists_of(mixture: Mixture, party: Party) -> list[BlankCrl]:
    """The lists of all CAs, switched on."""
    del mixture
    if party.crls is None:
        party.crls = [BlankCrl(issuer=tier) for tier in party.tiers[1:]]
    return party.crls


def weak_key(_: Mixture, party: Party) -> frozenset[str] | None:
    """1024 bits of RSA."""
    party.leaf.key = party.draft.new_key("rsa1024")
    return told("client-cert-weak-key" if party.side is Side.CLIENT else "upstream-weak-certificate")


def intermediate_expired(_: Mixture, party: Party) -> frozenset[str] | None:
    """The CA that issued the leaf has expired."""
    if not party.intermediates:
        return None
    party.intermediates[0].not_after = PAST
    return told("client-intermediate-expired", "upstream-cert-expired")


def no_authority(_: Mixture, party: Party) -> frozenset[str] | None:
    """The issuing CA is none by its own certificate."""
    if not party.intermediates or party.side is Side.UPSTREAM:
        return None
    party.intermediates[0].put("basicConstraints", ext.basic_constraints(ca=False), critical=True)
    return told("client-issuer-not-a-ca")


def not_yet(_: Mixture, party: Party) -> frozenset[str] | None:
    """The leaf becomes valid decades from now."""
    if party.side is Side.UPSTREAM or party.leaf.not_after == PAST:
        return None
    party.leaf.not_before = FUTURE
    return told("client-cert-not-yet-valid")


def wrong_name(mixture: Mixture, party: Party) -> frozenset[str] | None:
    """The upstream's certificate bears another name."""
    del mixture
    if party.side is Side.CLIENT:
        return None
    party.leaf.put("subjectAltName", ext.general_names(("dns", "elsewhere.example")))
    return told("upstream-name-mismatch")


def forged(_: Mixture, party: Party) -> frozenset[str] | None:
    """A bit of the leaf's signature is wrong."""
    if party.side is Side.UPSTREAM:
        return None
    party.leaf.corrupt = True
    return told("client-cert-corrupt-signature")


def short_path(_: Mixture, party: Party) -> frozenset[str] | None:
    """The highest intermediate allows no CA below it, and there is one."""
    if len(party.intermediates) < 2 or party.side is Side.UPSTREAM:
        return None
    value = ext.basic_constraints(ca=True, path_length=0)
    party.intermediates[-1].put("basicConstraints", value, critical=True)
    return told("client-pathlen-exceeded")


def root_expired(_: Mixture, party: Party) -> frozenset[str] | None:
    """The root has expired."""
    party.tiers[-1].not_after = PAST
    return told("client-ca-expired", "upstream-cert-expired", "upstream-expired-cross-sign-sent")


def list_by_other_key(mixture: Mixture, party: Party) -> frozenset[str] | None:
    """The list of the issuing CA was signed with another key."""
    lists_of(mixture, party)[0].signer = party.draft.new_key()
    return told("client-crl-bad-signature" if party.side is Side.CLIENT else "upstream-crl")


def list_of_tomorrow(mixture: Mixture, party: Party) -> frozenset[str] | None:
    """The list of the issuing CA is dated in the future."""
    lists_of(mixture, party)[0].this_update = FUTURE
    return told("client-crl-not-yet-valid" if party.side is Side.CLIENT else "upstream-crl")


def issuer_may_not_list(mixture: Mixture, party: Party) -> frozenset[str] | None:
    """The issuing CA's key usage lacks cRLSign."""
    lists_of(mixture, party)
    party.tiers[1].put("keyUsage", ext.key_usage("keyCertSign"), critical=True)
    return told("client-crl-issuer-lacks-crlsign" if party.side is Side.CLIENT else "upstream-crl")


def unsuited_usage(_: Mixture, party: Party) -> frozenset[str] | None:
    """The leaf's key may encipher and not sign."""
    if party.side is Side.UPSTREAM:
        return None
    party.leaf.put("keyUsage", ext.key_usage("keyEncipherment"), critical=True)
    return told("client-ku-lacks-digitalsignature")


PEER: tuple[Fault, ...] = (
    expired, wrong_purpose, foreign_trust, chain_not_sent, root_left_out, too_shallow, revoked, list_expired, list_missing,
    weak_key, intermediate_expired, no_authority, not_yet, wrong_name, forged, short_path, root_expired, list_by_other_key,
    list_of_tomorrow, issuer_may_not_list, unsuited_usage,
)  # fmt: skip
APART: tuple[frozenset[Fault], ...] = (
    # Of these any one hides the others: another file, another path, or the same field of one certificate.
    frozenset({foreign_trust, root_left_out, chain_not_sent}),
    frozenset({expired, not_yet}),
    frozenset({foreign_trust, too_shallow}),
    # What nobody has at hand cannot be judged.
    frozenset({chain_not_sent, too_shallow}),
    frozenset({chain_not_sent, intermediate_expired}),
    frozenset({chain_not_sent, short_path}),
    frozenset({chain_not_sent, forged}),
    frozenset({foreign_trust, root_left_out, root_expired}),
    frozenset({chain_not_sent, list_by_other_key, list_of_tomorrow, revoked, list_expired}),
    frozenset({chain_not_sent, issuer_may_not_list}),
    frozenset({foreign_trust, forged}),
    frozenset({foreign_trust, list_by_other_key, list_of_tomorrow, issuer_may_not_list}),
    frozenset({root_left_out, short_path}),
    frozenset({revoked, list_expired, list_missing, foreign_trust, chain_not_sent, no_authority}),
)
