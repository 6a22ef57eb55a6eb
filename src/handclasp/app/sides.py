"""Which verifications an examination is about: the client's at nginx, the upstream's by nginx, or both."""

from dataclasses import replace

from handclasp.diagnose.case import Case
from handclasp.diagnose.page import CERTIFICATE, front_explains, shown
from handclasp.diagnose.pasted import read_pasted
from handclasp.model.evidence import Evidence
from handclasp.model.nginx import VerifyClient
from handclasp.model.verdict import Side
from handclasp.verdict.predict import Stage


def sides(evidence: Evidence, asked: Side | None) -> tuple[Evidence, ...]:
    """The evidence once for each side to look at, the one in question first.

    `asked`: what the person said; None: the log decides, then the page that was shown, then the configuration. The other
    side is looked at too when what its peer presents is known.
    """
    if asked is not None or evidence.root is None:
        return (replace(evidence, side=asked or evidence.side),)
    stage = Stage(evidence)
    upstream = stage.upstream is not None and stage.upstream.verify.value
    verifying = stage.scene.handshake.verify_client.value is not VerifyClient.OFF
    logged = next((side for line in evidence.log_lines if (side := read_pasted(line).side) is not None), None)
    relayed = stage.upstream is not None and _relayed(evidence)
    first = logged or (Side.UPSTREAM if relayed or (upstream and not verifying) else Side.CLIENT)
    client = replace(evidence, side=Side.CLIENT)
    behind = replace(evidence, side=Side.UPSTREAM)
    if first is Side.UPSTREAM:
        return (
            (behind, client) if verifying and stage.presented is not None and evidence.upstream_chain is not None else (behind,)
        )
    return (client, behind) if upstream and _known_upstream(stage) else (client,)


def _relayed(evidence: Evidence) -> bool:
    """Whether the visitor was shown a page about certificates that this nginx did not make."""
    case = Case(Stage(evidence))
    return shown(case) in CERTIFICATE and not front_explains(case)


def _known_upstream(stage: Stage) -> bool:
    """Whether the upstream's own chain is known, not one that may be the client's."""
    alone = Stage(replace(stage.evidence, presented=None))
    return alone.upstream_chain is not None
