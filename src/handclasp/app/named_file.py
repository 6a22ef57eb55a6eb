"""A file that a person names: one that is not there was perhaps mistyped."""

from handclasp.model.errors import InputError
from handclasp.model.near import did_you_mean
from handclasp.ports.files import FileReader

_NO_FILE = "No such file or directory"


def read_named(files: FileReader, path: str) -> bytes:
    """Its content. InputError when it cannot be read, with names beside it that look like the one that is not there."""
    try:
        return files.read(path)
    except InputError as error:
        folder, _, name = path.rpartition("/")
        if _NO_FILE not in error.what or not error.hint:
            raise
        beside = (other.rpartition("/")[2] for other in files.glob(f"{folder.replace('[', '[[]')}/*"))
        raise InputError(error.what, where=error.where, hint=did_you_mean(name, beside, error.hint)) from error
