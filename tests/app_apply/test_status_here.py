"""nginx status and check without a configuration: the nginx of this home, once sites are applied."""

from pathlib import Path

from tests.app_apply.bench import Bench


def test_they_look_at_the_nginx_of_the_home(bench: Bench) -> None:
    assert bench.ca.json("nginx", "status")["config"] == "/etc/nginx/nginx.conf"
    bench.apply("--allow", "alice")
    found = bench.ca.json("nginx", "status")
    assert found["config"] == str(bench.prefix / "nginx.conf")
    served = [server for socket in found["sockets"] for server in socket["servers"] if server["names"] == ["app.test"]]
    assert [(server["asks"], len(server["authorities"]) > 1) for server in served] == [("on", True)]
    assert bench.ca.json("nginx", "check")["ok"] is True
    told = bench.ca.run("nginx", "status").stderr
    assert ("/etc/nginx/nginx.conf" in told) is Path("/etc/nginx/nginx.conf").exists()
    assert bench.ca.json("nginx", "status", "--config", "/etc/nginx/nginx.conf")["config"] == "/etc/nginx/nginx.conf"
