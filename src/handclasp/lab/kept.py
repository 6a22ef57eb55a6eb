"""Cases kept as files, with what each build was seen to do: the model is held to them where that build is not at hand.

A file holds one case a line (JSON Lines). Private keys are not kept: nothing is signed again.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import msgspec

from handclasp.lab.case import Case, Outcome
from handclasp.lab.differential import Disagreement, compare
from handclasp.lab.runner import run
from handclasp.model.errors import InputError
from handclasp.model.nginx import NginxBuild, NginxVersion
from handclasp.ports.bench import Bench


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One outcome on one build."""

    nginx: str
    openssl: str
    outcome: Outcome

    @property
    def build(self) -> NginxBuild:
        """The build, as far as the model asks."""
        return NginxBuild(path="nginx", version=NginxVersion.parse(self.nginx), openssl=self.openssl, debug=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A case with its outcomes. `why` says what it is kept for."""

    case: Case
    seen: tuple[Seen, ...]
    why: str = ""

    def disagreements(self) -> Iterator[Disagreement]:
        """Where the model differs from what was seen."""
        for seen in self.seen:
            found = compare(self.case, seen.outcome, seen.build)
            if found:
                yield found


def keep(cases: Sequence[Case], benches: Sequence[Bench]) -> tuple[Kept, ...]:
    """Run cases on every bench and note what is seen; logs are left out but for the reported error."""
    by_key: dict[Case, list[Seen]] = {case: [] for case in cases}
    for bench in benches:
        build = bench.build()
        for case, outcome in run(list(by_key), bench):
            seen = Seen(nginx=str(build.version), openssl=build.openssl, outcome=replace(outcome, line=None))
            by_key[case].append(seen)
    return tuple(Kept(case=replace(case, key=""), seen=tuple(seen)) for case, seen in by_key.items())


def to_lines(kept: Sequence[Kept]) -> bytes:
    """A file of kept cases."""
    return msgspec.json.Encoder().encode_lines(kept)


def from_lines(data: bytes, *, where: str) -> tuple[Kept, ...]:
    """Read a file of kept cases. Raises InputError naming `where`."""
    try:
        return tuple(msgspec.json.Decoder(Kept).decode_lines(data))
    except msgspec.DecodeError as error:
        raise InputError(f"these are no kept cases: {error}", where=where) from error
