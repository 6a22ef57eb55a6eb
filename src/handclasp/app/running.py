"""Whether the nginx that runs has read what is on disk."""

from dataclasses import replace

from handclasp.model.evidence import Evidence
from handclasp.nginxconf.dump import is_dump
from handclasp.nginxconf.tree import decode
from handclasp.ports.machine import Machine
from handclasp.verdict.predict import Stage

_PID_FILES = ("/run/nginx.pid", "/var/run/nginx.pid", "/usr/local/nginx/logs/nginx.pid")


def with_running_state(evidence: Evidence, machine: Machine) -> Evidence:
    """The evidence with the time of the last load and of the last change of each file; unchanged when no nginx runs here.

    A dump may come from another machine: nothing is said about it.
    """
    content = evidence.files.get(evidence.root or "")
    if evidence.root is None or content is None or is_dump(decode(content)):
        return evidence
    written = Stage(evidence).config.pid.value
    loaded = next((found for path in ((written,) if written else _PID_FILES) if (found := machine.loaded(path))), None)
    if loaded is None:
        return evidence
    changed = {path: moment for path in evidence.files if (moment := machine.changed(path)) is not None}
    return replace(evidence, loaded=loaded, changed=changed)
