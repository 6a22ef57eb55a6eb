"""ports.Machine over /proc and the file system (Linux)."""

from datetime import UTC, datetime
from pathlib import Path

from handclasp.adapters import processes

_WORKER = "nginx: worker process"
_LEAVING = "is shutting down"


class ThisMachine:
    """The machine that Handclasp runs on."""

    def changed(self, path: str) -> datetime | None:
        """The modification time of the file itself, links followed."""
        try:
            return datetime.fromtimestamp(Path(path).stat().st_mtime, UTC)
        except OSError:
            return None

    def loaded(self, pid_file: str) -> datetime | None:
        """The start of the oldest worker that is not leaving; the master's pid comes from the file and must be an nginx."""
        try:
            master = int(Path(pid_file).read_text().strip())
        except (OSError, ValueError):
            return None
        if not processes.title(master).startswith("nginx: master process"):
            return None
        titles = {pid: processes.title(pid) for pid in processes.children(master)}
        serving = [pid for pid, title in titles.items() if title.startswith(_WORKER) and _LEAVING not in title]
        boot = processes.booted()
        return min((started for pid in serving if (started := processes.started(pid, boot)) is not None), default=None)
