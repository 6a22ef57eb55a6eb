"""nginx adopt: a configuration as tutorials have it, put right in place, on the nginx that runs it."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from handclasp.adapters.tls_probe import TlsProbe
from handclasp.cli import main
from handclasp.model.probe import ProbeRequest, ProbeResult
from handclasp.nginxconf.render_tls import SESSIONS_END
from tests.http_rig import Application, serving
from tests.nginx_rig import Issued, Rig

TUTORIAL = """\
    # who may come in
    map $ssl_client_s_dn $known {{
        default 0;
        "CN=alice" 1;   # the boss
        "CN=bob" 1;
    }}
    server {{
        listen 127.0.0.1:{port} ssl;
        server_name app.test;
        ssl_certificate server.pem;
        ssl_certificate_key server.key;
        ssl_client_certificate root.pem;
        ssl_crl root.crl;
        ssl_verify_client optional;
        error_log logs/site.log warn;
        if ($known = 0) {{ return 403; }}
        proxy_set_header X-Client-DN $ssl_client_s_dn;
        proxy_set_header X-Client-Verify $ssl_client_verify;
        location / {{ proxy_pass http://127.0.0.1:{back}; }}
        location /api/ {{
            proxy_set_header Host $host;    # the application wants it
            proxy_pass http://127.0.0.1:{back};
        }}
    }}
"""


@pytest.fixture
def backend() -> Iterator[int]:
    """An application that tells who it takes the client for."""

    class Told(Application):
        def respond(self) -> None:
            self.answer((self.headers.get("X-Client-DN") or "nobody").encode())

    with serving(Told) as port:
        yield port


@pytest.fixture
def tutorial(nginx_rig: Rig, backend: int) -> Rig:
    nginx_rig.http(TUTORIAL.format(port=nginx_rig.port, back=backend))
    nginx_rig.start()
    return nginx_rig


def ask(rig: Rig, who: Issued | None, path: str) -> ProbeResult:
    forged = (("X-Client-DN", "CN=admin"),)
    request = ProbeRequest(address="127.0.0.1", port=rig.port, sni="app.test", host="app.test", path=path, headers=forged)
    return TlsProbe().ask(replace(request, identity=who.identity() if who else None))


def adopt(rig: Rig, capsys: pytest.CaptureFixture[str], *options: str) -> dict[str, Any]:
    rig.write("bob.pem", rig.bob.pem)
    rig.write("bob.key", rig.bob.key_pem)
    client = ("--client-cert", f"{rig.prefix}/bob.pem", "--client-key", f"{rig.prefix}/bob.key")
    assert main(["nginx", "adopt", "app.test", "--config", rig.config, *client, *options, "--json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_the_hole_is_there_and_gone(tutorial: Rig, capsys: pytest.CaptureFixture[str]) -> None:
    before = Path(tutorial.config).read_text()
    assert ask(tutorial, tutorial.bob, "/api/").body == b"CN=admin"
    plan = adopt(tutorial, capsys)
    assert Path(tutorial.config).read_text() == before
    causes = {step["cause"]: step["why"] for step in plan["steps"]}
    assert {"proxy-set-header-inheritance", "error-log-level-hides-reason"} <= causes.keys()
    assert all(causes.values())
    done = adopt(tutorial, capsys, "--apply")
    assert (done["applied"], done["reloaded"], all(one["ok"] for one in done["proof"])) == (True, True, True)
    assert {one["name"] for one in done["proof"]} >= {"certificate of another CA", "the client in question"}
    assert ask(tutorial, tutorial.bob, "/api/").body == b"CN=bob"
    assert ask(tutorial, tutorial.bob, "/").body == b"CN=bob"
    assert ask(tutorial, None, "/api/").status == 403
    after = Path(tutorial.config).read_text()
    assert [line for line in before.splitlines() if line not in after.splitlines()] in ([], [_LOGGED])
    assert adopt(tutorial, capsys)["steps"] == []


_LOGGED = "        error_log logs/site.log warn;"


def test_what_is_left_out_stays(tutorial: Rig, capsys: pytest.CaptureFixture[str]) -> None:
    done = adopt(tutorial, capsys, "--without", "log-at-info", "--apply")
    endless = tutorial.nginx.build().version < SESSIONS_END  # resuming begins the time of a session anew
    assert [step["remedy"] for step in done["steps"]] == ["set-headers-here", *(["no-sessions"] if endless else [])]
    assert _LOGGED in Path(tutorial.config).read_text()
