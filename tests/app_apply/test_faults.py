"""What may go wrong between a person and a running nginx, and where it is tried. What is tried nowhere else is tried here.

nginx, applied
  nginx -t refuses: every byte as before, candidate and words kept   here; test_failed
  the reload fails after a good test: port taken, master gone,       test_apply (busy port), here; adapters/test_nginx_process
  file changed in between, stale PID file                            (log of the master, stale pid, killed workers)
  behaviour proven after each apply: in, out, resumed, no SNI        test_apply; bytes: test_stream; SNI and Host apart:
                                                                     nginxconf_write/test_render_live
  headers of the client's own, lied about at each apply              test_rehearse; nginxconf_write/test_render_live
  killed at every step, also while putting back, first start,        test_apply, test_revoke, test_history (rollback),
  revocation, rollback, rehearsal                                    test_rehearse
  a file changed by hand                                             test_drift, test_history, test_saved_plan
  connections that outlive a reload                                  test_lingering
  containers, other prefixes, conf.d, sites-enabled, PID files       test_control, test_adopted, here; other nginx and OpenSSL:
                                                                     make matrix
  a storm of revocations                                             test_storm
  the depth                                                          here; that of an upstream's chain: test_upstream_depth
  whatever is wished for: started, clean, exactly those named        test_intents_twice; nginxconf_write/test_intents_random,
                                                                     _many, _wide
revocation, end to end
  revoked to refused, TLS 1.2 and 1.3, fresh and resumed             test_revoke, test_stream; by kinds of cache and tickets:
                                                                     the lab's scenarios "sessions"; its time: make bench
  a session cache renamed; ticket keys in files reported             test_revoke, test_observe; diagnose/rules
  a CRL for every CA, or everybody is refused                        here; test_revoke (refused before it is published)
  no operation drops a revocation                                    app/test_revocations_random
  the difference of two CRLs shown; removal refused                  test_effect, test_saved_plan; app/test_revocations_random
  100,000 entries: time and memory                                   make bench
  OCSP and CRL agree; serials that nobody issued are unknown         app/test_revocations_random; serve/test_serve
"""

import dataclasses
import os
import signal
from pathlib import Path

import pytest

from handclasp.adapters import processes
from handclasp.adapters.nginx_process import NginxProcess
from handclasp.app.apply import Way
from handclasp.app.apply_place import private_place, remembered
from handclasp.app.apply_site import apply_sites
from handclasp.app.apply_state import Gear
from handclasp.model.errors import WorldError
from tests.app_apply.bench import Bench
from tests.nginx_rig import Rig


