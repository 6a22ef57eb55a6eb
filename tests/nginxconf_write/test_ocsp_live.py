"""A site that asks an OCSP responder about each client: OpenSSL's own, for real."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from handclasp.model.errors import PolicyError
from handclasp.model.intent import OcspIntent
from handclasp.model.nginx import NginxVersion
from handclasp.nginxconf.render import render_site
from tests.nginx_rig import free_port
from tests.nginxconf_write.site_rig import SiteRig, serial


@contextmanager
def responder(rig: SiteRig, port: int, *revoked: str) -> Iterator[None]:
    rows = []
    for name in ("alice", "bob"):
        state, when = ("R", "250101000000Z") if name in revoked else ("V", "")
        rows.append(f"{state}\t401231000000Z\t{when}\t{serial(rig.clients[name])}\tunknown\t/CN={name}\n")
    rig.write("issuing.pem", rig.issuing.pem)
    argv = ["openssl", "ocsp", "-index", rig.write("index.txt", "".join(rows)), "-port", str(port), "-ndays", "1"]
    argv += ["-rsigner", rig.path("issuing.pem"), "-rkey", rig.write("issuing.key", rig.issuing.key_pem)]
    argv += ["-CA", rig.path("issuing.pem")]
    with subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        while b"waiting for OCSP client connections" not in (line := process.stderr.readline()):
            assert line, "the responder did not start"
        try:
            yield
        finally:
            process.kill()


def test_it_is_asked_about_everybody(rig: SiteRig) -> None:
    port = free_port()
    ocsp = OcspIntent(responder=f"http://127.0.0.1:{port}/")
    rig.serve(render_site(rig.intent(ocsp=ocsp), rig.material(), rig.version))
    with responder(rig, port, "bob"):
        assert rig.curl()[0] == 200
        assert rig.curl(client="bob")[0] == 400
    assert "certificate revoked" in rig.log()


def test_no_answer_is_a_refusal(rig: SiteRig) -> None:
    ocsp = OcspIntent(responder=f"http://127.0.0.1:{free_port()}/")
    rig.serve(render_site(rig.intent(ocsp=ocsp), rig.material(), rig.version))
    assert rig.curl()[0] == 400


def test_an_answer_is_kept_until_the_next_revocation(rig: SiteRig) -> None:
    port = free_port()
    intent = rig.intent(ocsp=OcspIntent(responder=f"http://127.0.0.1:{port}/"))
    rig.serve(render_site(intent, rig.material(), rig.version))
    with responder(rig, port):
        assert rig.curl()[0] == 200
    assert rig.curl()[0] == 200
    rig.serve(render_site(intent, rig.material(session_epoch=2), rig.version))
    time.sleep(0.1)
    assert rig.curl()[0] == 400


@pytest.mark.parametrize(
    ("intent", "version", "says"),
    [
        (OcspIntent(), "1.22.1", "responder's address"),
        (OcspIntent(responder="https://x/"), "1.22.1", "not a responder"),
        (OcspIntent(responder="http://x/;y"), "1.22.1", "not a responder"),
        (OcspIntent(resolver="dns.test"), "1.22.1", "not an IP address"),
        (OcspIntent(check="off", resolver="127.0.0.1"), "1.22.1", "nothing that OCSP"),
        (OcspIntent(resolver="127.0.0.1"), "1.18.0", "cannot ask"),
    ],
)
def test_what_cannot_work_is_refused(rig: SiteRig, intent: OcspIntent, version: str, says: str) -> None:
    with pytest.raises(PolicyError, match=says):
        render_site(rig.intent(ocsp=intent), rig.material(), NginxVersion.parse(version))
