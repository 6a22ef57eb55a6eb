"""nginx adopt on configurations as people put them together: what they let through is shut, and nothing else is touched."""

import hashlib
import json
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from handclasp.adapters.nginx_process import NginxProcess
from handclasp.adapters.tls_probe import TlsProbe
from handclasp.diagnose.rules.sessions import KEYS_IN_ZONE
from handclasp.model.probe import ClientIdentity, ProbeRequest
from tests.app_apply.town import Town
from tests.http_rig import Application, serving
from tests.nginx_rig import free_port

MAIN = """\
user root; worker_processes 1; error_log logs/error.log info; pid run/nginx.pid;
events { worker_connections 64; }
http {
    access_log off;
    client_body_temp_path run/body; proxy_temp_path run/proxy; fastcgi_temp_path run/fastcgi;
    uwsgi_temp_path run/uwsgi; scgi_temp_path run/scgi;
    ssl_protocols TLSv1.2 TLSv1.3;
@BODY@
}
"""
TLS = "ssl_certificate server.pem; ssl_certificate_key server.key;"
CLIENTS = "ssl_client_certificate root.pem; ssl_crl root.crl;"


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One request. `who`: None: nobody; "stranger": a certificate of their own making, with alice's name."""

    who: str | None
    path: str = "/"
    headers: tuple[tuple[str, str], ...] = ()
    sni: str | None = "app.test"
    host: str = "app.test"
    says: bytes = b""


@dataclass(frozen=True, kw_only=True)
class Tree:
    """`files` beside nginx.conf, `links` to what they point to. `attack` gets through, and `good`, who must go on to.

    `revoked`: whose certificate does not count any more. `most_lines` of before are changed.
    """

    body: str
    attack: Attempt
    good: Attempt = Attempt(who="alice")
    files: dict[str, str] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    most_lines: int = 4
    revoked: str | None = None


def site(rules: str, *, verify: str = "on", more: str = "", listen: str = "listen 127.0.0.1:@PORT@ ssl;") -> str:
    return f"""{more}
    server {{
        {listen}
        server_name app.test;
        {TLS}
        {CLIENTS}
        ssl_verify_client {verify};
{rules}
    }}"""


UPGRADE = "    map $http_upgrade $connection_upgrade { default upgrade; '' close; }"
PROXY = "proxy_pass http://127.0.0.1:@BACK@;"
GUARD = "if ($ssl_client_verify != SUCCESS) { return 403; }"

