"""Edits of a configuration that was written by hand, on an nginx that runs."""

from dataclasses import replace
from pathlib import Path

import pytest

from handclasp.app.apply import ProofError, Proven
from handclasp.app.apply_edits import Knock, apply_edits, plan_edits
from handclasp.app.apply_state import Instance
from handclasp.model.errors import InputError, PolicyError, WorldError
from handclasp.model.finding import FileEdit
from handclasp.model.plan import Expect
from handclasp.model.probe import ProbeRequest
from handclasp.wiring import World
from tests.nginx_rig import SERVER, Rig, crl

WRONG = "ssl_client_certificate root.pem; ssl_verify_client on; ssl_crl stale.crl;"


@pytest.fixture
def handmade(nginx_rig: Rig) -> Rig:
    """A configuration with relative paths, includes by pattern and a link, whose CRL is of the wrong CA."""
    site = SERVER.format(port=nginx_rig.port, name="app.test", tls=WRONG, word="hello")
    prefix = Path(nginx_rig.prefix)
    for folder in ("enabled", "available"):
        (prefix / folder).mkdir()
    nginx_rig.write("available/site", site)
    (prefix / "enabled" / "site").symlink_to("../available/site")
    nginx_rig.write("stale.crl", crl(nginx_rig.stranger))
    nginx_rig.http("include enabled/*;")
    nginx_rig.start()
    return nginx_rig


def edit(rig: Rig, old: str, new: str, *, name: str = "enabled/site") -> FileEdit:
    path = Path(rig.prefix) / name
    before = path.read_bytes()
    return FileEdit(path=str(path), before=before, after=before.replace(old.encode(), new.encode()))


def knocks(rig: Rig) -> tuple[Knock, ...]:
    anybody = ProbeRequest(address="127.0.0.1", port=rig.port, sni="app.test", host="app.test")
    return (
        Knock(name="alice", request=replace(anybody, identity=rig.alice.identity()), expect=Expect.ADMITTED),
        Knock(name="stranger", request=replace(anybody, identity=rig.stranger.identity()), expect=Expect.REFUSED),
        Knock(name="nobody", request=anybody, expect=Expect.REFUSED),
    )


def run(rig: Rig, *edits: FileEdit, home: str = "/nonexistent") -> list[bool]:
    instance = Instance(prefix=rig.prefix, config=rig.config)
    return [one.ok for one in apply_edits(World(home).gear, instance, edits, knocks(rig)).proven]


def content(rig: Rig) -> bytes:
    return (Path(rig.prefix) / "available/site").read_bytes()


def test_a_fix_is_applied_through_the_link_and_proven(handmade: Rig) -> None:
    assert [one.ok for one in plan_and_ask(handmade)] == [False, True, True]
    (Path(handmade.prefix) / "available/site").chmod(0o640)
    assert run(handmade, edit(handmade, "stale.crl", "root.crl")) == [True, True, True]
    assert (Path(handmade.prefix) / "enabled/site").is_symlink()
    assert b"root.crl" in content(handmade)
    assert (Path(handmade.prefix) / "available/site").stat().st_mode & 0o777 == 0o640
    assert not list(Path(handmade.prefix).glob(".staged/*"))


def plan_and_ask(rig: Rig) -> tuple[Proven, ...]:
    return apply_edits(World("/nonexistent").gear, Instance(prefix=rig.prefix, config=rig.config), (), knocks(rig)).proven


def test_a_fix_that_does_not_help_is_put_back(handmade: Rig) -> None:
    before = content(handmade)
    with pytest.raises(ProofError, match="put back"):
        run(handmade, edit(handmade, "ssl_verify_client on;", "ssl_verify_client on; ssl_verify_depth 3;"))
    assert content(handmade) == before


def test_a_fix_that_opens_the_door_is_put_back(handmade: Rig) -> None:
    """It would let alice in, and everybody else too."""
    before = content(handmade)
    with pytest.raises(ProofError) as caught:
        run(handmade, edit(handmade, "ssl_verify_client on;", "ssl_verify_client off;"))
    assert "stranger" in (caught.value.hint or "")
    assert content(handmade) == before
    answers = [one.ok for one in plan_and_ask(handmade)]
    assert answers == [False, True, True]


def test_what_nginx_refuses_is_never_written(handmade: Rig) -> None:
    before = content(handmade)
    for wrong, error in (("ssl_no_such_thing on;", WorldError), ("ssl_verify_client on", InputError), ("}", InputError)):
        with pytest.raises((error, WorldError)) as caught:
            run(handmade, edit(handmade, "ssl_verify_client on;", wrong))
        assert "put back" not in caught.value.what, "behind the link, too, it is nginx -t on a copy that refuses"
        assert content(handmade) == before


def test_other_files_than_the_configuration_are_staged_too(handmade: Rig) -> None:
    path = Path(handmade.prefix) / "stale.crl"
    good = FileEdit(path=str(path), before=path.read_bytes(), after=crl(handmade.root))
    with pytest.raises(WorldError, match="does not accept"):
        run(handmade, replace(good, after=b"no crl"))
    assert path.read_bytes() == good.before
    assert run(handmade, good) == [True, True, True]
    new = FileEdit(path=str(Path(handmade.prefix) / "enabled/more"), before=None, after=b"# nothing\n")
    assert run(handmade, new) == [True, True, True]


def test_a_file_that_changed_meanwhile_is_not_overwritten(handmade: Rig) -> None:
    change = edit(handmade, "stale.crl", "root.crl")
    with (Path(handmade.prefix) / "available/site").open("a") as file:
        file.write("# mine\n")
    with pytest.raises(PolicyError, match="was changed since"):
        run(handmade, change)
    with pytest.raises(PolicyError):
        plan_edits(World("/nonexistent").gear, (change,))
    assert content(handmade).endswith(b"# mine\n")
