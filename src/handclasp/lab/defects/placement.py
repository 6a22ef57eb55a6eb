"""Defects of who holds what: certificates missing from, added to or reordered in the presented chain and the trust store."""

from collections.abc import Callable

from handclasp.lab.draft import Draft
from handclasp.lab.mint import PAST, Blank, name


def leaf_alone(draft: Draft) -> None:
    """The intermediates are not sent."""
    draft.presented = [draft.leaf]


def root_sent(draft: Draft) -> None:
    """The root is sent too."""
    draft.presented = [*draft.presented, draft.root]


def intermediate_dropped(draft: Draft) -> None:
    """One of the presented certificates above the leaf is missing."""
    if len(draft.presented) > 1:
        del draft.presented[draft.random.randrange(1, len(draft.presented))]


def shuffled(draft: Draft) -> None:
    """The certificates above the leaf come in another order."""
    rest = draft.presented[1:]
    draft.random.shuffle(rest)
    draft.presented = [*draft.presented[:1], *rest]


def sent_twice(draft: Draft) -> None:
    """A presented certificate is repeated."""
    if draft.presented:
        draft.presented = [*draft.presented, draft.random.choice(draft.presented)]


def stranger_sent(draft: Draft) -> None:
    """An unrelated CA is sent along."""
    draft.presented.insert(draft.random.randint(1, max(1, len(draft.presented))), draft.authority(name(("CN", "Stranger"))))


def nothing_sent(draft: Draft) -> None:
    """The client has no certificate; an upstream cannot do that."""
    if draft.side == "client":
        draft.presented = []


def intermediates_trusted(draft: Draft) -> None:
    """The store holds the intermediates beside the root."""
    draft.store = [*draft.tiers[1:-1], *draft.store]


def only_intermediates_trusted(draft: Draft) -> None:
    """The store holds the intermediates but not the root."""
    draft.store = draft.tiers[1:-1] or [draft.authority(name(("CN", "Stranger")))]


def one_intermediate_trusted(draft: Draft) -> None:
    """One intermediate stands in the store, with or without the root."""
    if len(draft.tiers) > 2:
        chosen = draft.random.choice(draft.tiers[1:-1])
        draft.store = [chosen, *draft.random.choice([draft.store, []])]


def leaf_trusted(draft: Draft) -> None:
    """The leaf itself stands in the store, with or without the root."""
    draft.store = [draft.leaf, *draft.random.choice([draft.store, []])]


def root_not_trusted(draft: Draft) -> None:
    """The store holds a stranger instead of the root."""
    draft.store = [draft.authority(name(("CN", "Stranger")))]


def stranger_trusted(draft: Draft) -> None:
    """A stranger stands in the store beside the root."""
    draft.store.insert(draft.random.randint(0, len(draft.store)), draft.authority(name(("CN", "Stranger"))))


def store_split(draft: Draft) -> None:
    """Part of the store stands in ssl_trusted_certificate."""
    if len(draft.store) > 1:
        draft.split = draft.random.randrange(1, len(draft.store))


def twin(draft: Draft) -> None:
    """A CA of the same name with another key stands in the store or is sent, before or after the real one."""
    original = draft.random.choice(draft.tiers[1:])
    double = draft.authority(original.subject, None if original.issuer is None else original.issuer)
    if draft.random.random() < 0.2:
        double.subject_key = original.key_identifier
    if draft.random.random() < 0.3:
        draft.leaf.authority_key = None
    _place(draft, double, original)


def reissue(draft: Draft) -> None:
    """A CA has a second certificate for the same key: with other dates, or signed by another CA."""
    original = draft.random.choice(draft.tiers[1:])
    double = original.copy()
    double.serial = draft.new_serial()
    match draft.random.randrange(4):
        case 0:
            double.not_after = PAST
        case 1:
            double.issuer = draft.authority(name(("CN", "Other Root")))
            if draft.random.random() < 0.6:
                draft.store.append(double.issuer)
        case 2:
            double.issuer = None
        case _:
            double.not_after = double.not_after.replace(year=draft.random.choice([2040, 2080]))
    _place(draft, double, original)


