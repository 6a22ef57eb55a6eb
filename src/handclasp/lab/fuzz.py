"""Random cases from a seed: a healthy hierarchy, then up to five defects one after another."""

from collections.abc import Iterator
from random import Random

from handclasp.lab.case import Case
from handclasp.lab.defects import FAMILIES, Defect, label
from handclasp.lab.draft import Draft, healthy, minted
from handclasp.model.verdict import Side

_INTERMEDIATES = (0, 1, 1, 1, 2, 2, 2, 3, 3, 4)
_DEFECTS = (0, 1, 1, 2, 2, 2, 3, 3, 4, 5)
# Placement, content, revocation, naming: revocation is rarer because without a sound path its errors are drowned.
_FAMILY_WEIGHTS = (10, 12, 6, 1)


def cases(seed: int, count: int, *, side: Side | None = None) -> Iterator[Case]:
    """`count` cases; the same seed makes the same defects (keys differ from run to run). `side` None: both, mixed."""
    random = Random(seed)  # noqa: S311 - not for secrets: the same cases again is the point
    for _ in range(count):
        yield minted(draft(Random(random.getrandbits(64)), side))  # noqa: S311 - as above


def draft(random: Random, side: Side | None = None) -> Draft:
    """One damaged hierarchy."""
    chosen = side or random.choice((Side.CLIENT, Side.CLIENT, Side.UPSTREAM))
    made = healthy(random, chosen, random.choice(_INTERMEDIATES))
    for _ in range(random.choice(_DEFECTS)):
        defect = _pick(random)
        defect(made)
        made.labels.append(label(defect))
    return made


def _pick(random: Random) -> Defect:
    family = random.choices(FAMILIES, _FAMILY_WEIGHTS)[0]
    return random.choices(list(family), list(family.values()))[0]
