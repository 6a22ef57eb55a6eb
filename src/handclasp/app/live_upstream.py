"""Ask the upstream of a configuration what it presents."""

from dataclasses import replace

from handclasp.app.probe import presented_by
from handclasp.diagnose.remedies.pem_edit import pem
from handclasp.model.errors import HandclaspError
from handclasp.model.evidence import Evidence
from handclasp.model.verdict import Side
from handclasp.ports.probe import Probe
from handclasp.verdict.predict import Stage

_MOST_ADDRESSES = 4  # each may keep us waiting until the timeout


def with_live_upstream(evidence: Evidence, door: Probe, *, timeout: float = 2.0) -> Evidence:
    """The evidence with the chain of the first upstream address (of a few) that answers; unchanged when it is known.

    SNI is sent as nginx would send it (*_ssl_server_name). One that nginx does not verify is asked when it is in question.
    """
    if evidence.root is None or evidence.upstream_chain is not None:
        return evidence
    stage = Stage(replace(evidence, presented=None))
    upstream = stage.upstream if stage.config.servers else None
    wanted = upstream is not None and (upstream.verify.value or evidence.side is Side.UPSTREAM)
    if upstream is None or not wanted or stage.upstream_chain is not None:
        return evidence
    name = upstream.name.value if upstream.server_name.value and "$" not in upstream.name.value else ""
    for address in [one for one in upstream.addresses if not one.startswith("unix:")][:_MOST_ADDRESSES]:
        try:
            chain = presented_by(door, address, sni=name, timeout=timeout)
        except HandclaspError:
            continue  # another address may answer; that none does is no fault of the certificates
        return replace(evidence, upstream_chain=b"".join(pem(item, "CERTIFICATE") for item in chain))
    return evidence
