"""Each snippet in the program it is for: the wanted client gets in; none, a stranger and a revoked one do not."""

import imaplib
import os
import shutil
import signal
import smtplib
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from handclasp.model.errors import PolicyError
from handclasp.model.guarded import Guarded, Member
from handclasp.present.snippets import SNIPPETS
from tests.nginx_rig import free_port
from tests.snippets.conftest import People
from tests.waiting import eventually

KNOCKING = ("alice", "bob", None, "stranger", "mallory")


def snippet(people: People, program: str, *options: str) -> str:
    text: str = people.ca.json("snippet", program, "--server-name", "app.test", *options)["config"]
    return text


@contextmanager
def program(argv: list[str], port: int, log: Path, stop: tuple[str, ...] = ()) -> Iterator[None]:
    """A server in the foreground, once its port answers; it is ended with everything it started, by `stop` if it needs that."""
    with log.open("wb") as out:
        ran = subprocess.Popen(argv, stdout=out, stderr=out, stdin=subprocess.DEVNULL, start_new_session=True)
        try:
            wait(port, ran, log)
            yield
        finally:
            if stop:
                subprocess.run(stop, check=True, capture_output=True)
            elif ran.poll() is None:
                os.killpg(ran.pid, signal.SIGTERM)
            try:
                ran.wait(60)
            except subprocess.TimeoutExpired:
                os.killpg(ran.pid, signal.SIGKILL)
                ran.wait()


def wait(port: int, ran: "subprocess.Popen[bytes]", log: Path) -> None:
    def answers() -> bool:
        assert ran.poll() is None, log.read_text()
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return True
        return False

    eventually(answers)


