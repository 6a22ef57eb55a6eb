"""A dump from another machine: what its files hold is not known, and is not guessed."""

from datetime import UTC, datetime
from pathlib import Path

from handclasp.adapters.file_tree import PosixFileTree
from handclasp.app.doctor import examine
from handclasp.app.evidence import Given, gather
from handclasp.model.finding import Severity
from tests.diagnose.scenes import _client

DUMP = """\
# configuration file /etc/nginx/nginx.conf:
events {{ }}
http {{
    include /etc/nginx/sites-enabled/*;
}}

# configuration file /etc/nginx/sites-enabled/app:
server {{
    listen 443 ssl;
    server_name site.test;
    error_log /var/log/nginx/error.log info;
    ssl_certificate /nowhere/server.pem;
    ssl_certificate_key /nowhere/server.key;
    ssl_client_certificate /nowhere/ca.pem;
    ssl_verify_client on;
    {more}
    location / {{ return 200 "in\\n"; }}
}}
"""
LINE = (
    "2026/01/02 03:04:05 [info] 7#7: *9 client SSL certificate verify error: (2:unable to get issuer certificate) "
    'while reading client request headers, client: 192.0.2.1, server: site.test, request: "GET / HTTP/1.1", host: "site.test"'
)


def told(folder: Path, *lines: str, more: str = "") -> tuple[list[tuple[str, Severity]], list[str]]:
    _client(folder, 1).write()
    (folder / "dump").write_text(DUMP.format(more=more))
    given = Given(config=str(folder / "dump"), client_certificate=str(folder / "peer.pem"), lines=lines)
    evidence = gather(given, PosixFileTree(), now=datetime(2026, 1, 3, tzinfo=UTC), build=None)
    diagnosis = examine(evidence, None).diagnosis
    assert diagnosis.verdict is None
    return [(item.cause, item.severity) for item in diagnosis.findings], [item.give.en for item in diagnosis.could_not_tell]


def test_no_verdict_on_files_that_are_not_at_hand(tmp_path: Path) -> None:
    findings, missing = told(tmp_path)
    assert [cause for cause, severity in findings if severity is Severity.ERROR] == []
    assert any("/nowhere/ca.pem" in item for item in missing)


def test_the_log_line_is_what_there_is_to_go_by(tmp_path: Path) -> None:
    findings, _ = told(tmp_path, LINE)
    assert findings[0] == ("client-trust-intermediate-only", Severity.ERROR)
    assert ("client-verify-depth-too-small", Severity.WARNING) in findings
