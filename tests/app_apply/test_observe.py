"""`nginx observe` on servers that somebody wrote by hand: nobody notices, the report is right, the switch closes."""

import gzip
import json
import signal
import subprocess
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.app_apply.bench import Bench
from tests.nginx_rig import Rig, make
from tests.waiting import eventually, logged

SITE = """
server {{
    listen 127.0.0.1:{port} ssl;
    server_name app.test;
    ssl_certificate server.pem; ssl_certificate_key server.key;
    {more}
    location / {{ return 200 "hello\\n"; }}
    location /static {{ access_log off; return 200 "static\\n"; }} # nobody needs these
    location /api {{
        access_log logs/api.log combined;
        return 200 "api\\n";
    }}
    location /post {{ client_max_body_size 1m; return 201 "taken\\n"; }}
}}
"""


class Live:
    """A site that somebody runs, and the CA that is to guard it."""

    def __init__(self, bench: Bench, rig: Rig) -> None:
        self.bench, self.rig = bench, rig

    @property
    def conf(self) -> Path:
        return Path(self.rig.prefix) / "conf.d" / "app.conf"

    @property
    def log(self) -> Path:
        return Path(self.rig.prefix) / "logs" / "handclasp-app.test-observe.log"

    def observe(self, *options: str, expect: int = 0) -> "subprocess.CompletedProcess[str]":
        where = ("--config", self.rig.config, "--log-folder", str(Path(self.rig.prefix) / "logs"))
        return self.bench.ca.run("nginx", "observe", "app.test", *where, *options, expect=expect)

    def curl(self, path: str = "/", *options: str, name: str | None = None) -> str:
        own: list[str] = []
        if name:
            folder = self.bench.ca.identity(name)
            own = ["--cert", str(folder / "chain.pem"), "--key", str(folder / "key.pem")]
        argv = ["curl", "-ksS", "-o", "/dev/null", "-w", "%{http_code}", *own, *options]
        argv += ["--resolve", f"app.test:{self.rig.port}:127.0.0.1", f"https://app.test:{self.rig.port}{path}"]
        return subprocess.run(argv, capture_output=True, text=True, check=False).stdout

    def files(self) -> dict[str, bytes]:
        """What somebody else wrote."""
        return {path.name: path.read_bytes() for path in (Path(self.rig.config), self.conf)}


@pytest.fixture
def live(nginx_rig: Rig, bench: Bench) -> Live:
    (Path(nginx_rig.prefix) / "conf.d").mkdir()
    nginx_rig.http("include conf.d/*.conf;")
    made = Live(bench, nginx_rig)
    made.conf.write_text(SITE.format(port=nginx_rig.port, more="ssl_session_cache shared:mine:1m; ssl_session_timeout 1d;"))
    nginx_rig.start()
    return made


