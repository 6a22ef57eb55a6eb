"""When the running nginx read its files, as /proc tells it."""

from datetime import UTC, datetime
from pathlib import Path

from handclasp.adapters.this_machine import ThisMachine
from tests.nginx_rig import rig


def test_a_reload_moves_the_time_of_loading(tmp_path: Path) -> None:
    machine = ThisMachine()
    with rig(tmp_path / "nginx") as made:
        pid = f"{made.prefix}/run/nginx.pid"
        assert machine.loaded(pid) is None
        made.site()
        made.start()
        first = machine.loaded(pid)
        assert first is not None
        assert abs((datetime.now(UTC) - first).total_seconds()) < 60  # noqa: TID251 - the real time is the point
        made.reload()
        second = machine.loaded(pid)
        assert second is not None
        assert second >= first
        changed = machine.changed(made.config)
        assert changed is not None
    assert machine.loaded(pid) is None
    assert machine.changed(str(tmp_path / "nothing")) is None


def test_what_was_written_just_before_the_start_is_no_newer_than_it(tmp_path: Path) -> None:
    machine = ThisMachine()
    with rig(tmp_path / "nginx") as made:
        made.site()
        Path(made.config).write_text(Path(made.config).read_text())
        made.start()
        loaded, changed = machine.loaded(f"{made.prefix}/run/nginx.pid"), machine.changed(made.config)
        assert loaded is not None
        assert changed is not None
        assert loaded >= changed


def test_a_pid_file_that_names_no_nginx_is_not_believed(tmp_path: Path) -> None:
    (tmp_path / "pid").write_text("1\n")
    assert ThisMachine().loaded(str(tmp_path / "pid")) is None
    (tmp_path / "pid").write_text("soon\n")
    assert ThisMachine().loaded(str(tmp_path / "pid")) is None
