"""nginx adopt beside a CA: names become identities of the registry, by issuer and serial, on the nginx that runs it."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from handclasp.adapters.nginx_process import NginxProcess
from handclasp.adapters.tls_probe import TlsProbe
from handclasp.model.guarded import Member
from handclasp.model.probe import ClientIdentity, ProbeRequest, ProbeResult
from handclasp.nginxconf.people import meant
from tests.app_apply.bench import Bench
from tests.ca_rig import Ca
from tests.nginx_rig import free_port, make

HEAD = """\
user root; worker_processes 1; error_log logs/error.log warn; pid run/nginx.pid;
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_body_temp_path run/body; proxy_temp_path run/proxy; fastcgi_temp_path run/fastcgi;
    uwsgi_temp_path run/uwsgi; scgi_temp_path run/scgi;
    ssl_protocols TLSv1.2 TLSv1.3;
{http}
}}
"""
SITE = """\
    server {{
        listen 127.0.0.1:{port} ssl;
        server_name app.test;   # the site
        ssl_certificate server.pem;
        ssl_certificate_key server.key;
        ssl_client_certificate root.pem;
        ssl_verify_client {mode};
        ssl_verify_depth 2;
        ssl_session_cache shared:SSL:10m;
        ssl_crl root.crl;
        error_log logs/site.log warn;
{rules}
    }}
"""


# Each lets in alice and keeps bob out, as its author meant it; and lets in somebody that he did not think of.
def asking(source: str, rows: str, guard: str = "if ($in = 0) {{ return 403; }}") -> tuple[str, str, str]:
    return f"    map {source} $in {{{{ {rows} }}}}   # who", f"        {guard}", "on"


DN, LEGACY = "$ssl_client_s_dn", "$ssl_client_s_dn_legacy"
_COMMON_NAMES = f'    map {DN} $who {{{{ default ""; "~(^|,)CN=(?<CN>[^,]+)" $CN; }}}}'
_DEEP = """\
        location /deep {{ return 200; }}
        location / {{
            if ($ssl_client_s_dn !~* "cn=(alice|carol)") {{ return 403; }}   # those two
        }}"""
WAYS = {
    "map": asking(DN, "default 0; ~CN=alice 1;"),
    "map-any-case": asking(DN, 'default no; "~*cn=alice" yes;', "if ($in != yes) {{ return 403; }}"),
    "map-legacy": asking(LEGACY, 'default 0; "~/CN=alice" 1;'),
    "map-of-common-names": (f"{_COMMON_NAMES}\n{asking('$who', 'default 0; alice 1;')[0]}", asking("", "")[1], "on"),
    "if": ("", '        if ($ssl_client_s_dn !~ "CN=alice") {{ return 403; }}', "on"),
    "if-equal": ("", '        if ($ssl_client_s_dn != "CN=alice") {{ return 403; }}', "on"),
    "if-in-location": ("", _DEEP, "on"),
    "optional": (
        asking(DN, 'default 0; "~CN=alice" 1;')[0],
        "        if ($ssl_client_verify != SUCCESS) {{ return 403; }}\n        if ($in = 0) {{ return 403; }}",
        "optional",
    ),
}


@dataclass(frozen=True)
class Town:
    """A CA with alice, bob and somebody whose name is longer than alice's; and a hand-written nginx beside it."""

    ca: Ca
    folder: Path
    port: int

    @property
    def config(self) -> Path:
        return self.folder / "nginx.conf"

    def write(self, way: str, change: tuple[str, str] = ("", "")) -> str:
        """Write the configuration; its text."""
        http, rules, mode = WAYS[way]
        text = HEAD.format(http=f"{http.format()}\n{SITE.format(port=self.port, mode=mode, rules=rules.format())}")
        self.config.write_text(text.replace(*change))
        return text

    def serve(self, way: str) -> str:
        text = self.write(way)
        NginxProcess().start(prefix=str(self.folder), config=str(self.config))
        return text

    def adopt(self, *options: str, expect: int = 0) -> dict[str, Any]:
        return self.ca.json("nginx", "adopt", "app.test", "--config", str(self.config), *options, expect=expect)

    def ask(self, who: str | None) -> int | None:
        return told(self, who, "/").status


