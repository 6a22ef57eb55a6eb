"""What an examination gives."""

from dataclasses import dataclass

from handclasp.model.finding import Diagnosis
from handclasp.model.text import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """The diagnosis with its proofs. `notes`: what the sandbox lacks; `failed`: why nothing could be tried, if so."""

    diagnosis: Diagnosis
    notes: tuple[str, ...] = ()
    failed: Text | None = None