TREES: dict[str, Tree] = {
    # A house with an app behind it: the API has a location of its own, which nobody guards.
    "home-automation": Tree(
        body=site(
            f"""\
        location / {{
            {GUARD}
            proxy_set_header Host $host;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection $connection_upgrade;
            {PROXY}
        }}
        location /api/websocket {{
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection $connection_upgrade;
            {PROXY}
        }}""",
            verify="optional",
            more=UPGRADE,
        ),
        attack=Attempt(who=None, path="/api/websocket"),
    ),
    # An appliance that takes certificates of any CA, and looks at the name alone.
    "appliance": Tree(
        body=site(
            f"""\
        if ($ssl_client_s_dn !~ "CN=alice") {{ return 403; }}
        location / {{ {PROXY} }}""",
            verify="optional_no_ca",
        ).replace(" ssl_crl root.crl;", ""),
        attack=Attempt(who="stranger"),
    ),
    "if-in-each-location": Tree(
        body=site(
            f"""\
        location / {{ {GUARD} {PROXY} }}
        location /reports/ {{
            {GUARD}
            location ~ \\.pdf$ {{ {PROXY} }}
        }}""",
            verify="optional",
        ),
        attack=Attempt(who=None, path="/reports/q1.pdf"),
    ),
    "map-of-names": Tree(
        body=site(
            f"""\
        if ($person = "") {{ return 403; }}
        location / {{ proxy_set_header X-User $person; {PROXY} }}
        location /files/ {{ proxy_set_header X-User $person; {PROXY} }}""",
            more="""\
    map $ssl_client_s_dn $person {
        default "";
        ~CN=alice  alice;   # she may
    }""",
        ),
        attack=Attempt(who="alice.cooper"),
        good=Attempt(who="alice", says=b"user=alice"),
    ),
    # A list of fingerprints; whoever was revoked is on it still.
    "fingerprints": Tree(
        body=site(
            f"""\
        if ($known = 0) {{ return 403; }}
        location / {{ {PROXY} }}""",
            more="    map $ssl_client_fingerprint $known { default 0; @ALICE@ 1; @BOB@ 1; }",
        ).replace(" ssl_crl root.crl;", ""),
        attack=Attempt(who="bob"),
        revoked="bob",
    ),
    "headers-in-locations": Tree(
        body=site(
            f"""\
        proxy_set_header X-Client-DN $ssl_client_s_dn;
        proxy_set_header X-Verify $ssl_client_verify;
        location / {{ {PROXY} }}
        location /chat {{
            proxy_http_version 1.1;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection $connection_upgrade;
            {PROXY}
        }}""",
            more=UPGRADE,
        ),
        attack=Attempt(who="bob", path="/chat", headers=(("X-Client-DN", "CN=alice"),), says=b"dn=CN=alice"),
        good=Attempt(who="alice", says=b"dn=CN=alice verify=SUCCESS"),
    ),
    # All of http{} asks for certificates; the first server, which answers for strangers' names, does not.
    "asked-in-http": Tree(
        body=f"""\
    ssl_client_certificate root.pem; ssl_crl root.crl; ssl_verify_client optional;
    {TLS}
    server {{ listen 127.0.0.1:@PORT@ ssl; server_name www.test; ssl_verify_client off; return 200 "public"; }}
    server {{
        listen 127.0.0.1:@PORT@ ssl;
        server_name app.test;
        location / {{ {PROXY} }}
    }}""",
        attack=Attempt(who=None),
    ),
    "default-of-another-ca": Tree(
        body=f"""\
    server {{ listen 127.0.0.1:@PORT@ ssl default_server; server_name other.test; {TLS}
        ssl_client_certificate other.pem; ssl_verify_client on; return 200 "other"; }}
"""
        + site(f"        location / {{ {PROXY} }}"),
        attack=Attempt(who="stranger", sni=None),
    ),
    "snippets": Tree(
        body="    include sites/*.conf;",
        files={
            "snippets/mtls.conf": f"{CLIENTS}\nssl_verify_client optional;   # asked everywhere\n",
            "sites/app.conf": f"""\
server {{
    listen 127.0.0.1:@PORT@ ssl;
    server_name app.test;
    {TLS}
    include snippets/mtls.conf;
    location / {{ {PROXY} }}
}}
""",
            "sites/second.conf": f"""\
server {{
    listen 127.0.0.1:@PORT@ ssl;
    server_name second.test;
    {TLS}
    include snippets/mtls.conf;
    {GUARD}
    location / {{ {PROXY} }}
}}
""",
        },
        attack=Attempt(who=None),
    ),
    "sites-enabled": Tree(
        body="    include sites-enabled/*;",
        files={"sites-available/app": site(f"        location / {{ {PROXY} }}", verify="optional")},
        links={"sites-enabled/app": "../sites-available/app"},
        attack=Attempt(who=None),
    ),
    "main-file-from-a-repository": Tree(
        body="    include conf.d/*.conf;",
        files={"repository/app.conf": site(f"        location / {{ {PROXY} }}", verify="optional")},
        links={"conf.d": "repository"},
        attack=Attempt(who=None),
    ),
    "page-instead-of-a-refusal": Tree(
        body=site(
            f"""\
        error_page 495 496 =200 @welcome;
        location @welcome {{ {PROXY} }}
        location / {{ {PROXY} }}"""
        ),
        attack=Attempt(who=None),
    ),
}


class Told(Application):
    """An application that answers with what it is told of its visitor."""

    def respond(self) -> None:
        self.answer(" ".join(f"{word}={self.headers.get(name, '')}" for word, name in SAID).encode())


SAID = (("user", "X-User"), ("dn", "X-Client-DN"), ("verify", "X-Verify"))


@pytest.fixture
def application() -> Iterator[int]:
    """Its port."""
    with serving(Told) as port:
        yield port


@pytest.fixture(params=TREES)
def tree(request: pytest.FixtureRequest, town: Town, application: int) -> Tree:
    """One of them, served."""
    return served(TREES[request.param], town, application)


def served(made: Tree, town: Town, application: int) -> Tree:
    """Put a tree where the nginx of the town reads it, and start that."""
    if made.revoked:
        town.ca.run("revoke", made.revoked)
    marks = {"@PORT@": str(town.port), "@BACK@": str(application), "@ALICE@": sha1(town, "alice"), "@BOB@": sha1(town, "bob")}
    (town.folder / "other.pem").write_bytes(stranger(town)[0])
    for name, text in {"nginx.conf": MAIN.replace("@BODY@", made.body), **made.files}.items():
        path = town.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(re.sub(r"@[A-Z0-9]+@", lambda found: marks[found[0]], text))
    for name, target in made.links.items():
        path = town.folder / name
        path.parent.mkdir(exist_ok=True)
        path.symlink_to(target)
    NginxProcess().start(prefix=str(town.folder), config=str(town.config))
    return made


