"""Edits of the configuration at the place a finding is about."""

from collections.abc import Iterable

from handclasp.diagnose.case import Case
from handclasp.diagnose.reach import block_at
from handclasp.model.finding import FileEdit
from handclasp.model.origin import Origin
from handclasp.nginxconf.edit import TextEdit, file_edits, set_directive


def set_in(case: Case, block: Origin, *settings: tuple[str, tuple[str, ...]]) -> tuple[FileEdit, ...]:
    """File edits that give a block these directives; () when the block is in a dump or cannot be found."""
    return set_in_all(case, (block,), *settings)


def set_in_all(case: Case, blocks: Iterable[Origin], *settings: tuple[str, tuple[str, ...]]) -> tuple[FileEdit, ...]:
    """File edits that give every one of some blocks these directives; () when one is in a dump or cannot be found."""
    edits: list[TextEdit] = []
    for block in blocks:
        directive = block_at(case, block)
        if directive is None:
            return ()
        for name, arguments in settings:
            edits += set_directive(directive, name, arguments)
    return _of_known_files(case, file_edits(edits))


def with_edits(case: Case, edits: Iterable[TextEdit]) -> tuple[FileEdit, ...]:
    """Any edits of the configuration as file edits; () when it is a dump."""
    return _of_known_files(case, file_edits(edits))


def _of_known_files(case: Case, edits: Iterable[FileEdit]) -> tuple[FileEdit, ...]:
    # A dump is one file that stands for many: its edits could not be applied anywhere.
    known = tuple(edits)
    return known if all(edit.path in case.evidence.files for edit in known) else ()