def test_from_a_live_site_to_client_certificates(live: Live, tmp_path: Path) -> None:
    bench = live.bench
    before = live.files()
    planned = live.observe().stdout
    assert "+    include" in planned
    assert live.files() == before
    assert "asks for certificates" in live.observe("--apply").stdout

    # Everybody is served: without a certificate, with one of another CA, with a good one, any method, any location.
    stranger = make("stranger")
    (tmp_path / "stranger.pem").write_bytes(stranger.pem + stranger.key_pem)
    assert live.curl() == "200"
    assert live.curl("/api", "-A", "old-agent/1.0") == "200"
    assert live.curl("/static") == "200"
    assert live.curl("/post", "-d", "x=1") == "201"
    assert live.curl("/", "--cert", str(tmp_path / "stranger.pem")) == "200"
    assert (live.curl(name="alice"), live.curl(name="bob")) == ("200", "200")
    logged(Path(live.rig.prefix) / "logs" / "api.log", "GET /api")  # the location logs as before, too
    bench.ca.run("revoke", "bob")
    assert live.curl(name="bob") == "200"
    eventually(lambda: sum("CN=bob" in line for line in live.log.read_text().splitlines()) == 2)

    said = json.loads(live.observe("--json", expect=1).stdout)
    assert (said["requests"], said["refused"], said["already"], said["unreadable"]) == (8, 7, 0, 0)
    fates = {one["name"]: (one["requests"], one["refused"]) for one in said["visitors"]}
    assert fates["alice"][1] is None
    assert fates["bob"] == (2, "revoked")
    assert fates["CN=stranger"][1] is not None
    assert dict(said["without"]["by_path"])["/static"] == 1
    assert dict(said["without"]["by_agent"])["old-agent/1.0"] == 1
    assert said["without"]["by_client"] == [["127.0.0.1", said["without"]["requests"]]]
    text = live.observe(expect=1).stdout
    assert "REFUSED: revoked" in text
    assert "old-agent/1.0" in text
    assert "被拒绝：已吊销" in live.observe("--lang", "zh", expect=1).stdout

    ended = live.observe("--end", "--apply").stdout
    assert "Only clients of this CA enter app.test now." in ended
    assert "BAD" not in ended
    assert (live.curl(), live.curl(name="alice"), live.curl(name="bob")) == ("400", "200", "400")
    assert live.curl("/static") == "400"
    assert live.curl("/", "--cert", str(tmp_path / "stranger.pem")) == "400"
    revoked = json.loads(bench.ca.run("revoke", "alice", "--json").stdout)
    assert {one["resumed"] for one in revoked["proof"] if one["who"] == "revoked" and one["ok"]} == {True, False}
    assert live.curl(name="alice") == "400"
    status = bench.ca.json("nginx", "status", "--config", live.rig.config)
    assert {server["asks"] for socket in status["sockets"] for server in socket["servers"]} == {"on"}

    assert "is as it was before" in live.observe("--cancel", "--apply").stdout
    assert live.curl() == "200"
    kept = {
        name: content.replace(b"    ssl_session_cache shared:mine:1m; ssl_session_timeout 1d;\n", b"    \n")
        for name, content in before.items()
    }
    assert {name: content.split() for name, content in live.files().items()} == {
        name: content.split() for name, content in kept.items()
    }


def rotated(live: Live, days_ago: int, **changed: str) -> bytes:
    """Yesterday's line of a log, as it would have been written so many days ago."""
    line = json.loads(live.log.read_text().splitlines()[-1])
    when = datetime.fromisoformat(line["time"]) - timedelta(days=days_ago)
    return json.dumps({**line, "time": when.isoformat(timespec="seconds"), **changed}).encode() + b"\n"


def test_a_report_of_many_days_reads_what_was_rotated_away(live: Live) -> None:
    live.observe("--apply")
    memory = Path(live.rig.prefix) / "handclasp" / "observed.json"
    (kept,) = json.loads(memory.read_text())
    began = datetime.fromisoformat(kept["since"]) - timedelta(days=20)
    memory.write_text(json.dumps([{**kept, "since": began.isoformat()}]))
    assert live.curl(name="alice") == "200"
    logged(live.log, "CN=alice")
    alice = rotated(live, 0)
    assert live.curl("/today", "-A", "browser/1") == "200"
    logged(live.log, "/today")
    logs = live.log.parent
    (logs / f"{live.log.name}.1").write_bytes(rotated(live, 1, path="/yesterday"))
    (logs / f"{live.log.name}.2.gz").write_bytes(gzip.compress(rotated(live, 5, path="/five") * 3 + b"{ cut off\n"))
    (logs / f"{live.log.name}-20260101.gz").write_bytes(gzip.compress(rotated(live, 12, path="/twelve", client="192.0.2.1")))
    (logs / f"{live.log.name}.9.gz").write_bytes(gzip.compress(rotated(live, 30, path="/before-it-began")))
    (logs / "other.log.1").write_bytes(alice)

    said = json.loads(live.observe("--json", expect=1).stdout)
    assert dict(said["without"]["by_path"]) == {"/today": 1, "/yesterday": 1, "/five": 3, "/twelve": 1}
    assert (said["requests"], said["refused"], said["unreadable"], said["without"]["clients"]) == (7, 6, 1, 2)
    assert [(one["name"], one["requests"], one["refused"]) for one in said["visitors"]] == [("alice", 1, None)]
    lately = json.loads(live.observe("--json", "--days", "3", expect=1).stdout)
    assert dict(lately["without"]["by_path"]) == {"/today": 1, "/yesterday": 1}

    assert "Only clients of this CA enter app.test now." in live.observe("--end", "--apply").stdout
    assert (live.curl(), live.curl(name="alice")) == ("400", "200")


