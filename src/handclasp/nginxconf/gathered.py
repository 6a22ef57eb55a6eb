"""A configuration out of files that are all at hand already: saved evidence, a test, a rendered set."""

from collections.abc import Mapping
from functools import lru_cache

from handclasp.nginxconf.dump import is_dump, resolve_dump
from handclasp.nginxconf.include import NeedFiles, resolve
from handclasp.nginxconf.tree import ConfigTree, decode


def tree_from_files(root: str, files: Mapping[str, bytes | None], prefix: str | None = None) -> ConfigTree:
    """The configuration whose main file (or `nginx -T` dump) is `root`; what `files` lacks is missing.

    Raises:
        InputError: a syntax error with its place, a missing file, an include cycle.
    """
    return _tree(root, tuple(files.items()), prefix)


@lru_cache(maxsize=2)  # one diagnosis asks for the same configuration many times, with other questions about it
def _tree(root: str, known: tuple[tuple[str, bytes | None], ...], prefix: str | None) -> ConfigTree:
    files = dict(known)
    content = files.get(root)
    if content is not None and is_dump(text := decode(content)):
        return resolve_dump(text, prefix)
    tree = resolve(root, files, prefix, complete=True)
    assert not isinstance(tree, NeedFiles)  # a complete resolve answers or raises
    return tree
