"""Saved evidence holds no secret of any kind, and gives the same diagnosis."""

import base64
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    pkcs12,
)
from cryptography.x509 import load_pem_x509_certificates

from handclasp.app.evidence_file import dump, load
from handclasp.app.redaction_text import public_part, scrubbed
from handclasp.diagnose.engine import diagnose
from handclasp.model.finding import Diagnosis
from handclasp.pki.any_form import look
from tests.diagnose.rules.test_rules import SAMPLES, evidence
from tests.diagnose.rules.workshop import Sample
from tests.diagnose.scenes import Scene, _client

MARK = "Zq7Marked0Secret"
EC_KEY = ec.generate_private_key(ec.SECP256R1())
RSA_KEY = rsa.generate_private_key(65537, 2048)

CONFIG = """\
# the password is {m}01
env DB_PASSWORD={m}02;
events {{ }}
http {{
    map $http_x_api_key $client_name {{ default ""; "{m}03" partner; "~^{m}04" other; }}
    map $host $api_key {{ default "{m}05"; }}
    map $ssl_client_s_dn $upstream_auth {{ default ""; "CN=alice" "Basic {m}06"; }}
    proxy_ssl_password_file {here}/passwords;
    init_by_lua_block {{ local token = "{m}50"  -- {m}51
        keys = {{ ["a"] = '{m}52', note = "}}" }}
    }}
    upstream behind {{ server 127.0.0.1:9443; hash "{m}53$uri"; }}
    server {{
        listen 127.0.0.1:8443 ssl;  # ticket {m}07
        server_name site.test;
        ssl_certificate server.pem;
        ssl_certificate_key server.key;
        ssl_password_file {here}/passwords;
        ssl_client_certificate ca.pem;
        ssl_verify_client on;
        set $internal "{m}08";
        set $who $ssl_client_s_dn;
        set $outward "Bearer {m}54";
        set_by_lua_block $signed {{ return ngx.hmac_sha1("{m}55", ngx.var.uri) }}
        rewrite_by_lua 'ngx.req.set_header("Authorization", "Bearer {m}56")';
        js_set $mac handler.{m}57;
        sub_filter "x" "{m}58";
        add_header Set-Cookie "session={m}09; HttpOnly";
        if ($http_authorization != "Bearer {m}10") {{ set $bad 1; }}
        if ($arg_code = {m}11) {{ set $bad 0; }}
        location / {{
            proxy_set_header Authorization "Basic {m}12";
            proxy_set_header Authorization 'Bearer {m}59';
            access_by_lua_block {{
                if ngx.var.http_x_token ~= "{m}60" then return ngx.exit(403) end -- was {m}61
            }}
            proxy_set_header X-Upstream-Auth "{m}13";
            proxy_set_header X-Thing {m}14;
            proxy_set_header X-Mixed "{m}15-$host";
            proxy_set_header Cookie "a={m}16";
            proxy_set_header X-Client $ssl_client_s_dn;
            proxy_pass http://user:{m}17@127.0.0.1:9443/?api_key={m}18;
        }}
        location /files {{
            secure_link $arg_md5,$arg_expires;
            secure_link_md5 "$secure_link_expires$uri {m}19";
            return 302 https://other.test/?access_token={m}20;
        }}
        location /php {{
            fastcgi_param API_SECRET {m}21;
            fastcgi_pass unix:/run/php.sock;
            auth_basic "{m}22";
            auth_basic_user_file {here}/htpasswd;
            auth_jwt "site" token=$cookie_jwt;
            auth_jwt_key_file {here}/passwords;
        }}
    }}
}}
"""
REFUSED = "2026/11/20 10:00:00 [info] 7#7: *1 client sent no required SSL certificate while reading client request headers"
LOG = (
    f'{REFUSED}, request: "GET /reset/{{m}}23abc0123456789?token={{m}}24&x=1 HTTP/1.1", host: "site.test"',
    f'{REFUSED}, client: 192.0.2.7, server: site.test, referrer: "https://user:{{m}}25@site.test/?sid={{m}}26"',
    "2026/11/20 10:00:00 [error] 7#7: *2 [lua] auth.lua:3: sent Authorization: Bearer {m}27, client: 192.0.2.7",
    "2026/11/20 10:00:00 [error] 7#7: *2 [lua] auth.lua:3: Cookie: a={m}28; b={m}29 while sending SSL",
    "2026/11/20 10:00:00 [error] 7#7: *3 upstream said password={m}30 SSL eyJhbGciOiJIUzI1NiJ9.{m}31.{m}32",
)


def key_files(scene: Scene) -> dict[str, bytes]:
    """Private keys of every kind, in files that look like certificates beside those of the configuration."""
    password = BestAvailableEncryption(b"sesame")
    chain = load_pem_x509_certificates((scene.folder / "peer.pem").read_bytes())
    held = load_pem_private_key((scene.folder / "peer.key").read_bytes(), None)
    assert isinstance(held, ec.EllipticCurvePrivateKey)
    every = {
        "pkcs1.pem": RSA_KEY.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()),
        "pkcs8.pem": RSA_KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        "sec1.pem": EC_KEY.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()),
        "locked.pem": EC_KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, password),
        "old-locked.pem": RSA_KEY.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, password),
        "openssh.pem": EC_KEY.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()),
        "pkcs8.der": RSA_KEY.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()),
        "sec1.der": EC_KEY.private_bytes(Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption()),
        "container.crt": pkcs12.serialize_key_and_certificates(b"me", held, chain[0], chain[1:], password),
    }
    pem = every["pkcs8.pem"]
    return every | {
        "wide.pem": pem.decode().encode("utf-16"),
        "cut.pem": pem[:-200],
        "mislabelled.pem": pem.replace(b"PRIVATE KEY", b"CERTIFICATE"),
        "bare.pem": b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
        + b"".join(pem.splitlines(keepends=True)[1:-1]),
        "noted.pem": f"friendlyName: x\npassword: {MARK}40\n".encode() + (scene.folder / "ca.pem").read_bytes(),
    }