def test_called_off_before_the_end_leaves_every_byte(live: Live) -> None:
    before = live.files()
    live.observe("--apply")
    assert live.files() != before
    live.observe("--cancel", "--apply")
    assert live.files() == before
    assert live.curl() == "200"
    assert not (Path(live.rig.prefix) / "handclasp" / "observed.json").exists()
    live.observe("--end", expect=2)


def test_the_history_takes_it_back_too(live: Live) -> None:
    before = live.files()
    live.observe("--apply")
    live.observe("--end", "--apply")
    assert live.curl() == "400"
    live.bench.ca.run("nginx", "rollback", "--config", live.rig.config)
    assert live.curl() == "200"
    live.bench.ca.run("nginx", "rollback", "--config", live.rig.config)
    assert live.files() == before
    live.conf.write_text("# mine\n" + live.conf.read_text())
    refused = live.bench.ca.run("nginx", "rollback", "2", "--config", live.rig.config, expect=4)
    assert "was changed by hand" in refused.stderr
    assert live.conf.read_text().startswith("# mine")


def test_what_cannot_be_watched(live: Live) -> None:
    live.bench.ca.run("nginx", "observe", "nobody.test", "--config", live.rig.config, expect=2)
    live.bench.ca.run("nginx", "observe", "app.test", "--config", "/nonexistent/nginx.conf", expect=3)
    live.observe("--cancel", expect=2)
    live.conf.write_text(SITE.format(port=live.rig.port, more="ssl_client_certificate root.pem; ssl_verify_client optional;"))
    assert "asks for certificates already" in live.observe(expect=4).stderr


def test_a_default_server_that_keeps_sessions_is_no_neighbour(live: Live) -> None:
    """A revoked client could resume a session of the default server's cache, so the site is not closed beside it."""
    other = SITE.format(port=live.rig.port, more="ssl_session_cache shared:theirs:1m;").replace("app.test", "other.test")
    (Path(live.rig.prefix) / "conf.d" / "a-first.conf").write_text(other)
    live.observe("--apply")
    refused = live.observe("--end", "--apply", expect=4)
    assert "keeps TLS sessions" in refused.stderr
    assert live.curl() == "200"


def test_a_second_list_of_cas_is_refused(live: Live) -> None:
    live.conf.write_text(SITE.format(port=live.rig.port, more="ssl_trusted_certificate root.pem;"))
    live.observe("--apply")
    refused = live.observe("--end", "--apply", expect=4)
    assert "second list of CAs" in refused.stderr
    live.observe("--cancel", "--apply")


def test_an_nginx_that_fails_leaves_everything(live: Live) -> None:
    before = live.files()
    where = ("--config", live.rig.config, "--log-folder", "/nonexistent/folder")
    failed = live.bench.ca.run("nginx", "observe", "app.test", *where, "--apply", expect=5)
    assert "nothing was changed" in failed.stderr
    assert live.files() == before
    assert live.curl() == "200"


@pytest.mark.parametrize("step", ["apply.file-switched", "apply.reloaded", "apply.noted"])
def test_killed_on_the_way_the_next_run_puts_it_right(live: Live, step: str) -> None:
    before = live.files()
    killed = {"HANDCLASP_CRASHPOINT": step}
    where = ("--config", live.rig.config, "--log-folder", str(Path(live.rig.prefix) / "logs"))
    live.bench.ca.run("nginx", "observe", "app.test", *where, "--apply", expect=-signal.SIGKILL, env=killed)
    if step == "apply.noted":
        assert live.files() != before
    else:
        live.observe("--apply")
    assert live.curl() == "200"
    live.observe("--cancel", "--apply")
    assert live.files() == before
    assert not list((Path(live.rig.prefix) / ".handclasp").glob("journal*"))
