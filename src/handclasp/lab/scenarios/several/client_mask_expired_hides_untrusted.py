"""Two faults at once: nginx reports only the last that OpenSSL met."""

from handclasp.lab import changes, setup
from handclasp.lab import extensions as ext
from handclasp.lab.mint import FAR_FUTURE, PAST
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import Setup


def _wrong_ca(*, chain: bool, expired: bool = False, purpose: bool = False) -> Setup:
    made = setup.client(1 if chain else 0)
    made.advertised = [made.stranger_root()]
    return _worse(made, expired=expired, purpose=purpose)


def _worse(made: Setup, *, expired: bool, purpose: bool) -> Setup:
    if expired:
        made.leaf.not_after = PAST
    if purpose:
        made.leaf.put("extKeyUsage", ext.extended_key_usage("serverAuth"))
    return made


def _everything(made: Setup) -> None:
    changes.trust_root(made)
    _renew(made)
    made.leaf.put("extKeyUsage", ext.extended_key_usage("clientAuth"))


def _renew(made: Setup) -> None:
    made.leaf.not_after = FAR_FUTURE


SCENARIO = Scenario(
    cause="client-mask-expired-hides-untrusted",
    broken={
        "wrong-ca+expired,leaf-only": lambda: _wrong_ca(chain=False, expired=True),
        "bad-eku+expired": lambda: _worse(setup.client(1), expired=True, purpose=True),
        "wrong-ca+bad-eku,leaf-only": lambda: _wrong_ca(chain=False, purpose=True),
        "wrong-ca+bad-eku,chain-sent": lambda: _wrong_ca(chain=True, purpose=True),
    },
    beside={
        "wrong-ca+expired,leaf-only": ("client-ca-not-trusted", "client-cert-expired"),
        "bad-eku+expired": ("client-eku-lacks-clientauth", "client-cert-expired"),
        "wrong-ca+bad-eku,leaf-only": ("client-ca-not-trusted", "client-eku-lacks-clientauth"),
        "wrong-ca+bad-eku,chain-sent": ("client-chain-untrusted-root", "client-eku-lacks-clientauth"),
    },
    control={"sound": lambda: setup.client(1)},
    remedies={"list-all-errors": _everything},
    dead_ends={"repair-what-the-line-says": _renew},
)
