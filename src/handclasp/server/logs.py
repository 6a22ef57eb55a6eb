"""The log of a server: one JSON object a line, on standard error."""

import json
import logging
import re
import sys
from datetime import UTC, datetime

_UNSEEN = re.compile(r"[^\S ]|[\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff]")
"""What a terminal obeys instead of showing it, or cannot be written: clients choose what is logged of them."""


class JsonLines(logging.Formatter):
    """Time, level, part of the program, message; and the kind of an exception, never its inside."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        fields = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "part": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info and record.exc_info[0] is not None:
            fields["exception"] = record.exc_info[0].__name__
        return _UNSEEN.sub(_escaped, json.dumps(fields, ensure_ascii=False))


def _escaped(found: "re.Match[str]") -> str:
    return f"\\u{ord(found[0]):04x}"


def log_to_stderr(*, verbose: bool) -> None:
    """Set up logging for a process that serves. `verbose`: what went well, too."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(handlers=[handler], level=logging.INFO if verbose else logging.WARNING, force=True)
    # a lost database is reported by whoever asked it; the pool's own story of it is a traceback for each connection
    logging.getLogger("sqlalchemy.pool").setLevel(logging.CRITICAL)
    logging.getLogger("uvicorn").setLevel(logging.ERROR)
