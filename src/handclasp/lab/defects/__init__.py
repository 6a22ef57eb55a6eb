"""What can be wrong with a hierarchy: functions that damage a Draft, each with a weight for the random generator."""

from collections.abc import Callable, Mapping

from handclasp.lab.defects import content, naming, placement, revocation
from handclasp.lab.draft import Draft

Defect = Callable[[Draft], None]

FAMILIES: tuple[Mapping[Defect, int], ...] = (placement.DEFECTS, content.DEFECTS, revocation.DEFECTS, naming.DEFECTS)


def label(defect: Defect) -> str:
    """Its public name: "content.expired"."""
    return f"{defect.__module__.rpartition('.')[2]}.{defect.__name__}"