def curl(people: People, port: int, who: str | None, *options: str) -> int:
    shown = ["--cert", people.files(who)[0], "--key", people.files(who)[1]] if who else []
    argv = ["curl", "-s", "-m", "60", "-o", "/dev/null", "-w", "%{http_code}", "--cacert", people.root, *shown, *options]
    ran = subprocess.run(
        [*argv, "--resolve", f"app.test:{port}:127.0.0.1", f"https://app.test:{port}/"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return int(ran.stdout or 0)


def context(people: People, who: str | None) -> ssl.SSLContext:
    made = ssl.create_default_context(cafile=people.root)
    if who:
        made.load_cert_chain(*people.files(who))
    return made


APACHE = """\
ServerRoot {folder}
PidFile {folder}/httpd.pid
ServerName app.test
Listen 127.0.0.1:{port}
User www-data
Group www-data
ErrorLog {folder}/error.log
LogLevel info
{modules}
DocumentRoot {folder}/htdocs
<Directory {folder}/htdocs>
    Require all granted
</Directory>
{outside}
<VirtualHost 127.0.0.1:{port}>
{inside}
</VirtualHost>
"""
MODULES = "mpm_event authz_core ssl headers socache_shmcb dir mime"


@pytest.mark.parametrize(("allow", "wanted"), [((), [200, 200, 0, 0, 0]), (("alice",), [200, 403, 0, 0, 0])])
def test_apache(people: People, folder: Path, allow: tuple[str, ...], wanted: list[int]) -> None:
    port = free_port()
    (folder / "htdocs").mkdir()
    (folder / "htdocs/index.html").write_text("in\n")
    (folder / "mime.types").write_text("")
    outside, inside = snippet(people, "apache", *(f"--allow={name}" for name in allow)).split("# Inside of it:\n")
    loads = "\n".join(f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so" for name in MODULES.split())
    text = APACHE.format(folder=folder, port=port, modules=loads, outside=outside, inside=inside)
    (folder / "httpd.conf").write_text(text + f"TypesConfig {folder}/mime.types\n")
    with program(["apache2", "-f", f"{folder}/httpd.conf", "-DFOREGROUND"], port, folder / "out.log"):
        # With TLS 1.2 the refusal is part of the handshake; with TLS 1.3 it follows it. Either way nothing is answered.
        for version in (("--tls-max", "1.2"), ("--tlsv1.3",)):
            assert [curl(people, port, who, *version) for who in KNOCKING] == wanted, (folder / "error.log").read_text()


HAPROXY = """
defaults
    timeout client 60s
    timeout server 60s
    timeout connect 60s
backend application
    mode http
    http-request return status 200 hdr X-Told %[req.hdr(X-Client-DN)]
"""


@pytest.mark.parametrize(("allow", "wanted"), [((), [200, 200, 0, 0, 0]), (("alice",), [200, 403, 0, 0, 0])])
def test_haproxy(people: People, folder: Path, allow: tuple[str, ...], wanted: list[int]) -> None:
    port = free_port()
    pair = folder / "site.pem"
    pair.write_bytes(b"".join(Path(path).read_bytes() for path in people.files("app.test")))
    text = snippet(people, "haproxy", *(f"--allow={name}" for name in allow))
    text = text.replace("/etc/haproxy/handclasp-app.test.pem", str(pair)).replace("bind :443", f"bind 127.0.0.1:{port}")
    (folder / "haproxy.cfg").write_text(text + HAPROXY)
    with program(["haproxy", "-db", "-f", f"{folder}/haproxy.cfg"], port, folder / "out.log"):
        for version in (("--tls-max", "1.2"), ("--tlsv1.3",)):
            assert [curl(people, port, who, *version) for who in KNOCKING] == wanted, (folder / "out.log").read_text()


DOVECOT = """\
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
protocols = imap
listen = 127.0.0.1
mail_location = maildir:{folder}/mail/%u
first_valid_uid = 1
passdb {{
  driver = static
  args = password=secret
}}
userdb {{
  driver = static
  args = uid=nobody gid=nogroup home={folder}/mail/%u
}}
service imap-login {{
  inet_listener imap {{
    port = 0
  }}
  inet_listener imaps {{
    port = {port}
    ssl = yes
  }}
}}
"""


def test_dovecot(people: People, folder: Path) -> None:
    port = free_port()
    both = folder / "ca-and-crls.pem"
    both.write_bytes(b"".join((people.ca.home / "ca" / name).read_bytes() for name in ("bundle.pem", "crl.pem")))
    (folder / "mail").mkdir(mode=0o777)
    (folder / "mail").chmod(0o777)
    text = snippet(people, "dovecot").replace("/etc/dovecot/handclasp-ca.pem", str(both))
    (folder / "dovecot.conf").write_text(DOVECOT.format(folder=folder, port=port) + text)
    with program(["dovecot", "-F", "-c", f"{folder}/dovecot.conf"], port, folder / "out.log"):
        found = [logs_in(people, port, who, "alice") for who in KNOCKING]
        assert found == ["alice", "bob", None, None, None], (folder / "dovecot.log").read_text()
        # bob asked for alice's account and got his own.
        assert {path.name for path in (folder / "mail").iterdir()} == {"alice", "bob"}


def logs_in(people: People, port: int, who: str | None, account: str) -> str | None:
    """`who`, when there is a way in with that certificate, asking for `account`; else None."""
    try:
        with imaplib.IMAP4_SSL("127.0.0.1", port, ssl_context=unnamed(people, who), timeout=60) as mail:
            mail.login(account, "secret")
            mail.select()
            return who
    except (imaplib.IMAP4.error, OSError):
        return None


def unnamed(people: People, who: str | None) -> ssl.SSLContext:
    """For an address: the name is not compared, the CA is."""
    made = context(people, who)
    made.check_hostname = False
    return made


MASTER = """\
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
local unix - n n - - local
discard unix - - n - - discard
error unix - - n - - error
anvil unix - - n - 1 anvil
proxymap unix - - n - - proxymap
postlog unix-dgram n - n - 1 postlogd
"""
MAIN = """\
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
mail_owner = postfix
setgid_group = postdrop
myhostname = app.test
mydestination = app.test
inet_interfaces = 127.0.0.1
maillog_file = {folder}/mail.log
maillog_file_prefixes = {folder}
local_transport = discard:
local_recipient_maps =
alias_maps =
smtpd_relay_restrictions = permit_tls_clientcerts, reject
"""


def test_postfix(people: People, folder: Path) -> None:
    port = free_port()
    for name in ("etc", "queue", "data"):
        (folder / name).mkdir()
    shutil.chown(folder / "data", "postfix")
    text = snippet(people, "postfix")
    table = folder / "clients"
    table.write_text("".join(f"{line[2:]}\n" for line in text.splitlines() if line[4:5] == ":"))
    assert len(table.read_text().splitlines()) == 2
    (folder / "etc/main.cf").write_text(MAIN.format(folder=folder) + text.replace("/etc/postfix/handclasp-clients", str(table)))
    (folder / "etc/master.cf").write_text(MASTER.format(port=port))
    postfix = ("postfix", "-c", f"{folder}/etc")
    with program([*postfix, "start-fg"], port, folder / "out.log", stop=(*postfix, "stop")):
        found = [sends(people, port, who) for who in KNOCKING]
        assert found == [True, True, False, False, False], (folder / "mail.log").read_text()


def sends(people: People, port: int, who: str | None) -> bool:
    try:
        with smtplib.SMTP("127.0.0.1", port, timeout=60) as mail:
            mail.starttls(context=unnamed(people, who))
            mail.ehlo("client.test")
            return mail.mail("a@client.test")[0] == 250 and mail.rcpt("b@app.test")[0] == 250
    except (smtplib.SMTPException, OSError):
        return False


def site(**changes: object) -> Guarded:
    member = Member(identity="alice", issuer_dn="CN=CA", serial="0A", sha256="ab" * 32)
    values: dict[str, object] = {
        "name": "app.test", "certificate": "/h/c.pem", "certificate_key": "/h/k.pem", "authorities": "/h/ca.pem",
        "crl": "/h/crl.pem", "depth": 1, "members": (member,), "listed": True,
    }  # fmt: skip
    return Guarded(**{**values, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize("name", sorted(SNIPPETS))
@pytest.mark.parametrize("path", ["/h/a b.pem", '/h/"x.pem', "/h/a\nb.pem", "/h/$x.pem"])
def test_paths_that_would_be_read_otherwise_are_refused(name: str, path: str) -> None:
    with pytest.raises(PolicyError):
        SNIPPETS[name](site(listed=False, authorities=path))


def test_what_cannot_be_said_is_refused() -> None:
    with pytest.raises(PolicyError):
        SNIPPETS["dovecot"](site())
    for issuer in ("CN='x'", 'CN=\\"x'):
        odd = Member(identity="alice", issuer_dn=issuer, serial="0A", sha256="ab" * 32)
        with pytest.raises(PolicyError):
            SNIPPETS["apache"](site(members=(odd,)))
