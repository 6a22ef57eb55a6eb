"""Large configurations: 500 servers in 10,000 lines, and saved evidence is as good."""

import base64
import contextlib
import io
import json
from pathlib import Path

from handclasp.cli import main
from tests.diagnose.scenes import Scene, _client

SERVER = """\
    server {{
        listen 127.0.0.1:8443 ssl;
        server_name site{n}.test www.site{n}.test;
        ssl_certificate server.pem;
        ssl_certificate_key server.key;
        ssl_client_certificate ca.pem;
        ssl_verify_client on;
        location / {{
            proxy_set_header X-Client $ssl_client_s_dn;
            proxy_set_header Authorization "Bearer marked-secret-{n}";
            proxy_pass https://127.0.0.1:9443;
            proxy_ssl_verify on;
            proxy_ssl_trusted_certificate ca.pem;
            proxy_ssl_name backend{n}.test;
        }}
        location /static {{
            root /srv;
            expires 1d;
        }}
    }}
"""


def large(folder: Path, servers: int, server: str = SERVER) -> Scene:
    scene = _client(folder)
    scene.write()
    body = "".join(server.format(n=number) for number in range(servers))
    (folder / "nginx.conf").write_text(f"events {{ }}\nhttp {{\n{body}}}\n")
    return scene


def document(*argv: str) -> dict[str, object]:
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        assert main(["doctor", "--json", "--no-prove", *argv]) in {0, 1}
    found: dict[str, object] = json.loads(said.getvalue())
    return found


def test_ten_thousand_lines_are_diagnosed(tmp_path: Path) -> None:
    large(tmp_path, 500)
    assert (tmp_path / "nginx.conf").read_text().count("\n") >= 10_000
    peer = ("--client-cert", str(tmp_path / "peer.pem"), "--server", "site400.test")
    found = document("--config", str(tmp_path / "nginx.conf"), *peer)
    assert found["verdict"]["status"] == 200  # type: ignore[index]


def test_saved_evidence_gives_the_same_diagnosis_and_holds_no_secret(tmp_path: Path) -> None:
    large(tmp_path, 5)
    saved = tmp_path / "evidence.json"
    argv = ("--config", str(tmp_path / "nginx.conf"), "--client-cert", str(tmp_path / "peer.pem"))
    direct = document(*argv, "--save", str(saved))
    again = document("--evidence", str(saved))
    assert [item["cause"] for item in again["findings"]] == [item["cause"] for item in direct["findings"]]  # type: ignore[attr-defined]
    assert again["verdict"] == direct["verdict"]
    texts = [base64.b64decode(held) for held in json.loads(saved.read_bytes())["evidence"]["files"].values() if held]
    assert texts
    assert not any(b"marked-secret" in text or b"PRIVATE KEY-----" in text for text in texts)
