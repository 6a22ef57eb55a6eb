"""nginx adopt beside a CA: names become identities of the registry, by issuer and serial, on the nginx that runs it."""

import pytest

from handclasp.adapters.nginx_process import NginxProcess
from handclasp.model.guarded import Member
from handclasp.nginxconf.gathered import tree_from_files
from handclasp.nginxconf.people import meant, names_only_ours
from tests.app_apply.town import TUTORIAL, WAYS, Town, told
from tests.nginx_rig import free_port, make


@pytest.mark.parametrize("way", WAYS)
def test_who_was_meant_gets_in_and_nobody_else(town: Town, way: str) -> None:
    before = town.serve(way)
    cooper = 200 if way not in {"if-equal", "map-of-common-names"} else 403
    assert [town.ask(who) for who in ("alice", "bob", "alice.cooper")] == [200, 403, cooper]
    plan = town.adopt()
    assert town.config.read_text() == before
    assert plan["steps"][0]["remedy"] == "people-of-the-registry"
    assert all(step["why"] for step in plan["steps"])
    done = town.adopt("--apply")
    assert (done["applied"], done["reloaded"]) == (True, True)
    assert [town.ask(who) for who in ("alice", "bob", "alice.cooper")] == [200, 403, 403]
    assert town.ask(None) in {400, 403}
    assert comments(before) == [line for line in comments(town.config.read_text()) if "Who a client is" not in line]
    assert town.adopt()["steps"] == []
    town.ca.run("nginx", "rollback", "--config", str(town.config))
    after = town.config.read_text()  # as it was, but for what a revocation relies on
    assert sessionless(after) == sessionless(before.replace("root.crl;", f"{town.ca.home}/ca/crl.pem;"))
    assert "ssl_session_cache off;" in after
    assert town.ask("alice.cooper") == cooper


def sessionless(text: str) -> list[str]:
    return [line for line in text.splitlines() if "ssl_session_" not in line]


def comments(text: str) -> list[str]:
    return [line.partition("#")[2] for line in text.splitlines() if "#" in line]


def test_a_renewal_and_a_revocation_reach_it(town: Town) -> None:
    town.serve("map")
    town.adopt("--apply")
    town.ca.run("rekey", "alice")
    assert town.ask("alice") == 403  # its new serial is not known yet
    assert [step["remedy"] for step in town.adopt("--apply")["steps"]] == ["people-of-the-registry"]
    assert town.ask("alice") == 200
    town.ca.run("revoke", "alice")
    assert town.ask("alice") == 400


def test_other_peoples_clients_are_left_alone(town: Town) -> None:
    (town.folder / "root.pem").write_bytes(make("Other root", ca=True).pem)
    town.write("map", ("        ssl_crl root.crl;\n", ""))
    made = {step["remedy"] for step in town.adopt()["steps"]}
    assert made
    assert not made & {"people-of-the-registry", "crl-of-the-ca"}


def test_a_server_that_names_no_ca_is_ours_by_whom_it_trusts(town: Town) -> None:
    town.write("map", ("ssl_client_certificate", "ssl_trusted_certificate"))
    steps = town.adopt("--nginx-version", "1.30.6", "--no-prove")["steps"]
    assert [step["remedy"] for step in steps][:2] == ["people-of-the-registry", "crl-of-the-ca"]


def test_what_is_left_out_stays(town: Town) -> None:
    town.serve("map")
    steps = town.adopt("--without", "people-of-the-registry", "--without", "no-sessions")["steps"]
    assert [step["remedy"] for step in steps][:1] == ["crl-of-the-ca"]
    assert not {"people-of-the-registry", "no-sessions"} & {step["remedy"] for step in steps}


def people(*subjects: str) -> tuple[tuple[Member, str], ...]:
    return tuple(
        (Member(identity=subject.partition(",")[0].removeprefix("CN="), issuer_dn="CN=CA", serial="0A", sha256=""), subject)
        for subject in subjects
    )


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("~CN=alice", ["alice"]),
        ("~*cn=Alice", ["alice"]),
        ("~^CN=alice,O=Ops$", ["alice"]),
        ("CN=alice,O=Ops", ["alice"]),
        ("cn=ALICE,o=ops", ["alice"]),
        ("/O=Ops/CN=alice", ["alice"]),
        ("~/CN=alice$", ["alice"]),
        ("~CN=(alice|build-1)", ["alice", "build-1"]),
        ("~CN=build-[0-9]+", ["build-1", "build-22"]),
        ("~O=Ops", ["alice", "alice.b"]),
        ("~CN=nobody", []),
        ("CN=alice", []),
        ("~(", []),
    ],
)
def test_whom_a_pattern_means(pattern: str, names: list[str]) -> None:
    assert meant(pattern, people("CN=alice,O=Ops", "CN=alice.b,O=Ops", "CN=build-1", "CN=build-22")) == names


def test_the_tutorial_is_adopted_in_one_command(town: Town) -> None:
    text = TUTORIAL.format(port=town.port, back=free_port())
    town.config.write_text(text)
    NginxProcess().start(prefix=str(town.folder), config=str(town.config))
    forged = (("X-Client-DN", "CN=root"), ("X-Partner", "1"))
    assert b"dn=CN=root" in told(town, "alice", "/admin/", *forged).body  # the header is the caller's own
    assert [told(town, None, "/", *forged).status for _ in range(3)] == [200] * 3  # no limit for who says so
    assert told(town, "alice.cooper", "/admin/").status == 200
    done = town.adopt("--no-prove", "--apply")
    assert {step["remedy"] for step in done["steps"]} == {
        "people-of-the-registry", "crl-of-the-ca", "no-sessions", "set-headers-here", "exempt-verified-only", "log-at-info",
    }  # fmt: skip
    assert all(len(step["why"]) > 40 for step in done["steps"])
    body = told(town, "alice", "/admin/", *forged).body
    assert (b"dn=CN=alice" in body, b"verify=SUCCESS" in body) == (True, True)
    assert [told(town, None, "/", *forged).status for _ in range(3)] == [200, 503, 503]  # public as before, and limited
    assert [told(town, "bob", "/").status for _ in range(3)] == [200] * 3
    assert [told(town, who, "/admin/").status for who in ("bob", "alice.cooper")] == [403, 403]
    changed = town.config.read_text().splitlines()
    kept = [line for line in text.splitlines() if line in changed]
    assert len(text.splitlines()) - len(kept) == 8  # five lines of the maps, the cache, the CRL, the log
    assert town.adopt("--no-prove")["steps"] == []


@pytest.mark.parametrize(
    ("text", "only"),
    [
        ('map $ssl_client_s_dn $role { default 0; "CN=alice,O=Ops" 1; }', True),
        ('map $ssl_client_s_dn $role { default 0; "CN=alice,O=Ops" 1; "CN=partner,O=Elsewhere" 1; }', False),
        ('map $ssl_client_s_dn $role { default 0; "~CN=alice" 1; }', False),
        ('server { if ($ssl_client_s_dn != "CN=alice,O=Ops") { return 403; } }', True),
        ('server { if ($ssl_client_s_dn ~ "CN=alice") { return 403; } }', False),
        ("server { listen 443 ssl; }", True),
    ],
)
def test_beside_another_ca_only_whole_names_of_the_registry_are_taken_over(text: str, only: bool) -> None:
    tree = tree_from_files("/etc/nginx/nginx.conf", {"/etc/nginx/nginx.conf": f"http {{ {text} }}".encode()})
    assert names_only_ours(tree, people("CN=alice,O=Ops")) is only