def tree(folder: Path) -> dict[str, bytes]:
    """Every file but logs, and what is kept of a failure."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.parts[len(folder.parts)] not in {"logs", "run"} and path.name not in {"failed.txt", "lock"}
    }


def test_what_nginx_refuses_leaves_every_byte(bench: Bench) -> None:
    bench.apply()
    before = tree(bench.prefix)
    bench.apply("--upstream", "http://nobody.invalid:80", expect=5)
    assert tree(bench.prefix) == before
    kept = (bench.prefix / ".handclasp" / "failed.txt").read_text()
    assert "host not found" in kept
    assert "+    server nobody.invalid:80;" in kept


class Sabotaged(NginxProcess):
    """An nginx to which something happens between a good test and the reload."""

    def __init__(self, harm: "Harm") -> None:
        super().__init__()
        self._harm = harm

    def reload(self, *, prefix: str, config: str) -> None:
        self._harm(self, prefix, config)
        super().reload(prefix=prefix, config=config)


HARMED = ("pki/app.test.pem", "pki/crl.pem")


class Harm:
    """Once, and then all is as it should be."""

    def __init__(self, name: str, bench: Bench) -> None:
        self.name, self.bench, self.done = name, bench, False

    def __call__(self, nginx: NginxProcess, prefix: str, config: str) -> None:
        if self.done:
            return
        self.done = True
        if self.name == "a file is deleted":
            Path(prefix, "pki", "app.test.pem").unlink()
        elif self.name == "the crl is cut in two":
            path = Path(prefix, "pki", "crl.pem")
            path.write_bytes(path.read_bytes()[:200])
        else:
            masters = self.bench.masters()
            for pid in [*masters, *(worker for master in masters for worker in processes.children(master))]:
                os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("harm", ["a file is deleted", "the crl is cut in two", "nginx is killed"])
def test_harm_between_test_and_reload(bench: Bench, harm: str) -> None:
    """It is noticed, what was planned is put back, nginx serves as before where it lives, and the next apply heals the rest."""
    bench.apply()
    before = bench.files()
    world = bench.ca.world
    gear: Gear = world.gear
    broken = dataclasses.replace(gear, nginx=Sabotaged(Harm(harm, bench)))
    orders = remembered(world.ca)
    listed = tuple(dataclasses.replace(one, intent=dataclasses.replace(one.intent, allow=("alice",))) for one in orders)
    with pytest.raises(WorldError):
        apply_sites(world.ca, broken, lambda: listed, place=private_place(world.ca), way=Way())
    left = bench.files()
    assert {name: left[name] for name in left if name not in HARMED} == {
        name: before[name] for name in left if name not in HARMED
    }
    if harm == "nginx is killed":
        bench.ca.run("nginx", "stop")
    else:
        assert bench.curl("bob") == "200"
    bench.ca.run("nginx", "apply")
    assert bench.files() == before
    assert (bench.curl("alice"), bench.curl("bob"), bench.curl()) == ("200", "200", "400")
    bench.assert_clean()


def test_sites_enabled(nginx_rig: Rig, bench: Bench) -> None:
    """The layout of Debian: sites-enabled included without a pattern for the ending, sites-available beside it."""
    for name in ("sites-enabled", "sites-available", "conf.d"):
        (Path(nginx_rig.prefix) / name).mkdir()
    nginx_rig.http("include sites-enabled/*;")
    nginx_rig.start()
    bench.apply("--config-dir", nginx_rig.prefix)
    assert [path.name for path in (Path(nginx_rig.prefix) / "sites-enabled").iterdir()] == ["handclasp-app.test.conf"]
    assert (bench.curl("alice"), bench.curl()) == ("200", "400")
    bench.ca.run("nginx", "rollback", "--config-dir", nginx_rig.prefix)
    assert not list((Path(nginx_rig.prefix) / "sites-enabled").iterdir())


def refusals(bench: Bench) -> str:
    return (bench.prefix / "logs" / "handclasp-app.test-error.log").read_text()


def test_the_depth_is_that_of_the_hierarchy(bench: Bench) -> None:
    """One CA between client and root: 1 is written. 0 refuses everybody, with words that lead astray: the chain is cut short
    (22, then 2), and so the CRL of the CA that is missing from it is missed too (3), which is what nginx says in the end."""
    bench.apply()
    conf = bench.prefix / "sites" / "app.test.conf"
    assert conf.read_text().count("ssl_verify_depth 1;") >= 1
    conf.write_text(conf.read_text().replace("ssl_verify_depth 1;", "ssl_verify_depth 0;"))
    nginx = NginxProcess()
    nginx.reload(prefix=str(bench.prefix), config=str(bench.prefix / "nginx.conf"))
    assert bench.curl("alice") == "400"
    assert "client SSL certificate verify error: (3:unable to get certificate CRL)" in refusals(bench)


@pytest.mark.parametrize("left", [0, 1])
def test_a_crl_for_every_ca_or_nobody_gets_in(bench: Bench, left: int) -> None:
    """That is why a set with a gap is never given to nginx: with one of the two CRLs away, everybody is refused."""
    bench.apply()
    path = bench.prefix / "pki" / "crl.pem"
    end = b"-----END X509 CRL-----\n"
    path.write_bytes(path.read_bytes().split(end)[left] + end)
    nginx = NginxProcess()
    nginx.reload(prefix=str(bench.prefix), config=str(bench.prefix / "nginx.conf"))
    assert (bench.curl("alice"), bench.curl("bob")) == ("400", "400")
    assert "client SSL certificate verify error: (3:unable to get certificate CRL)" in refusals(bench)
