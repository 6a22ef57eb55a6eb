"""Figures in the text format that Prometheus reads (version 0.0.4)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import accumulate


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """One metric: `samples` from label pairs (name, value) to the number."""

    name: str
    kind: str
    help: str
    samples: Mapping[tuple[tuple[str, str], ...], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Histogram:
    """How often something took how long. `counts`: from one of `bounds` up to the next, and after the last."""

    name: str
    help: str
    bounds: tuple[float, ...]
    counts: tuple[int, ...]
    total: float


def metrics_text(families: Iterable[Family | Histogram]) -> str:
    """All of them; a family without samples is left out."""
    lines: list[str] = []
    for family in families:
        if isinstance(family, Histogram):
            lines += [*_head(family.name, "histogram", family.help), *_buckets(family)]
        elif family.samples:
            lines += _head(family.name, family.kind, family.help)
            lines += [f"{family.name}{_labels(labels)} {value:.17g}" for labels, value in sorted(family.samples.items())]
    return "\n".join(lines) + "\n"


def _head(name: str, kind: str, text: str) -> list[str]:
    return [f"# HELP {name} {text}", f"# TYPE {name} {kind}"]


def _buckets(found: Histogram) -> list[str]:
    """Prometheus wants each bucket to hold those below it, too."""
    ends = [*(f"{bound:g}" for bound in found.bounds), "+Inf"]
    sums = list(accumulate(found.counts))
    lines = [f'{found.name}_bucket{{le="{end}"}} {count}' for end, count in zip(ends, sums, strict=True)]
    return [*lines, f"{found.name}_sum {found.total:.17g}", f"{found.name}_count {sums[-1]}"]


def _labels(labels: tuple[tuple[str, str], ...]) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
