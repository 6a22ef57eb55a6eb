"""The installation card of a bundle: what its owner does on the device, to be read on paper or on a screen."""

from dataclasses import dataclass
from datetime import datetime

from handclasp.model.text import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing to do. `code` is typed or pasted as it stands, in the folder of the bundle."""

    text: Text
    code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """Everything a card says, filled in. `secret`: the bundle wants a password, which is not on the card."""

    name: str
    device: Text
    serial: str
    until: datetime
    root: str
    root_sha256: str
    files: tuple[str, ...]
    secret: bool
    steps: tuple[Step, ...]
    check: Text
    trouble: tuple[Text, ...]
    remove: Text