def _place(draft: Draft, double: Blank, original: Blank) -> None:
    """Put a double into the store or the presented chain, instead of the original, before or after it."""
    where = draft.random.choice([draft.store, draft.store, draft.presented])
    if draft.random.random() < 0.25 and any(item is original for item in where):
        where[:] = [double if item is original else item for item in where]
        return
    lowest = 1 if where is draft.presented else 0
    where.insert(draft.random.randint(lowest, max(lowest, len(where))), double)


def cross_signed(draft: Draft) -> None:
    """The root's key is also certified by an older root; the cross certificate is sent, and either root may be trusted."""
    older = draft.authority(name(("O", "Lab"), ("CN", "Older Root")))
    cross = draft.root.copy()
    cross.issuer, cross.serial = older, draft.new_serial()
    draft.presented = [*draft.presented, cross]
    if draft.random.random() < 0.3:
        draft.presented.append(older)
    draft.store = draft.random.choice([[older], [draft.root], [draft.root, older], [older, draft.root], [cross]])
    draft.depth += draft.random.randrange(2)


def loop(draft: Draft) -> None:
    """Two CAs certify each other; no root at all."""
    first = draft.authority(name(("CN", "Ouroboros A")))
    second = draft.authority(name(("CN", "Ouroboros B")), first)
    first.issuer = second
    draft.leaf.issuer = first
    draft.presented = [draft.leaf, first, second]
    draft.store = draft.random.choice([[first], [second], [first, second], draft.store])


def self_signed_leaf(draft: Draft) -> None:
    """The leaf signs itself, trusted or not."""
    draft.leaf.issuer = None
    draft.presented = draft.random.choice([[draft.leaf], [draft.leaf, *draft.presented[1:]]])
    if draft.random.random() < 0.5:
        draft.store = [draft.leaf, *draft.store]


def self_issued(draft: Draft) -> None:
    """A CA rolled its key over: a certificate of the same name for the new key, signed with the old one."""
    old = draft.random.choice(draft.tiers[1:])
    new = draft.authority(old.subject, old)
    for tier in draft.tiers:
        if tier.issuer is old:
            tier.issuer = new
    if draft.random.random() < 0.3:
        new.authority_key = None
    where = draft.random.choice([draft.presented, draft.store])
    where.insert(min(1, len(where)), new)
    draft.tiers.insert(draft.tiers.index(old), new)


def shallow(draft: Draft) -> None:
    """The depth is set at random."""
    draft.depth = draft.random.choice([0, 0, 1, 1, 2, 3, 9])


def level(draft: Draft) -> None:
    """The security level is not the distribution's."""
    draft.security_level = draft.random.choice([0, 1, 1, 3])


def optional(draft: Draft) -> None:
    """ssl_verify_client is one of the tolerant modes."""
    draft.verify_client = draft.random.choice(["optional", "optional_no_ca"])


def other_host(draft: Draft) -> None:
    """proxy_ssl_name is not what the certificate carries."""
    draft.host = draft.random.choice(["other.test", "a.lab.test", "LAB.TEST", "127.0.0.1", "lab.test."])


DEFECTS: dict[Callable[[Draft], None], int] = {
    leaf_alone: 4, root_sent: 4, intermediate_dropped: 4, shuffled: 2, sent_twice: 1, stranger_sent: 1, nothing_sent: 1,
    intermediates_trusted: 3, only_intermediates_trusted: 3, one_intermediate_trusted: 3, leaf_trusted: 2,
    root_not_trusted: 3, stranger_trusted: 1, store_split: 1, twin: 5, reissue: 5, cross_signed: 3, loop: 2,
    self_signed_leaf: 2, self_issued: 3, shallow: 5, level: 3, optional: 3, other_host: 1,
}  # fmt: skip