def secrets_of(content: bytes) -> list[bytes]:
    """What of a key file must not be found anywhere: runs of its bytes, and of its base64, past the header."""
    lines = [line for line in content.replace(b"\0", b"").splitlines() if len(line) == 64 and b"-" not in line]
    return [content[100:130], *lines[2:-1]]


def held_in(saved: Path) -> bytes:
    """Everything in the saved file, with what is in base64 there unpacked."""
    raw = saved.read_bytes()
    kept = json.loads(raw)["evidence"]
    files = [*kept["files"].values(), *kept["candidates"].values(), kept["presented"], kept["upstream_chain"]]
    return b"\n".join((raw, *(base64.b64decode(one) for one in files if one)))


def doctor(*argv: str) -> dict[str, object]:
    done = subprocess.run(
        [sys.executable, "-m", "handclasp", "doctor", "--json", "--no-prove", *argv], capture_output=True, check=False
    )
    assert done.returncode in {0, 1}, done.stderr.decode()
    found: dict[str, object] = json.loads(done.stdout)
    found.pop("triage", None)
    return found


@pytest.mark.parametrize("form", ["files", "dump"])
def test_no_secret_is_saved_and_the_diagnosis_stays(form: str, tmp_path: Path) -> None:
    scene = _client(tmp_path)
    scene.write()
    for name, content in key_files(scene).items():
        (tmp_path / name).write_bytes(content)
    for name in ("passwords", "htpasswd"):
        (tmp_path / name).write_text(f"{MARK}33\n")
    text = CONFIG.format(m=MARK, here=tmp_path)
    conf = tmp_path / "nginx.conf"
    conf.write_text(text if form == "files" else f"# configuration file {conf}:\n{text}\n")
    (tmp_path / "error.log").write_text("\n".join(LOG).format(m=MARK))
    saved = tmp_path / "evidence.json"
    given = ["--config", str(conf), "--client-cert", str(tmp_path / "peer.pem"), "--log", str(tmp_path / "error.log")]
    lines = [option for line in LOG for option in ("--line", line.format(m=MARK))]
    direct = doctor(*given, *lines, "--save", str(saved))
    held = held_in(saved)
    assert b"ssl_client_certificate ca.pem" in held
    assert MARK.encode() not in held, held[max(0, held.find(MARK.encode()) - 80) :][:120]
    for name, content in key_files(scene).items():
        for secret in secrets_of(content) if name != "noted.pem" else ():
            assert secret not in held, name
    assert MARK not in json.dumps(direct)
    again = doctor("--evidence", str(saved))
    assert told(again) == told(direct)
    assert again["verdict"] == direct["verdict"]


def told(found: dict[str, object]) -> list[tuple[object, ...]]:
    findings = found["findings"]
    assert isinstance(findings, list)
    return [(one["cause"], one["severity"], one["where"].get("line"), one["where"].get("directive")) for one in findings]


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.label)
def test_every_sample_is_diagnosed_alike_from_its_saved_evidence(sample: Sample, tmp_path: Path) -> None:
    given = evidence(sample, tmp_path)
    again = load(dump(given), where="saved")
    before, after = (diagnose(one).diagnosis for one in (given, again))
    assert seen(after) == seen(before)
    assert after.verdict == before.verdict


def seen(diagnosis: Diagnosis) -> list[tuple[object, ...]]:
    """What was found, and where; columns move when a value before them on the line is left out."""
    return [(one.cause, one.severity, replace(one.where, column=None)) for one in diagnosis.findings]


@pytest.mark.parametrize("line", LOG)
def test_log_lines_lose_their_secrets_only(line: str) -> None:
    assert MARK not in scrubbed(line.format(m=MARK))
    plain = (
        "2026/11/20 10:00:00 [info] 7#7: *1 client SSL certificate verify error: (10:certificate has expired) while reading"
        ' client request headers, client: 192.0.2.7, server: site.test, request: "GET /api/v1/users HTTP/1.1", host: "a.test"'
    )
    assert scrubbed(plain) == plain


def test_what_is_public_stays_byte_for_byte(tmp_path: Path) -> None:
    scene = _client(tmp_path)
    scene.write()
    for path in tmp_path.glob("*.pem"):
        content = path.read_bytes()
        assert public_part(content) == content
        assert public_part(content.replace(b"\n", b"\r\n")) == content.replace(b"\n", b"\r\n")
    random = Random(3)
    for _ in range(300):
        noise = random.randbytes(random.randrange(200))
        assert len(public_part(noise)) <= 2 * len(noise) + 100
        assert look(public_part(noise)).certificates == look(noise).certificates
