"""Lies about who one is, told to a copy of the configuration before it serves anybody: none of them reaches a service."""

import json
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from handclasp.adapters import processes
from handclasp.app.apply import Proven
from handclasp.app.apply_cast import cast_of
from handclasp.app.apply_place import private_place
from handclasp.app.apply_site import plan_sites
from handclasp.app.rehearse import rehearse
from handclasp.app.site import SiteOrder
from handclasp.model.control import NginxControl
from handclasp.model.intent import PathIntent, SiteIntent, UpstreamIntent
from handclasp.model.plan import Plan, RemoveFile, WriteFile
from tests.app_apply.bench import Bench
from tests.nginx_rig import Rig, crl, free_port, make

NOTHING = "the service was told nothing of it"
ALONE = "the service heard nothing: 400 No required SSL certificate was sent"


def order(bench: Bench, upstream: UpstreamIntent, **intent: object) -> SiteOrder:
    site = SiteIntent(server_names=("app.test",), listen=(("127.0.0.1", bench.port),), upstream=upstream, **intent)  # type: ignore[arg-type]
    return SiteOrder(intent=site)


def rehearsed(bench: Bench, one: SiteOrder, *spoilt: tuple[str, str]) -> tuple[Proven, ...]:
    """What a rehearsal says of a site whose text was changed after it was rendered."""
    world = bench.ca.world
    cast, place = cast_of(world.ca), private_place(world.ca)
    plan = plan_sites(world.ca, world.gear, (one,), cast)
    return rehearse(world.gear, place.instance, (one.intent,), cast, spoiled(plan, place.site(one), *spoilt))


def spoiled(plan: Plan, path: str, *changes: tuple[str, str]) -> Plan:
    files: list[WriteFile | RemoveFile] = []
    for change in plan.files:
        if isinstance(change, WriteFile) and change.path == path:
            text = change.content.decode()
            for old, new in changes:
                assert old in text, old
                text = text.replace(old, new)
            files.append(replace(change, content=text.encode()))
        else:
            files.append(change)
    return replace(plan, files=tuple(files))


def said(proven: tuple[Proven, ...]) -> list[tuple[str, str]]:
    return [(one.step.name, one.seen) for one in proven]


def tls(folder: Path, scheme: str) -> UpstreamIntent:
    """An upstream that is never asked: its trust is replaced in the copy."""
    root = make("Upstream root", ca=True)
    (folder / "up.pem").write_bytes(root.pem)
    (folder / "up.crl").write_bytes(crl(root))
    front = make("front", root)
    (folder / "front.pem").write_bytes(front.pem)
    (folder / "front.key").write_bytes(front.key_pem)
    return UpstreamIntent(
        url=f"{scheme}://127.0.0.1:{free_port()}",
        name="up.test",
        trusted_certificate=str(folder / "up.pem"),
        crl=str(folder / "up.crl"),
        certificate=str(folder / "front.pem"),
        certificate_key=str(folder / "front.key"),
    )


@pytest.mark.parametrize("scheme", ["http", "grpc", "https", "grpcs"])
def test_nothing_of_it_reaches_a_service(bench: Bench, tmp_path: Path, scheme: str) -> None:
    upstream = tls(tmp_path, scheme) if scheme.endswith("s") else UpstreamIntent(url=f"{scheme}://127.0.0.1:{free_port()}")
    found = rehearsed(bench, order(bench, upstream))
    assert said(found) == [
        ("app.test, forged headers with alice's certificate, on a copy", NOTHING),
        ("app.test, forged headers without certificate, on a copy", ALONE.replace("400", "401" if "grpc" in scheme else "400")),
    ]
    assert all(one.ok for one in found)


def test_every_path_and_whoever_needs_no_certificate(bench: Bench) -> None:
    upstream = UpstreamIntent(url=f"http://127.0.0.1:{free_port()}", client_cert=True, websocket=True)
    paths = (PathIntent(path="/health", free_from=("any",)), PathIntent(path="/ops", allow=("bob",)))
    found = said(rehearsed(bench, order(bench, upstream, allow=("alice",), paths=paths)))
    assert found == [
        ("app.test, forged headers with alice's certificate, on a copy", NOTHING),
        ("app.test, forged headers without certificate, on a copy", ALONE),
        ("app.test/health, forged headers with alice's certificate, on a copy", NOTHING),
        ("app.test/health, forged headers without certificate, on a copy", NOTHING),
        ("app.test/ops, forged headers with bob's certificate, on a copy", NOTHING),
        ("app.test/ops, forged headers without certificate, on a copy", ALONE),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("proxy_set_header X-Client-DN $ssl_client_s_dn;", "", "the client's own X-Client-DN"),
        ('proxy_set_header Remote-User "";', "", "the client's own Remote-User"),
        ("underscores_in_headers off;", "underscores_in_headers on;", "X-Client-Name"),
        ("proxy_set_header X-Client-Serial $ssl_client_serial;", "proxy_set_header X-Client-Serial 01;", "the serial 01"),
        ("location / {", "location /other { proxy_pass http://127.0.0.1:9; }\n location / { proxy_set_header X-Own 1; ", None),
    ],
)
@pytest.mark.parametrize("scheme", ["http", "grpc"])
def test_what_would_reach_it_is_seen(bench: Bench, scheme: str, old: str, new: str, told: str | None) -> None:
    one = order(bench, UpstreamIntent(url=f"{scheme}://127.0.0.1:{free_port()}"), free_from=("any",))
    module = "grpc" if scheme == "grpc" else "proxy"
    found = rehearsed(bench, one, (old.replace("proxy_", f"{module}_"), new.replace("proxy_set", f"{module}_set")))
    if told is None:
        assert all(each.ok for each in found)
        return
    assert [each.ok for each in found] == [False, False]
    assert all(told in each.seen for each in found)


