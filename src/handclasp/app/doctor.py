"""One diagnosis from evidence to proven remedies."""

from handclasp.app.prove import Proven, prove
from handclasp.app.sandbox import SandboxTools
from handclasp.diagnose.engine import diagnose
from handclasp.model.evidence import Evidence


def examine(evidence: Evidence, tools: SandboxTools | None, *, client_key: bytes | None = None) -> Proven:
    """The findings in this evidence; with `tools` their remedies are tried on a sandboxed copy.

    Raises:
        InputError: the configuration cannot be parsed, or has no such server.
        WorldError: nginx cannot be run.
    """
    reasoned = diagnose(evidence)
    if tools is None:
        return Proven(diagnosis=reasoned.diagnosis)
    return prove(reasoned, tools, client_key=client_key)
