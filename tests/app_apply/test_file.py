"""nginx apply --file: the sites of a handclasp.toml, with their rules proven."""

import json
import subprocess

from tests.app_apply.bench import Bench

SITE = """\
[groups]
ops = ["alice"]

[[site]]
server_names = ["app.test"]
listen = ["127.0.0.1:{port}"]
allow = ["alice", "bob"]
{more}

[[site.path]]
path = "/admin"
allow = ["@ops"]

[[site.path]]
path = "/health"
free_from = ["any"]
"""


def apply(bench: Bench, more: str = "", *, expect: int = 0) -> "subprocess.CompletedProcess[str]":
    file = bench.ca.home / "handclasp.toml"
    file.write_text(SITE.format(port=bench.port, more=more))
    return bench.ca.run("nginx", "apply", "--file", str(file), "--json", expect=expect)


def at(bench: Bench, path: str, name: str | None) -> str:
    return bench.curl(name, "--request-target", path, "--http1.1")


def test_the_rules_of_a_file_are_served_and_proven(bench: Bench) -> None:
    said = json.loads(apply(bench).stdout)
    proven = {(one["name"], one["expect"]): one["ok"] for one in said["proven"]}
    assert all(proven.values())
    assert ("app.test/admin, bob, TLSv1.3", "refused") in proven
    assert ("app.test/admin, alice, TLSv1.3", "admitted") in proven
    assert ("app.test/health, no certificate, TLSv1.3", "admitted") in proven
    seen = {(path, name): at(bench, path, name) for path in ("/", "/admin", "/health") for name in ("alice", "bob", None)}
    assert seen == {
        ("/", "alice"): "200", ("/", "bob"): "200", ("/", None): "400",
        ("/admin", "alice"): "200", ("/admin", "bob"): "403", ("/admin", None): "400",
        ("/health", "alice"): "200", ("/health", "bob"): "200", ("/health", None): "200",
    }  # fmt: skip
    again = json.loads(apply(bench).stdout)
    assert again["changed"] is False


def test_a_revoked_member_of_a_group_leaves_it(bench: Bench) -> None:
    apply(bench)
    said = bench.ca.json("revoke", "alice")
    assert said["proven"] is True
    assert (at(bench, "/admin", "alice"), at(bench, "/", "bob"), at(bench, "/health", None)) == ("400", "200", "200")


def test_a_free_network_is_proven_free_and_the_revoked_stay_out(bench: Bench) -> None:
    said = json.loads(apply(bench, 'free_from = ["127.0.0.0/8"]\ntls = "modern"').stdout)
    words = {one["name"]: (one["expect"], one["ok"]) for one in said["proven"]}
    assert words["app.test, no certificate, TLSv1.3"] == ("admitted", True)
    assert words["app.test, certificate of another CA fresh, TLSv1.3"] == ("refused", True)
    assert not any("TLSv1.2" in name for name in words)
    assert bench.ca.json("revoke", "bob")["proven"] is True
    assert (bench.curl("bob"), bench.curl()) == ("400", "200")


def test_a_file_says_all_of_it(bench: Bench) -> None:
    refused = bench.ca.run("nginx", "apply", "--file", "x.toml", "--server-name", "app.test", expect=2)
    assert "leave the options of a site out" in refused.stderr
    file = bench.ca.home / "handclasp.toml"
    file.write_text(SITE.format(port=bench.port, more="").replace("@ops", "@devs"))
    wrong = bench.ca.run("nginx", "apply", "--file", str(file), expect=3)
    assert f"{file}:12:10" in wrong.stderr
    assert bench.files() == {}


def test_somebody_whom_the_ca_does_not_know(bench: Bench) -> None:
    """The place where the name stands; nothing was changed, and no certificate issued."""
    said = apply(bench, 'free_from = ["10.0.0.0/8"]\n[[site.path]]\npath = "/x"\nallow = ["bob", "carrol"]', expect=3).stderr
    assert "handclasp.toml:11:17" in said
    assert "handclasp issue carrol" in said
    assert not bench.files()


def test_no_burst_at_all(bench: Bench) -> None:
    """nginx refuses burst=0: then the word is left out, and a second request at once is one too many."""
    apply(bench, 'rate = { clients = "1r/m", burst = 0 }\nupstream = { url = "http://127.0.0.1:9" }')
    assert [bench.curl("bob"), bench.curl("bob")][-1] == "429"


def test_a_long_name_and_a_wildcard(bench: Bench) -> None:
    """A common name holds 64 characters, a name of DNS up to 253; and nobody can knock at a star."""
    long = "a-name-that-goes-on-and-on.with-many.labels-in-it.and-more-of-them.example.test"
    file = bench.ca.home / "handclasp.toml"
    file.write_text(
        "\n".join(
            f'[[site]]\nserver_names = ["{name}"]\nlisten = ["127.0.0.1:{bench.port}"]' for name in ("*.example.test", long)
        )
    )
    done = bench.ca.run("nginx", "apply", "--file", str(file))
    assert f"handclasp probe https://www.example.test:{bench.port}/ --connect" in done.stderr
    assert f"  ok  {long}, alice fresh, TLSv1.3: 200" in done.stdout
    assert bench.ca.json("nginx", "plan", "--file", str(file))["files"] == []
