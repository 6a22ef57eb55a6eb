"""Files of ours that somebody changed by hand."""

from pathlib import Path

from tests.app_apply.bench import Bench

MINE = "    # mine\n    client_max_body_size 5m;\n"


def edited(bench: Bench) -> Path:
    file = bench.prefix / "sites" / "app.test.conf"
    text = file.read_text()
    file.write_text(text.replace("    server_name app.test;\n", f"    server_name app.test;\n{MINE}"))
    assert file.read_text() != text
    return file


def test_it_is_refused_with_both_sides_and_kept_when_forced(bench: Bench) -> None:
    bench.apply()
    file = edited(bench)
    theirs = file.read_text()
    for command in (("nginx", "apply"), ("nginx", "apply", *bench.site, "--allow", "alice"), ("nginx", "plan")):
        refused = bench.ca.run(*command, expect=4).stderr
        assert "changed by hand" in refused
        assert "+    client_max_body_size 5m;" in refused
        assert file.read_text() == theirs
    assert "+    if ($handclasp_app_test_client" in bench.apply("--allow", "alice", expect=4).stderr
    bench.apply("--allow", "alice", "--force")
    assert MINE not in file.read_text()
    kept = file.parent / ".app.test.conf.by-hand"
    assert kept.read_text() == theirs
    assert kept.stat().st_mode & 0o777 == 0o600
    assert bench.ca.json("nginx", "apply")["changed"] is False
    assert kept.exists()


def test_a_revocation_does_not_wait(bench: Bench) -> None:
    bench.apply()
    file = edited(bench)
    theirs = file.read_text()
    assert bench.ca.json("revoke", "alice")["proven"] is True
    assert (bench.curl("alice"), bench.curl("bob")) == ("400", "200")
    assert (file.parent / ".app.test.conf.by-hand").read_text() == theirs


def test_a_file_that_is_gone_is_written_again(bench: Bench) -> None:
    bench.apply()
    (bench.prefix / "sites" / "app.test.conf").unlink()
    assert "changed by hand" in bench.ca.run("nginx", "apply", expect=4).stderr
    bench.apply("--force")
    assert (bench.curl("alice"), bench.curl()) == ("200", "400")


def test_status_names_what_was_changed(bench: Bench) -> None:
    bench.apply()
    assert bench.ca.json("nginx", "status")["drift"] == []
    conf = bench.prefix / "sites" / "app.test.conf"
    conf.write_text("# mine\n" + conf.read_text())
    assert bench.ca.json("nginx", "status")["drift"] == [str(conf)]
    assert f"changed by hand since Handclasp wrote it: {conf}" in bench.ca.run("nginx", "status").stdout
