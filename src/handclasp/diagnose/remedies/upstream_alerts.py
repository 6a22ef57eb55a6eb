"""TLS versions that nginx offers its upstream."""

from collections.abc import Iterator

from handclasp.diagnose.case import Case
from handclasp.diagnose.remedies.change import RELOAD, Change
from handclasp.diagnose.remedies.config_edit import set_in
from handclasp.diagnose.remedies.upstream_identity import block_of
from handclasp.diagnose.rule import say
from handclasp.model.finding import Applicability, Finding

_CURRENT = ("TLSv1.2", "TLSv1.3")


def protocols(case: Case, finding: Finding) -> Iterator[Change]:
    """Both current versions; older ones stay if they were there, and are never added."""
    del finding
    upstream, block = case.stage.upstream, block_of(case)
    if upstream is None or block is None or set(_CURRENT) <= set(upstream.protocols.value):
        return
    written = upstream.protocols.value if upstream.protocols.origin else ()
    wanted = (*(version for version in written if version not in _CURRENT), *_CURRENT)
    directive = f"{upstream.module}_ssl_protocols"
    yield Change(
        id="set-proxy-protocols",
        title=say(
            "set {directive} {versions}", "设置 {directive} {versions}", directive=directive, versions=" ".join(wanted)
        ),
        applicability=Applicability.SAFE,
        edits=set_in(case, block, (directive, wanted)),
        commands=(RELOAD,),
    )  # fmt: skip