def sha1(town: Town, who: str) -> str:
    der = subprocess.run(
        ["openssl", "x509", "-in", town.ca.identity(who, "certificate.pem"), "-outform", "DER"], check=True, capture_output=True
    ).stdout
    return hashlib.sha1(der, usedforsecurity=False).hexdigest()


def stranger(town: Town) -> tuple[bytes, bytes]:
    """A certificate that somebody made for themselves, with alice's name, and its key."""
    key, certificate = town.folder / "stranger.key", town.folder / "stranger.pem"
    if not certificate.exists():
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=alice",
             "-days", "2", "-keyout", key, "-out", certificate],
            check=True, capture_output=True,
        )  # fmt: skip
    return certificate.read_bytes(), key.read_bytes()


def through(town: Town, attempt: Attempt) -> bool:
    """Whether nginx answers as the one who asks would have it."""
    identity = None
    if attempt.who == "stranger":
        chain, key = stranger(town)
        identity = ClientIdentity(certificate_chain=chain, private_key=key)
    elif attempt.who:
        folder = town.ca.identity(attempt.who)
        chain, key = (folder / "chain.pem").read_bytes(), (folder / "key.pem").read_bytes()
        identity = ClientIdentity(certificate_chain=chain, private_key=key)
    seen = TlsProbe().ask(
        ProbeRequest(
            address="127.0.0.1", port=town.port, sni=attempt.sni, host=attempt.host, path=attempt.path, identity=identity,
            headers=attempt.headers,
        )
    )  # fmt: skip
    return seen.status == 200 and attempt.says in seen.body


def texts(town: Town) -> dict[Path, list[str]]:
    ours = (town.folder / "handclasp", town.folder / ".handclasp")
    found = (path for path in town.folder.rglob("*") if path.is_file() and not path.is_symlink())
    kept = (path for path in found if path.suffix not in {".pem", ".key", ".crl", ".log", ".pid"})
    return {path: path.read_text().splitlines() for path in kept if not any(path.is_relative_to(one) for one in ours)}


def test_what_gets_through_is_shut_and_nothing_else_is_touched(tree: Tree, town: Town) -> None:
    shut(tree, town)


def shut(tree: Tree, town: Town) -> None:
    """What gets through does so no more once it is adopted; the one who was meant does, and the rest is as it was."""
    before = texts(town)
    told = town.ca.start("nginx", "check", "--config", str(town.config), "--json").communicate(timeout=60)[0]
    assert json.loads(told)["findings"]
    assert through(town, tree.good)
    assert through(town, tree.attack)
    plan = town.adopt("--no-prove")
    assert plan["steps"]
    assert all(step["why"] for step in plan["steps"])
    assert texts(town) == before
    done = town.adopt("--no-prove", "--apply")
    assert (done["applied"], done["reloaded"]) == (True, True)
    assert not through(town, tree.attack)
    assert through(town, tree.good)
    after = texts(town)
    assert set(after) == set(before)
    gone = [line for path, lines in before.items() for line in lines if line not in after[path]]
    assert len(gone) <= tree.most_lines, gone
    assert town.adopt("--no-prove")["steps"] == []
    checked = town.ca.json("nginx", "check", "--config", str(town.config))
    assert [one["cause"] for one in checked["findings"] if one["severity"] == "error"] == []


REFUSED = site(
    f"""\
        error_page 495 496 497 = @refused;
        location @refused {{ return 403 "not through here"; }}
        location / {{ {PROXY} }}"""
)


def test_a_page_that_refuses_is_left_alone(town: Town) -> None:
    text = MAIN.replace("@BODY@", REFUSED).replace("@PORT@", str(town.port)).replace("@BACK@", str(free_port()))
    town.config.write_text(text)
    town.config.chmod(0o444)
    steps = town.adopt("--no-prove", "--apply")["steps"]
    # Before 1.23.2 a ticket of TLS 1.3 is good for ever: past a revocation, and past the end of the certificate.
    endless = ["no-sessions"] if NginxProcess().build().version < KEYS_IN_ZONE else []
    assert [step["remedy"] for step in steps] == ["crl-of-the-ca", *endless]
    assert (town.config.stat().st_mode & 0o777, town.adopt("--no-prove")["steps"]) == (0o444, [])