@pytest.fixture
def town(bench: Bench, tmp_path: Path) -> Iterator[Town]:
    ca = bench.ca
    ca.run("issue", "alice.cooper")
    folder = tmp_path / "nginx"
    for name in ("logs", "run", "html"):
        (folder / name).mkdir(parents=True)
    (folder / "html/index.html").write_text("in\n")
    for source, target in (
        (ca.home / "ca/bundle.pem", "root.pem"), (ca.home / "ca/crl.pem", "root.crl"),
        (ca.identity("app.test", "chain.pem"), "server.pem"), (ca.identity("app.test", "key.pem"), "server.key"),
    ):  # fmt: skip
        shutil.copy(source, folder / target)
    made = Town(ca, folder, free_port())
    yield made
    NginxProcess().stop(prefix=str(folder), config=str(made.config))


@pytest.mark.parametrize("way", WAYS)
def test_who_was_meant_gets_in_and_nobody_else(town: Town, way: str) -> None:
    before = town.serve(way)
    cooper = 200 if way not in {"if-equal", "map-of-common-names"} else 403
    assert [town.ask(who) for who in ("alice", "bob", "alice.cooper")] == [200, 403, cooper]
    plan = town.adopt()
    assert town.config.read_text() == before
    assert plan["steps"][0]["remedy"] == "people-of-the-registry"
    assert all(step["why"] for step in plan["steps"])
    done = town.adopt("--apply")
    assert (done["applied"], done["reloaded"]) == (True, True)
    assert [town.ask(who) for who in ("alice", "bob", "alice.cooper")] == [200, 403, 403]
    assert town.ask(None) in {400, 403}
    assert comments(before) == [line for line in comments(town.config.read_text()) if "Who a client is" not in line]
    assert town.adopt()["steps"] == []
    town.ca.run("nginx", "rollback", "--config", str(town.config))
    assert town.config.read_text() == before
    assert town.ask("alice.cooper") == cooper


def comments(text: str) -> list[str]:
    return [line.partition("#")[2] for line in text.splitlines() if "#" in line]


def test_a_renewal_and_a_revocation_reach_it(town: Town) -> None:
    town.serve("map")
    town.adopt("--apply")
    town.ca.run("rekey", "alice")
    assert town.ask("alice") == 403  # its new serial is not known yet
    assert [step["remedy"] for step in town.adopt("--apply")["steps"]] == ["people-of-the-registry"]
    assert town.ask("alice") == 200
    town.ca.run("revoke", "alice")
    NginxProcess().reload(prefix=str(town.folder), config=str(town.config))
    assert town.ask("alice") == 400


def test_other_peoples_clients_are_left_alone(town: Town) -> None:
    (town.folder / "root.pem").write_bytes(make("Other root", ca=True).pem)
    town.write("map", ("        ssl_crl root.crl;\n", ""))
    made = {step["remedy"] for step in town.adopt()["steps"]}
    assert made
    assert not made & {"people-of-the-registry", "crl-of-the-ca"}


def test_what_is_left_out_stays(town: Town) -> None:
    town.serve("map")
    steps = town.adopt("--without", "people-of-the-registry", "--without", "no-sessions")["steps"]
    assert [step["remedy"] for step in steps][:1] == ["crl-of-the-ca"]
    assert not {"people-of-the-registry", "no-sessions"} & {step["remedy"] for step in steps}


def people(*subjects: str) -> tuple[tuple[Member, str], ...]:
    return tuple(
        (Member(identity=subject.partition(",")[0].removeprefix("CN="), issuer_dn="CN=CA", serial="0A", sha256=""), subject)
        for subject in subjects
    )


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("~CN=alice", ["alice"]),
        ("~*cn=Alice", ["alice"]),
        ("~^CN=alice,O=Ops$", ["alice"]),
        ("CN=alice,O=Ops", ["alice"]),
        ("cn=ALICE,o=ops", ["alice"]),
        ("/O=Ops/CN=alice", ["alice"]),
        ("~/CN=alice$", ["alice"]),
        ("~CN=(alice|build-1)", ["alice", "build-1"]),
        ("~CN=build-[0-9]+", ["build-1", "build-22"]),
        ("~O=Ops", ["alice", "alice.b"]),
        ("~CN=nobody", []),
        ("CN=alice", []),
        ("~(", []),
    ],
)
def test_whom_a_pattern_means(pattern: str, names: list[str]) -> None:
    assert meant(pattern, people("CN=alice,O=Ops", "CN=alice.b,O=Ops", "CN=build-1", "CN=build-22")) == names


