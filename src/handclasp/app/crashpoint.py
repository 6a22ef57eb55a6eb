"""Named places where a process may die; tests kill it at each of them and look at what is left.

HANDCLASP_CRASHPOINT=name kills the process, as `kill -9` would, the first time it comes to that place; name:N the Nth time.
"""

import os
import signal
from collections import Counter

from handclasp.model.errors import Bug

VARIABLE = "HANDCLASP_CRASHPOINT"

POINTS = (
    "init.home-made",
    "ca.key-made",
    "ca.intent-durable",
    "ca.signed",
    "ca.recorded",
    "init.authorities-made",
    "ca-files.certificates-written",
    "ca-files.bundle-written",
    "issue.intent-durable",
    "issue.key-staged",
    "issue.signed",
    "issue.recorded",
    "export.archived",
    "export.key-placed",
    "export.file-written",
    "export.files-written",
    "export.marked",
    "crl.signed",
    "crl.recorded",
    "crl.published",
    "revoke.recorded",
    "recover.abandoned",
    "fleet.intents-durable",
    "fleet.signed",
    "fleet.archived",
    "fleet.recorded",
    "hierarchy.retired",
    "hierarchy.dropped",
    "rollover.decided",
    "rollover.vouched",
    "ceremony.requested",
    "ceremony.accepted",
    "passphrase.key-replaced",
    "restore.unpacked",
    "delegate.intent-durable",
    "delegate.recorded",
    "canary.intent-durable",
    "canary.recorded",
    "publish.lists-written",
    "publish.answers-written",
    "store.copied-out",
    "store.marked-out",
    "store.pointed-out",
    "store.arrived-out",
    "store.copied-back",
    "store.marked-back",
    "store.written-back",
    "store.unpointed-back",
    "repeat.begun",
    "repeat.done",
    "sandbox.serving",
    "apply.rehearsing",
    "apply.staged",
    "apply.journal-durable",
    "apply.file-switched",
    "apply.switched",
    "apply.reloaded",
    "apply.proven",
    "apply.noted",
    "apply.committed",
    "apply.back-file",
    "apply.back-reloaded",
)
"""Every name that `crashpoint` is called with."""

_WANTED = os.environ.get(VARIABLE)  # once: to ask for it takes longer than all else here, and every certificate comes by
_seen: Counter[str] = Counter()


def crashpoint(name: str) -> None:
    """Die here if the environment says so; otherwise nothing."""
    if not _WANTED:
        return
    if name not in POINTS:
        raise Bug(f"{name} is not in the list of crash points")
    _seen[name] += 1
    place, _, turn = _WANTED.partition(":")
    if place == name and _seen[name] == int(turn or 1):
        os.kill(os.getpid(), signal.SIGKILL)
