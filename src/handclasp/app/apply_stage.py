"""Shows nginx a plan before anything is changed: a staged copy of the configuration that reads the new files."""

import os
import posixpath
from collections.abc import Iterator

from handclasp.app.apply_state import Change, Gear, Instance
from handclasp.app.read_config import read_config_files
from handclasp.model.errors import InputError, WorldError
from handclasp.model.plan import RemoveFile, WriteFile
from handclasp.nginxconf.diff import unified
from handclasp.nginxconf.edit import TextEdit, edited, spell
from handclasp.nginxconf.include import is_pattern, matching
from handclasp.nginxconf.parse import parse
from handclasp.nginxconf.tree import Directive, Document, encode, walk
from handclasp.ports.files import FileReader


class Planned:
    """The file system as it will be: a FileReader with the changes laid over it."""

    def __init__(self, files: FileReader, changes: tuple[Change, ...]) -> None:
        self._files = files
        self.content = {change.path: change.content if isinstance(change, WriteFile) else None for change in changes}

    def read(self, path: str) -> bytes:
        """As it will be."""
        known = self._known(path)
        if known is None:
            return self._files.read(path)
        planned = self.content[known]
        if planned is None:
            raise InputError("cannot be read: it will be removed", where=path)
        return planned

    def exists(self, path: str) -> bool:
        """Whether it will be there."""
        known = self._known(path)
        return self.content[known] is not None if known else self._files.exists(path)

    def _known(self, path: str) -> str | None:
        """The changed file that a path leads to, also by a link; None: it stays as it is."""
        return next((one for one in (path, os.path.realpath(path)) if one in self.content), None)

    def glob(self, pattern: str) -> tuple[str, ...]:
        """Paths that will match."""
        there = set(self._files.glob(pattern)) - set(self.content)
        return matching(pattern, there | {path for path, content in self.content.items() if content is not None})

    def walk(self, folder: str) -> Iterator[str]:
        """Every regular file that will be below a folder."""
        inside = {path for path, content in self.content.items() if content is not None and path.startswith(f"{folder}/")}
        yield from sorted({path for path in self._files.walk(folder) if path not in self.content} | inside)


def check(gear: Gear, instance: Instance, changes: tuple[Change, ...]) -> None:
    """`nginx -t` on the configuration as it will be; no file that nginx reads is touched, no running instance asked.

    Raises:
        InputError: a syntax error in the new configuration, with its place.
        WorldError: nginx does not accept it (its words are the hint), or the disk failed.
    """
    try:
        _write_copies(gear, instance, changes)
        tested = gear.nginx.test(prefix=instance.prefix, config=instance.staged_config)
    finally:
        clean(gear, instance)
    if not tested.ok:
        words = tested.output.replace(instance.staged_config, instance.config)
        keep_failed(gear, instance, changes, words)
        hint = f"{words}\nwhat was tried is kept in {instance.failed}"
        raise WorldError("nginx does not accept the new configuration; nothing was changed", where=instance.config, hint=hint)


def keep_failed(gear: Gear, instance: Instance, changes: tuple[Change, ...], words: str) -> None:
    """Keep what was tried, and what was said to it, for whoever looks into it; the content of secret files stays out."""
    parts = [f"{gear.clock.now():%Y-%m-%d %H:%M:%S} UTC\n{words}\n"]
    for change in changes:
        if isinstance(change, RemoveFile):
            parts.append(f"remove {change.path}\n")
        elif change.mode & 0o077 == 0 or b"PRIVATE KEY" in change.content:
            parts.append(f"{change.path} (a secret of {len(change.content)} bytes)\n")
        else:
            parts.append(unified(change.path, change.before, change.content))
    gear.files.write(instance.failed, "\n".join(parts).encode(), mode=0o600)


def clean(gear: Gear, instance: Instance) -> None:
    """Take the staged copies away."""
    gear.files.remove(instance.staged_config)
    for path in tuple(gear.files.walk(instance.staged)) if gear.files.exists(instance.staged) else ():
        gear.files.remove(path)


def _write_copies(gear: Gear, instance: Instance, changes: tuple[Change, ...]) -> None:
    planned = Planned(gear.files, changes)
    read = read_config_files(planned, instance.config, instance.prefix)
    gear.files.make_folder(instance.staged, mode=0o700)
    copies = {path: f"{instance.staged}/{number}-{posixpath.basename(path)}" for number, path in enumerate(read.tree.sources)}
    copies[instance.config] = instance.staged_config
    for number, change in enumerate(changes):
        if isinstance(change, WriteFile) and change.path not in copies:
            copies[change.path] = f"{instance.staged}/new-{number}-{posixpath.basename(change.path)}"
            gear.files.write(copies[change.path], change.content, mode=0o600)
    for path, source in read.tree.sources.items():
        document = parse(source.text, path)
        edits = tuple(_redirected(document, instance, planned, copies))
        gear.files.write(copies[path], encode(edited(edits).get(path, source.text) if edits else source.text), mode=0o600)


def _redirected(document: Document, instance: Instance, planned: Planned, copies: dict[str, str]) -> Iterator[TextEdit]:
    """Edits that make a copied file name the copies of what it named."""
    for directive, _ in walk(document.directives):
        if directive.name == "include" and len(directive.values) == 2:
            yield _included(document, directive, instance, planned, copies)
            continue
        for word in directive.words[1:]:
            target = posixpath.normpath(posixpath.join(instance.folder, word.value))
            if target in copies:
                yield TextEdit(document.source, word.start, word.end, spell(copies[target]))


def _included(
    document: Document, directive: Directive, instance: Instance, planned: Planned, copies: dict[str, str]
) -> TextEdit:
    target = posixpath.join(instance.folder, directive.values[1])
    paths = planned.glob(target) if is_pattern(target) else (target,)
    text = " ".join(f"include {spell(copies.get(path, path))};" for path in paths)
    return TextEdit(document.source, directive.start, directive.close + 1, text)
