"""Which CA certificates and CRLs the orders of a host give to its nginx, and whether these are the ones that are there.

Of the orders, not of the disk: an older file that is put in place amid a round shows in the next one.
"""

import hashlib

from handclasp.app.apply_place import Place
from handclasp.app.apply_state import now
from handclasp.app.apply_trust import trust_contents
from handclasp.app.host_orders import HostOrders
from handclasp.app.site import SiteOrder
from handclasp.ports.files import FileTree


def given(place: Place, orders: HostOrders) -> dict[str, str]:
    """SHA-256 of each file, by its path."""
    contents = {f"{place.pki}/ca.pem": orders.bundle.encode(), place.crl: orders.crl.encode()}
    for site, trust in zip(orders.sites, orders.trusts, strict=True):
        if trust is not None:
            own = trust_contents(place, SiteOrder(intent=site), trust.of(site))
            contents |= {path: content for path, (content, _) in own.items()}
    return {path: hashlib.sha256(content).hexdigest() for path, content in contents.items()}


def are_there(files: FileTree, wanted: dict[str, str]) -> bool:
    """Whether the files are these."""
    there = ((now(files, path), digest) for path, digest in wanted.items())
    return all(content is not None and hashlib.sha256(content).hexdigest() == digest for content, digest in there)
