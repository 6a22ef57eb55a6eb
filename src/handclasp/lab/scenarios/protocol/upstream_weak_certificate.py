"""The origin's key or signature is below OpenSSL's security level."""

from handclasp.lab import changes, setup
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import Setup


def _weak(kind: str, digest: str) -> Setup:
    made = setup.upstream(1)
    made.intermediates[0].key, made.leaf.key = made.draft.new_key("rsa2048"), made.draft.new_key(kind)
    made.leaf.digest = digest
    return made


def _strong(made: Setup) -> None:
    made.leaf.key, made.leaf.digest = made.draft.new_key("rsa2048"), "sha256"


SCENARIO = Scenario(
    cause="upstream-weak-certificate",
    broken={"rsa1024": lambda: _weak("rsa1024", "sha256"), "sha1-signed": lambda: _weak("rsa2048", "sha1")},
    control={"strong": lambda: _weak("rsa2048", "sha256")},
    remedies={"reissue-upstream-strong": _strong},
    dead_ends={"verify-off": changes.verify_off, "raise-depth": changes.raise_depth},
)
