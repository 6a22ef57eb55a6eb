"""A copy of a home to try a command on: so a dry run does exactly what the command would do, and nothing comes of it."""

from collections.abc import Callable

from handclasp.app.home import Layout, registered
from handclasp.ports.files import FileTree

_LEFT_OUT = ("registry.", "lock", "nginx/")


def copy_home(files: FileTree, layout: Layout, snapshot: Callable[[], bytes], target: str) -> None:
    """Copy what the CA's commands work on into a new folder for its owner alone. CA keys stay encrypted in it.

    A home that does not exist yet gives an empty folder.
    """
    files.make_folder(target, mode=0o700)
    if not registered(files, layout):
        return
    for path in files.walk(layout.folder):
        name = path[len(layout.folder) + 1 :]
        if name.startswith(_LEFT_OUT):
            continue
        folder = f"{target}/{name}".rpartition("/")[0]
        files.make_folder(folder, mode=0o700)
        files.write(f"{target}/{name}", files.read(path), mode=0o600)
    files.write(f"{target}/registry.sqlite", snapshot(), mode=0o600)
