"""Files that a program writes: where a change is to be made instead, for a finding and for each of its remedies."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from handclasp.catalogue.generators import Generator, generators, line_writer, writer
from handclasp.diagnose.remedies.change import RELOAD
from handclasp.model.finding import Applicability, Finding, Generated, Remedy
from handclasp.model.nginx import StartFault
from handclasp.model.origin import Origin
from handclasp.nginxconf.tree import ConfigTree

_ADDED = re.compile(r"^\+\s*(\w+)\s+([^;{]*?)\s*[;{]", re.MULTILINE)
_UNKNOWN = "..."


@dataclass(frozen=True)
class Writers:
    """Who wrote the files of one configuration. Each file is looked at when somebody asks about it."""

    tree: ConfigTree
    known: dict[str, Generator | None] = field(default_factory=dict)

    def told(self, finding: Finding) -> Finding:
        """The finding, and its remedies, with the program that wrote the file in question.

        A remedy that would change a file whose changes are lost is not one to apply without a person's consent.
        """
        where = finding.where
        program = self._of(where.file, where.line) if where.file else None
        remedies = tuple(self._remedy(finding, program, remedy) for remedy in finding.remedies)
        if program is None or where.file is None:
            return replace(finding, remedies=remedies)
        said = ((where.directive, ""),) if where.directive else ()
        return replace(finding, remedies=remedies, generated=self._generated(where.file, where.line, program, said))

    def of_fault(self, fault: StartFault) -> Generated | None:
        """The program that wrote the place of a fault at start."""
        path, line = fault.origin.file, fault.origin.line
        program = self._of(path, line)
        return self._generated(path, line, program, ((fault.directive, ""),)) if program else None

    def _remedy(self, finding: Finding, program: Generator | None, remedy: Remedy) -> Remedy:
        path = finding.where.file
        if remedy.edits:
            written = ((self._of(edit.path, None), edit.path) for edit in remedy.edits)
            program, path = next((each for each in written if each[0]), (None, remedy.edits[0].path))
        if path is None:
            return remedy
        if program is None:
            reader = self._reader(path)
            return _in_force_by(remedy, reader) if reader else remedy
        said = tuple(_said(remedy, program)) or ((finding.where.directive or "", ""),)
        generated = self._generated(path, finding.where.line if path == finding.where.file else None, program, said)
        applicability = remedy.applicability
        if generated.overwritten and applicability is Applicability.SAFE:
            applicability = Applicability.REVIEW
        return _in_force_by(replace(remedy, applicability=applicability, generated=generated), program)

    def _reader(self, path: str) -> Generator | None:
        """The program that leaves a file to people and wrote another that is read with it."""
        leaving = [each for each in generators() if each.leaves(path)]
        sources = self.tree.sources.values() if leaving else ()
        return next((each for each in leaving for one in sources if each.wrote(one.file, one.text)), None)

    def _of(self, path: str, line: int | None) -> Generator | None:
        if path not in self.known:
            source = self.tree.sources.get(path)
            root = next(iter(self.tree.sources.values()), None)
            self.known[path] = writer(path, source.text if source else "", main=(root.file, root.text) if root else None)
        return self.known[path] or (line_writer(self._line(path, line)) if line else None)

    def _generated(self, path: str, line: int | None, program: Generator, said: tuple[tuple[str, str], ...]) -> Generated:
        settings = (
            program.settings[name].replace("{value}", value or _UNKNOWN) for name, value in said if name in program.settings
        )
        of_line = line if self.known.get(path) is None else None
        return Generated(
            file=path,
            line=of_line,
            by=program.name,
            id=program.id,
            edit=program.edit,
            settings=tuple(dict.fromkeys(settings)),
            commands=program.commands,
            overwritten=program.overwritten and of_line is None,
        )

    def _line(self, path: str, number: int) -> str:
        source = self.tree.sources.get(path)
        if source is None:
            return ""
        start = source.offset(Origin(path, number, 1))
        end = source.text.find("\n", start)
        return source.text[start : end if end >= 0 else None]


def _in_force_by(remedy: Remedy, program: Generator) -> Remedy:
    """The remedy with the program's commands in place of a plain reload."""
    if RELOAD not in remedy.commands:
        return remedy
    others = (command for command in remedy.commands if command != RELOAD)
    return replace(remedy, commands=(*others, *program.commands))


def _said(remedy: Remedy, program: Generator) -> Iterator[tuple[str, str]]:
    """Directives with their values that a remedy asks for: of its patch, or of its words where it has none."""
    words = "\n".join((remedy.title.en, *remedy.commands))
    pairs = _ADDED.findall(remedy.patch) or [
        (name, found[1].strip("\"'"))
        for name in program.settings
        if (found := re.search(rf"\b{name}\s+([^\s;,:]+)", words)) is not None
    ]
    yield from dict.fromkeys((name, value) for name, value in pairs if name in program.settings)
