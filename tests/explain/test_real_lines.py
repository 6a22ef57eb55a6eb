"""Lines that this machine's nginx really writes, explained: none is doubted, and the true cause is among the first."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from handclasp.app.explain import Engine, explain
from handclasp.catalogue import causes
from handclasp.diagnose.log_line import INTERESTING, LineKind, read_line
from tests.nginx_rig import Issued, Rig, crl, free_port, make, rig
from tests.waiting import eventually


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Rig, int, int]]:
    """A verifying nginx; behind its front server an upstream with another name, one of another CA, and one that is no TLS."""
    with rig(tmp_path_factory.mktemp("nginx")) as made:
        front, plain = free_port(), free_port()
        made.http(
            f"""
            server {{
                listen 127.0.0.1:{made.port} ssl; server_name app.test;
                ssl_certificate server.pem; ssl_certificate_key server.key;
                ssl_client_certificate root.pem; ssl_crl root.crl; ssl_verify_client on;
                location / {{ return 200 "in"; }}
            }}
            server {{ listen 127.0.0.1:{plain}; location / {{ return 200 "plain"; }} }}
            server {{
                listen 127.0.0.1:{front};
                proxy_ssl_verify on; proxy_ssl_trusted_certificate root.pem;
                proxy_ssl_session_reuse off; # sessions are shared by peer: a good one would hide the wrong CA
                location /name {{ proxy_pass https://localhost:{made.port}/; proxy_ssl_name wrong.test; }}
                location /ca {{ proxy_pass https://localhost:{made.port}/; proxy_ssl_trusted_certificate strange.pem;
                                proxy_ssl_name app.test; }}
                location /plain {{ proxy_pass https://127.0.0.1:{plain}/; }}
                location /nocert {{ proxy_pass https://127.0.0.1:{made.port}/; proxy_ssl_name app.test; }}
            }}
            """
        )
        made.write("strange.pem", make("Strange root", ca=True).pem)
        made.start()
        yield made, front, plain


def lines_of(made: Rig, *arguments: str) -> tuple[str, list[str]]:
    log = Path(made.prefix) / "logs" / "error.log"
    before = log.stat().st_size
    ran = subprocess.run(["curl", "-sk", "--max-time", "50", *arguments], capture_output=True, text=True, check=False)
    return ran.stdout, interesting(log, before)


def interesting(log: Path, begin: int) -> list[str]:
    with log.open("rb") as opened:
        opened.seek(begin)
        return [line for line in opened.read().decode(errors="replace").splitlines() if INTERESTING.search(line)]


def https(made: Rig, who: Issued | None = None) -> list[str]:
    arguments = [f"https://app.test:{made.port}/", "--resolve", f"app.test:{made.port}:127.0.0.1"]
    if who:
        made.write("who.pem", who.pem)
        made.write("who.key", who.key_pem)
        arguments += ["--cert", f"{made.prefix}/who.pem", "--key", f"{made.prefix}/who.key"]
    return arguments


def first_causes(line: str) -> list[str]:
    found = explain(line, Engine())
    assert found.doubt is None, line
    assert found.meaning, line
    return [item.cause.slug for item in found.causes[:4]]


def test_no_certificate(running: tuple[Rig, int, int]) -> None:
    made, _, _ = running
    page, lines = lines_of(made, *https(made))
    assert first_causes(lines[0])[0] == "client-sent-no-cert"
    assert "client-sent-no-cert" in first_causes(page)


def test_a_foreign_certificate(running: tuple[Rig, int, int]) -> None:
    made, _, _ = running
    page, lines = lines_of(made, *https(made, made.stranger))
    line = read_line(lines[0])
    assert (line.kind, line.level) == (LineKind.CLIENT_VERIFY, "info")
    assert first_causes(lines[0])[0] == "client-ca-not-trusted"
    assert first_causes(page)[0] == "error-log-level-hides-reason"


def test_plain_http(running: tuple[Rig, int, int]) -> None:
    made, _, _ = running
    page, lines = lines_of(made, f"http://127.0.0.1:{made.port}/")
    assert first_causes(lines[0])[0] == "plain-http-to-https-port"
    assert "plain-http-to-https-port" in first_causes(page)


@pytest.mark.parametrize(
    ("path", "cause"),
    [("name", "upstream-name-mismatch"), ("ca", "upstream-ca-not-trusted"), ("plain", "upstream-is-plain-http")],
)
def test_upstreams(running: tuple[Rig, int, int], path: str, cause: str) -> None:
    made, front, _ = running
    page, lines = lines_of(made, f"http://127.0.0.1:{front}/{path}")
    assert any(cause in first_causes(line) for line in lines), lines
    assert "502" in page


def test_a_relayed_page(running: tuple[Rig, int, int]) -> None:
    made, front, _ = running
    page, _ = lines_of(made, f"http://127.0.0.1:{front}/nocert")
    found = [item.cause.slug for item in explain(page).causes]
    assert "upstream-400-relayed" in found


@pytest.mark.parametrize(
    ("tls", "cause"),
    [
        ("ssl_verify_client on;", "verify-on-without-ca"),
        ("ssl_verify_client on; ssl_client_certificate server.key;", "ca-file-not-pem"),
        ("ssl_verify_client on; ssl_client_certificate nowhere.pem;", "file-missing-in-container"),
        ("ssl_client_certificate root.pem; ssl_client_certificate root.pem;", "directive-invalid-advice"),
        ("ssl_verify_client require;", "directive-invalid-advice"),
        ("location /x { ssl_verify_client on; }", "directive-wrong-context"),
        ("ssl_client_certificate root.pem; ssl_crl server.key;", "client-crl-file-format"),
        ("location /x { proxy_pass https://127.0.0.1:1; proxy_ssl_verify on; }", "upstream-verify-without-trust-file"),
    ],
)
def test_what_nginx_says_when_it_refuses_to_start(tmp_path: Path, tls: str, cause: str) -> None:
    with rig(tmp_path) as made:
        made.site(tls)
        ran = subprocess.run(["nginx", "-t", "-p", made.prefix, "-c", made.config], capture_output=True, text=True, check=False)
        line = next(text for text in ran.stderr.splitlines() if "[emerg]" in text)
        assert read_line(line).kind is LineKind.START
        assert cause in [item.cause.slug for item in explain(line).causes], (line, cause)


def test_closing_the_connection_of_refused_clients(tmp_path: Path) -> None:
    """The remedy that gives strangers nothing: nginx takes it, and they get no answer."""
    (remedy,) = causes.load("design-400-not-alert").remedies
    with rig(tmp_path) as made:
        made.verifying(" ".join(remedy.directives))
        made.start()
        page, _ = lines_of(made, *https(made))
        assert page == ""
        assert "hello SUCCESS" in lines_of(made, *https(made, made.alice))[0]


def status(made: Rig, *arguments: str) -> str:
    return lines_of(made, "-o", "/dev/null", "-w", "%{http_code}", *arguments)[0]


def test_letting_preflights_through_and_nothing_else(tmp_path: Path) -> None:
    (remedy,) = causes.load("cors-preflight-has-no-cert").remedies
    ask, guard_map, guard = remedy.directives
    with rig(tmp_path) as made:
        made.site(f"ssl_client_certificate root.pem; {ask} {guard}")
        config = Path(made.config).read_text().replace("access_log off;", f"access_log off; {guard_map}")
        made.write("nginx.conf", config)
        made.start()
        assert status(made, *https(made)) == "403"
        assert status(made, "-X", "OPTIONS", *https(made)) == "200"
        assert status(made, "-X", "OPTIONSX", *https(made)) in ("403", "405")
        assert status(made, *https(made, made.alice)) == "200"
        assert status(made, *https(made, made.stranger)) == "400"


@pytest.mark.parametrize("slug", ["optional-not-enforced", "verify-failed-compare"])
def test_guards_of_optional(tmp_path: Path, slug: str) -> None:
    (remedy,) = causes.load(slug).remedies
    with rig(tmp_path) as made:
        made.site(f"ssl_client_certificate root.pem; ssl_verify_client optional; {' '.join(remedy.directives)}")
        made.start()
        assert status(made, *https(made)) == "403"
        assert status(made, *https(made, made.alice)) == "200"


def test_rejecting_handshakes_without_a_known_name(tmp_path: Path) -> None:
    (remedy,) = causes.load("request-by-ip-or-without-sni").remedies
    (default,) = remedy.directives
    with rig(tmp_path) as made:
        made.verifying()
        config = Path(made.config).read_text()
        made.write("nginx.conf", config.rstrip().removesuffix("}") + default.replace("443", f"127.0.0.1:{made.port}") + "\n}\n")
        made.start()
        log = Path(made.prefix) / "logs" / "error.log"
        before = log.stat().st_size
        assert lines_of(made, f"https://127.0.0.1:{made.port}/", "-H", "Host: app.test")[0] == ""
        eventually(lambda: interesting(log, before))  # the client has its alert before nginx notes it
        assert first_causes(interesting(log, before)[0])
        assert status(made, *https(made, made.alice)) == "200"


def test_renaming_the_session_cache_ends_the_sessions_of_the_revoked(tmp_path: Path) -> None:
    """The remedy for revoked clients that resume: same reload, other zone name; the dead end beside it: reload alone."""
    (remedy,) = causes.load("revoked-client-resumes-session").remedies
    tls = "ssl_session_cache shared:{zone}:1m; ssl_session_tickets off; ssl_protocols TLSv1.2;"
    with rig(tmp_path) as made:
        made.verifying(tls.format(zone="SSL_1"))
        made.start()
        made.write("alice.pem", made.alice.pem)
        made.write("alice.key", made.alice.key_pem)

        def ask(*session: str) -> str:
            ran = subprocess.run(
                ["openssl", "s_client", "-connect", f"127.0.0.1:{made.port}", "-servername", "app.test", "-tls1_2", "-quiet",
                 "-cert", f"{made.prefix}/alice.pem", "-key", f"{made.prefix}/alice.key", *session],
                input="GET / HTTP/1.0\r\nHost: app.test\r\n\r\n", capture_output=True, text=True, check=False, timeout=60,
            )  # fmt: skip
            return ran.stdout

        held = f"{made.prefix}/held.session"
        assert "hello SUCCESS ." in ask("-sess_out", held)
        made.write("root.crl", crl(made.root, made.alice))
        made.reload()
        assert "hello SUCCESS r" in ask("-sess_in", held)
        assert "shared:SSL_2:" in remedy.directives[0]
        made.verifying(tls.format(zone="SSL_2"))
        made.reload()
        assert "400 The SSL certificate error" in ask("-sess_in", held)