TUTORIAL = """\
# nginx.conf, as the guide has it
user root; worker_processes 1; pid run/nginx.pid;
error_log  logs/error.log warn;
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_body_temp_path run/body; proxy_temp_path run/proxy; fastcgi_temp_path run/fastcgi;
    uwsgi_temp_path run/uwsgi; scgi_temp_path run/scgi;

    # who is who
    map $ssl_client_s_dn $user_role {{
        default            "none";
        ~CN=alice          "admin";    # Alice from ops
        "~*CN=bob"         "user";
    }}
    # partners are not limited
    map $http_x_partner $limit_key {{
        default   $binary_remote_addr;
        "1"       "";
    }}
    limit_req_zone $limit_key zone=api:10m rate=1r/m;

    server {{
        listen       127.0.0.1:{back};
        location / {{ return 200 "dn=$http_x_client_dn verify=$http_x_client_verify\\n"; }}
    }}
    server {{
        listen       127.0.0.1:{port} ssl;
        server_name  app.test;

        ssl_certificate      server.pem;
        ssl_certificate_key  server.key;
        ssl_session_cache    shared:SSL:10m;   # performance
        ssl_session_timeout  10m;

        ssl_client_certificate root.pem;
        ssl_verify_client      optional;
        ssl_verify_depth       2;
        ssl_crl                root.crl;
        error_log              logs/api.log warn;

        proxy_set_header X-Client-DN     $ssl_client_s_dn;
        proxy_set_header X-Client-Verify $ssl_client_verify;

        location / {{
            limit_req zone=api;
            proxy_pass http://127.0.0.1:{back};
        }}
        location /admin/ {{
            if ($user_role != "admin") {{ return 403; }}
            # the application wants this one
            proxy_set_header Host $host;
            proxy_pass http://127.0.0.1:{back};
        }}
    }}
}}
"""


def test_the_tutorial_is_adopted_in_one_command(town: Town) -> None:
    text = TUTORIAL.format(port=town.port, back=free_port())
    town.config.write_text(text)
    NginxProcess().start(prefix=str(town.folder), config=str(town.config))
    forged = (("X-Client-DN", "CN=root"), ("X-Partner", "1"))
    assert b"dn=CN=root" in told(town, "alice", "/admin/", *forged).body  # the header is the caller's own
    assert [told(town, None, "/", *forged).status for _ in range(3)] == [200] * 3  # no limit for who says so
    assert told(town, "alice.cooper", "/admin/").status == 200
    done = town.adopt("--no-prove", "--apply")
    assert {step["remedy"] for step in done["steps"]} == {
        "people-of-the-registry", "crl-of-the-ca", "no-sessions", "set-headers-here", "exempt-verified-only", "log-at-info",
        "guard-requests",
    }  # fmt: skip
    assert all(len(step["why"]) > 40 for step in done["steps"])
    body = told(town, "alice", "/admin/", *forged).body
    assert (b"dn=CN=alice" in body, b"verify=SUCCESS" in body) == (True, True)
    assert told(town, None, "/", *forged).status == 403
    assert [told(town, "bob", "/").status for _ in range(3)] == [200] * 3
    assert [told(town, who, "/admin/").status for who in ("bob", "alice.cooper")] == [403, 403]
    changed = town.config.read_text().splitlines()
    kept = [line for line in text.splitlines() if line in changed]
    assert len(text.splitlines()) - len(kept) == 8  # five lines of the maps, the cache, the CRL, the log
    assert town.adopt("--no-prove")["steps"] == []


def told(town: Town, who: str | None, path: str, *headers: tuple[str, str]) -> ProbeResult:
    identity = None
    if who:
        folder = town.ca.identity(who)
        chain, key = (folder / "chain.pem").read_bytes(), (folder / "key.pem").read_bytes()
        identity = ClientIdentity(certificate_chain=chain, private_key=key)
    name = "app.test"
    asked = ProbeRequest(
        address="127.0.0.1", port=town.port, sni=name, host=name, path=path, identity=identity, headers=headers
    )  # fmt: skip
    return TlsProbe().ask(asked)
