"""Writes an exhibit as a folder of files."""

from handclasp.lab.exhibit import PREFIX, Exhibit
from handclasp.ports.files import FileTree


def export_files(shown: Exhibit, folder: str, files: FileTree) -> tuple[str, ...]:
    """The paths written: the configuration's files, client.pem and client.key, origin.pem, error.log. Keys have mode 0600."""
    content = {path.removeprefix(f"{PREFIX}/"): data for path, data in shown.files.items()}
    if shown.client_chain:
        content |= {"client.pem": shown.client_chain.encode(), "client.key": shown.client_key.encode()}
    if shown.origin_chain:
        content["origin.pem"] = shown.origin_chain.encode()
    if shown.log:
        content["logs/error.log"] = "".join(f"{line}\n" for line in shown.log).encode()
    for name, data in content.items():
        path = f"{folder}/{name}"
        files.make_folder(path.rpartition("/")[0])
        files.write(path, data, mode=0o600 if name.endswith(".key") else 0o644)
    return tuple(f"{folder}/{name}" for name in content)
