"""A new CRL file lies on disk, but nginx goes on with the one it read at its last reload."""

from handclasp.lab import mint, setup
from handclasp.lab.case import pem
from handclasp.lab.mint import PAST, BlankCrl
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import CLIENT, Setup
from handclasp.ports.stage import Performance, Reload


def _fresh_file() -> Setup:
    """The old list has expired; a fresh one was written."""
    made = setup.client(1)
    fresh = _file(made)
    for crl in made.all_crls():
        crl.next_update = PAST.replace(year=2016)
    made.visits = [made.visit("client-before"), Reload(files={"ca.crl": fresh}, signal=False), made.visit(CLIENT)]
    return made


def _revoked_file() -> Setup:
    """The client was revoked in the new file, which nginx has not read."""
    made = setup.client(1)
    made.all_crls()
    made.unwelcome = True
    new = _file(made, made.leaf.serial)
    made.visits = [made.visit("client-before"), Reload(files={"ca.crl": new}, signal=False), made.visit(CLIENT)]
    return made


def _file(made: Setup, *revoked: int) -> bytes:
    crls = [BlankCrl(issuer=tier, number=2, revoked=[(serial, 1, ()) for serial in revoked]) for tier in made.draft.tiers[1:]]
    return "".join(pem(mint.crl(crl), "X509 CRL") for crl in crls).encode()


def _reload(made: Setup) -> None:
    made.visits = [Reload(files=act.files) if isinstance(act, Reload) else act for act in made.visits or []]


def _wait(made: Setup) -> None:
    made.visits = [*(made.visits or []), made.visit("client-later")]


def _changed(seen: Performance) -> bool:
    """The file took effect: refused before and let in after, or the other way round."""
    last = [name for name in seen.results if name.startswith(CLIENT)][-1]
    return seen.results["client-before"].status != seen.results[last].status


def _control() -> Setup:
    made = _fresh_file()
    _reload(made)
    return made


SCENARIO = Scenario(
    cause="client-crl-changed-without-reload",
    broken={"fresh-file-no-reload": _fresh_file, "revoked-in-file-no-reload-still-accepted": _revoked_file},
    control={"with-reload": _control},
    remedies={"reload-after-crl": _reload},
    dead_ends={"wait": _wait},
    good=_changed,
    history=True,
)
