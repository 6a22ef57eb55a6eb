"""Read a configuration with everything it includes, through ports.FileReader."""

from dataclasses import dataclass

from handclasp.model.errors import InputError
from handclasp.nginxconf.dump import is_dump, resolve_dump
from handclasp.nginxconf.include import NeedFiles, resolve
from handclasp.nginxconf.tree import ConfigTree, decode
from handclasp.ports.files import FileReader


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadConfig:
    """A configuration and the bytes it was read from, by absolute path; None: nginx could not have read it either."""

    tree: ConfigTree
    files: dict[str, bytes | None]


def read_config(files: FileReader, path: str, prefix: str | None = None) -> ConfigTree:
    """The configuration whose main file, or `nginx -T` dump, is at `path`.

    Args:
        files: where to read.
        path: absolute path of the main file or of the dump.
        prefix: nginx's -p; None: the folder of the main file.

    Raises:
        InputError: a syntax error with its place, a file that is missing or cannot be read, an include cycle.
    """
    return read_config_files(files, path, prefix).tree


def read_config_files(files: FileReader, path: str, prefix: str | None = None) -> ReadConfig:
    """As `read_config`, with the bytes of every file: what `Evidence.files` keeps."""
    content = files.read(path)
    if is_dump(text := decode(content)):
        return ReadConfig(tree=resolve_dump(text, prefix), files={path: content})
    known: dict[str, bytes | None] = {path: content}
    while isinstance(answer := resolve(path, known, prefix), NeedFiles):
        for wanted in answer.paths:
            known[wanted] = _read(files, wanted)
        for pattern in answer.patterns:
            known[pattern] = None  # answered, even when nothing matches
            for found in files.glob(pattern):
                known.setdefault(found, _read(files, found))
    return ReadConfig(tree=answer, files={name: content for name, content in known.items() if name in answer.sources})


def _read(files: FileReader, path: str) -> bytes | None:
    try:
        return files.read(path)
    except InputError:
        return None  # resolving says where the file is asked for
