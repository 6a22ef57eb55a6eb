"""An apply that fails leaves what it tried, and why, in one file; of keys only their size."""

from tests.app_apply.bench import Bench
from tests.nginx_rig import held_port


def test_what_nginx_refused_is_kept(bench: Bench) -> None:
    bench.apply()
    before = bench.files()
    failed = bench.apply("--upstream", "http://nobody.invalid:80", expect=5)
    kept = bench.prefix / ".handclasp" / "failed.txt"
    assert str(kept) in failed.stderr
    assert "[emerg]" in kept.read_text()
    assert "host not found" in failed.stderr
    assert "+    server nobody.invalid:80;" in kept.read_text()
    assert "written.json (a secret of" in kept.read_text()
    assert kept.stat().st_mode & 0o777 == 0o600
    assert bench.files() == before


def test_what_failed_after_the_switch_is_kept(bench: Bench) -> None:
    bench.apply()
    before = bench.files()
    with held_port() as (_, port):
        bench.ca.run("nginx", "apply", "--server-name", "second.test", "--listen", f"127.0.0.1:{port}", expect=5)
    kept = (bench.prefix / ".handclasp" / "failed.txt").read_text()
    assert "is in use" in kept
    assert "+    server_name second.test;" in kept
    assert "PRIVATE KEY" not in kept
    assert bench.files() == before
