"""Another machine's files below a folder: its links lead where they would lead there."""

from pathlib import Path

import pytest

from handclasp.adapters.file_tree import PosixFileTree
from handclasp.app.read_config import read_config
from handclasp.app.rooted import RootedFiles, rooted
from handclasp.model.errors import InputError


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    nginx = tmp_path / "etc/nginx"
    for folder in ("sites-available", "sites-enabled", "conf.d"):
        (nginx / folder).mkdir(parents=True)
    (nginx / "nginx.conf").write_text("events {} http { include /etc/nginx/sites-enabled/*; include conf.d/*.conf; }")
    (nginx / "sites-available/app").write_text("server { listen 8443 ssl; }")
    (nginx / "sites-enabled/app").symlink_to("/etc/nginx/sites-available/app")
    (nginx / "conf.d/relative.conf").symlink_to("../sites-available/app")
    return tmp_path


def test_absolute_and_relative_links_stay_below_the_folder(machine: Path) -> None:
    tree = read_config(RootedFiles(PosixFileTree(), str(machine)), "/etc/nginx/nginx.conf")
    assert tree.files == ("/etc/nginx/nginx.conf", "/etc/nginx/sites-enabled/app", "/etc/nginx/conf.d/relative.conf")


def test_no_link_leads_out_and_no_circle_holds_it_up(machine: Path) -> None:
    files = RootedFiles(PosixFileTree(), str(machine))
    (machine / "out").symlink_to("../../../../../../etc/nginx/sites-available/app")
    assert files.read("/out") == b"server { listen 8443 ssl; }"
    (machine / "round").symlink_to("/round")
    with pytest.raises(InputError, match="too many links"):
        files.read("/round")
    assert files.read("/etc/../etc/nginx/./sites-enabled/app") == b"server { listen 8443 ssl; }"
    (machine / "folder").symlink_to("/etc/nginx/sites-available")
    assert files.glob("/folder/*") == ("/folder/app",)


def test_a_dump_is_read_where_it_lies(machine: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    dump = tmp_path_factory.mktemp("mine") / "dump.txt"
    dump.write_text("# configuration file /etc/nginx/nginx.conf:\nevents {}\nhttp { server { listen 8443 ssl; } }\n\n")
    files = rooted(PosixFileTree(), str(machine), str(dump))
    assert len(read_config(files, str(dump)).directives) == 2
    assert files.read("/etc/nginx/sites-available/app") == b"server { listen 8443 ssl; }"
    with pytest.raises(InputError):
        files.read(str(dump.with_name("other")))


def test_a_main_file_is_not(machine: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    own = tmp_path_factory.mktemp("mine") / "nginx.conf"
    own.write_text("events {}")
    with pytest.raises(InputError):
        rooted(PosixFileTree(), str(machine), str(own)).read(str(own))