def test_an_apply_that_lies_would_reach_is_not_begun(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The renderer forgets a header: the apply ends before the first byte of the live files is touched."""
    from handclasp.nginxconf import render_upstream

    bench.apply("--upstream", f"http://127.0.0.1:{free_port()}")
    before = bench.files()
    world = bench.ca.world
    monkeypatch.setattr(render_upstream, "_NEVER_FROM_CLIENTS", ("Forwarded",))
    from handclasp.app.apply import ProofError, Way
    from handclasp.app.apply_site import apply_sites, remembered

    with pytest.raises(ProofError, match="nothing was changed") as refused:
        apply_sites(world.ca, world.gear, lambda: remembered(world.ca), way=Way())
    assert "the client's own" in str(refused.value.hint)
    assert bench.files() == before
    assert "Remote-User" in (bench.prefix / ".handclasp/failed.txt").read_text()
    bench.assert_clean()


def test_the_apply_reports_it(bench: Bench) -> None:
    upstream = ("--upstream", f"http://127.0.0.1:{free_port()}")
    planned = bench.ca.json("nginx", "plan", *bench.site, *upstream)
    cleared = [one["name"] for one in planned["probes"] if one["expect"] == "cleared"]
    assert len(cleared) == 2
    done = json.loads(bench.apply(*upstream, "--json").stdout)
    assert [one["name"] for one in done["proven"] if one["expect"] == "cleared"] == cleared
    assert bench.ca.json("nginx", "history")["changes"][-1]["probes"] == len(done["proven"])
    again = json.loads(bench.apply(*upstream, "--json").stdout)
    assert [one["seen"] for one in again["proven"] if one["expect"] == "cleared"] == [NOTHING, ALONE]


def test_beside_somebody_elses_servers(bench: Bench, nginx_rig: Rig) -> None:
    """Their http{} passes odd headers on: that of our site does not."""
    Path(nginx_rig.prefix, "conf.d").mkdir()
    nginx_rig.http("underscores_in_headers on; proxy_set_header X-Theirs 1; include conf.d/*.conf;")
    nginx_rig.start()
    upstream = ("--upstream", f"http://127.0.0.1:{free_port()}")
    done = json.loads(bench.apply(*upstream, "--config-dir", nginx_rig.prefix, "--json").stdout)
    assert [one["seen"] for one in done["proven"] if one["expect"] == "cleared"] == [NOTHING, ALONE]


def test_a_copy_that_cannot_run_proves_nothing_and_hinders_nothing(bench: Bench) -> None:
    world = bench.ca.world
    one = order(bench, UpstreamIntent(url=f"http://127.0.0.1:{free_port()}"))
    cast, place = cast_of(world.ca), private_place(world.ca)
    plan = plan_sites(world.ca, world.gear, (one,), cast)
    broken = spoiled(plan, place.site(one), ("ssl_verify_client on;", "ssl_verify_client maybe;"))
    found = rehearse(world.gear, place.instance, (one.intent,), cast, broken)
    assert all(each.seen.startswith("not shown: ") and "maybe" in each.seen for each in found)


def test_an_nginx_that_is_reached_by_commands(bench: Bench) -> None:
    """Its text is tried by the nginx of this machine, and that is said; a hole in it is found all the same."""
    world = bench.ca.world
    one = order(bench, UpstreamIntent(url=f"http://127.0.0.1:{free_port()}"))
    cast, place = cast_of(world.ca), private_place(world.ca)
    plan = plan_sites(world.ca, world.gear, (one,), cast)
    far = replace(world.gear, control=NginxControl(command=("chroot", "/srv/web", "nginx")))
    by = f", by nginx {world.gear.nginx.build().version} of this machine"
    found = rehearse(far, place.instance, (one.intent,), cast, plan)
    assert [each.seen for each in found] == [NOTHING + by, ALONE + by]
    open_ = spoiled(plan, place.site(one), ("proxy_set_header Remote-User", "proxy_set_header Remote-Users"))
    found = rehearse(far, place.instance, (one.intent,), cast, open_)
    assert [each.ok for each in found] == [False, True]


def test_a_rollback_is_rehearsed_too(bench: Bench) -> None:
    upstream = ("--upstream", f"http://127.0.0.1:{free_port()}")
    bench.apply(*upstream)
    bench.apply(*upstream, "--allow", "alice")
    done = json.loads(bench.ca.run("nginx", "rollback", "1", "--json").stdout)
    assert [one["seen"] for one in done["proven"] if one["expect"] == "cleared"] == [NOTHING, ALONE]


def test_a_run_that_is_killed_there_leaves_nothing_to_the_next(bench: Bench) -> None:
    """The copy outlives its maker; the next apply stops it and takes it away."""
    upstream = ("--upstream", f"http://127.0.0.1:{free_port()}")
    copy = bench.prefix / ".handclasp/rehearsal"
    killed = ("nginx", "apply", *bench.site, *upstream)
    bench.ca.run(*killed, expect=-signal.SIGKILL, env={"HANDCLASP_CRASHPOINT": "apply.rehearsing"})
    assert (len(masters(copy)), bench.masters()) == (1, [])
    bench.apply(*upstream)
    assert (masters(copy), copy.exists()) == ([], False)
    assert bench.curl("alice") == "502"
    bench.assert_clean()


def masters(prefix: Path) -> list[int]:
    return [pid for pid in processes.pids() if f"-p {prefix} " in processes.title(pid)]
