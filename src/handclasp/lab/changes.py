"""Changes to a setup that several scenarios share: remedies of one cause are dead ends of another."""

from handclasp.lab.scenario import Change
from handclasp.lab.setup import Setup
from handclasp.model.verdict import Side


def raise_depth(setup: Setup) -> None:
    """Set the depth far above what is needed."""
    setup.depth = 10


def depth_as_needed(setup: Setup) -> None:
    """Set the depth to the number of intermediates."""
    setup.depth = len(setup.intermediates)


def optional_no_ca(setup: Setup) -> None:
    """ssl_verify_client optional_no_ca."""
    setup.verify = "optional_no_ca"


def optional(setup: Setup) -> None:
    """ssl_verify_client optional."""
    setup.verify = "optional"


def verify_off(setup: Setup) -> None:
    """Switch verification off."""
    setup.verify = "off"


def trust_root(setup: Setup) -> None:
    """Exactly the right root in the file."""
    setup.advertised = [setup.root]


def append_root(setup: Setup) -> None:
    """The right root beside what is in the file."""
    setup.advertised = [*setup.advertised, setup.root]


def append_intermediates(setup: Setup) -> None:
    """The intermediates beside what is in the file."""
    setup.advertised = [*setup.advertised, *setup.intermediates]


def append_leaf(setup: Setup) -> None:
    """The peer's own certificate beside what is in the file."""
    setup.advertised = [*setup.advertised, setup.leaf]


def only_intermediates(setup: Setup) -> None:
    """The intermediates instead of the root."""
    setup.advertised = list(setup.intermediates)


def send_root(setup: Setup) -> None:
    """The peer sends its root too."""
    setup.chain = [*setup.chain, setup.root]


def send_leaf_alone(setup: Setup) -> None:
    """The peer sends nothing but its own certificate."""
    setup.chain = [setup.leaf]


def send_chain(setup: Setup) -> None:
    """The peer sends its certificate and all intermediates."""
    setup.chain = list(setup.draft.tiers[:-1])


def reissue_leaf(setup: Setup) -> None:
    """A new certificate and key from the same CA, otherwise the same."""
    setup.leaf.key, setup.leaf.serial = setup.draft.new_key(), setup.draft.new_serial()


def seclevel(level: int) -> Change:
    """Lower OpenSSL's security level."""

    def change(setup: Setup) -> None:
        directive = "ssl_ciphers" if setup.side is Side.CLIENT else "proxy_ssl_ciphers"
        setup.server.append(f"{directive} DEFAULT:@SECLEVEL={level};")

    return change
