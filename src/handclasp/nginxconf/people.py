"""Who somebody is, for a hand-written configuration: a variable that names the identity, and edits that ask it and no DN.

The variable comes from issuer and serial of a certificate that was verified. Maps and ifs over $ssl_client_s_dn are pointed at
it; their patterns become the identities that were meant: those whose whole common name the pattern spells out, or, where it
spells none, those of the registry that it fits.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from handclasp.model.finding import FileEdit
from handclasp.model.guarded import Member
from handclasp.model.origin import Origin
from handclasp.nginxconf import render_words as words
from handclasp.nginxconf.edit import TextEdit, file_edits, insert_into, remove, rename, replace_argument, set_arguments, spell
from handclasp.nginxconf.render_access import exactly
from handclasp.nginxconf.select import matches
from handclasp.nginxconf.tree import ConfigTree, Directive, named, walk

VARIABLE = "$handclasp_identity"
_DN = re.compile(r"\$\{?ssl_client_s_dn(?:_legacy)?\}?")
_COMMON_NAME = re.compile(r"CN=((?:[A-Za-z0-9 _@-]|\\?\.)+)(?=\Z|[$,/)(|]|\\[zZb])", re.IGNORECASE)
_CHOICE = re.compile(r"CN=\((?:\?:)?((?:[A-Za-z0-9 _@|-]|\\?\.)+)\)", re.IGNORECASE)
_SETTINGS = frozenset({"default", "hostnames", "volatile", "include"})

People = tuple[tuple[Member, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleEdits:
    """`places` are what was pointed at the registry ("map $role"), `names` the identities found in them."""

    edits: tuple[FileEdit, ...]
    places: tuple[str, ...]
    names: tuple[str, ...]
    origin: Origin


@dataclass(slots=True)
class _Work:
    people: People
    edits: list[TextEdit] = field(default_factory=list)
    places: list[str] = field(default_factory=list)
    names: dict[str, None] = field(default_factory=dict)
    origin: Origin | None = None


def people_map(members: Iterable[Member]) -> str:
    """The text of people.conf: issuer to a number, then verified number and serial to the identity."""
    known = tuple(members)
    issuers = {issuer: number for number, issuer in enumerate(dict.fromkeys(one.issuer_dn for one in known), start=1)}
    rows = [f'    "{issuers[one.issuer_dn]}:{one.serial}" {words.word(one.identity, "the identity")};' for one in known]
    return "\n".join(
        (
            "# Made by handclasp nginx adopt and revoke. Issuer and serial of a verified certificate name one person.",
            'map "$ssl_client_verify:$ssl_client_i_dn" $handclasp_issuer {',
            '    default "";',
            *(f"    {exactly(f'SUCCESS:{issuer}')} {number};" for issuer, number in issuers.items()),
            "}",
            f'map "$handclasp_issuer:$ssl_client_serial" {VARIABLE} {{',
            '    default "";',
            *rows,
            "}",
            "",
        )
    )


def people_edits(tree: ConfigTree, people: People, path: str, files: Mapping[str, bytes | None]) -> PeopleEdits | None:
    """The edits that let a configuration ask the registry; None: it asks for no names, and its people.conf is right."""
    work = _Work(people)
    for item, parents in walk(tree.directives):
        if item.name == "map" and item.children is not None and parents and parents[-1].name == "http":
            _map(work, item)
        elif item.name == "if" and item.children is not None:
            _if(work, item)
    before, content = files.get(path), people_map(member for member, _ in people).encode()
    there = any(path in source for source in tree.sources)
    if not work.places and (not there or before == content):
        return None
    edits = list(file_edits([*work.edits, *(() if there else _include(tree, path))]))
    if before != content:
        edits.append(FileEdit(path=path, before=before, after=content))
    places = tuple(work.places) or ("people.conf",)
    return PeopleEdits(edits=tuple(edits), places=places, names=tuple(work.names), origin=work.origin or Origin(path, 1))


def _include(tree: ConfigTree, path: str) -> tuple[TextEdit, ...]:
    """`include` as the first thing of http{}: a variable may be used before it is declared, but a reader looks there."""
    (http,) = named(tree.directives, "http")[:1]
    relative = path.removeprefix(f"{tree.conf_dir}/")
    lines = ("# Who a client is: by issuer and serial of its certificate, never by its name.", f"include {spell(relative)};")
    return insert_into(http, lines)


def _map(work: _Work, block: Directive) -> None:
    if not _DN.fullmatch(block.args[0]):
        return
    edits: list[TextEdit] = [*replace_argument(block, 0, VARIABLE)]
    names: list[str] = []
    for row in block.block:
        if row.name in _SETTINGS or row.name == "":
            continue
        found, changed = _row(work, row)
        names += found
        edits += changed
    if names:
        _note(work, edits, names, f"map {block.args[1]}", block)


def _row(work: _Work, row: Directive) -> tuple[list[str], Iterator[TextEdit]]:
    """The identities of one row, and the edits that name them; a name taken out of the DN becomes the identity itself."""
    value = row.args[0] if row.args else ""
    group = re.search(r"\(\?(?:P?<|')(\w+)", row.name)
    if (
        group
        and value.strip("${}").lower() == group[1].lower()
        and all(f"CN={member.identity}" in subject for member, subject in work.people)
    ):
        everybody = sorted({member.identity for member, _ in work.people})
        return everybody, iter((*rename(row, "~."), *replace_argument(row, 0, VARIABLE)))
    found = meant(row.name, work.people)
    if not found:
        return [], iter(remove(row))
    return found, _spelled(row, found)


def _spelled(row: Directive, names: list[str]) -> Iterator[TextEdit]:
    yield from rename(row, _key(names[0]))
    raw = row.source.text[row.words[1].start : row.words[-1].end]
    for name in names[1:]:
        yield TextEdit(row.source, row.close + 1, row.close + 1, f" {_key(name)} {raw};")


def _if(work: _Work, block: Directive) -> None:
    """`if ($ssl_client_s_dn OPERATOR VALUE)`."""
    words_ = " ".join(block.args)
    found = re.fullmatch(r"\(\s*(\S+)\s+(!?~\*?|!?=)\s*(.*?)\s*\)", words_)
    if found is None or not _DN.fullmatch(found[1]):
        return
    operator, operand = found[2], found[3].strip("\"'")
    pattern = f"~*{operand}" if "~*" in operator else f"~{operand}" if "~" in operator else operand
    names = meant(pattern, work.people)
    if not names:
        return
    fits = "|".join(re.escape(name) for name in names)
    sign = "!~" if operator.startswith("!") else "~"
    edits = set_arguments(block, (f"({VARIABLE}", sign, rf"\A(?:{fits})\z)"))
    _note(work, list(edits), names, f"if ({found[1]} {operator} {operand})", block)


def _note(work: _Work, edits: list[TextEdit], names: list[str], place: str, at: Directive) -> None:
    work.edits += edits
    work.places.append(place)
    work.names.update(dict.fromkeys(names))
    work.origin = work.origin or at.origin


def meant(pattern: str, people: People) -> list[str]:
    """The identities that a pattern over names stands for, as somebody meant it who wrote it."""
    fold = pattern.startswith("~*")
    bare = pattern.lstrip("~*") if pattern.startswith("~") else pattern.removeprefix("\\")
    spelt = _spelt(bare)
    fitting = []
    for member, subject in people:
        forms = (subject, legacy(subject))
        if pattern.startswith("~"):
            fits = any(matches(bare, form, ignore_case=fold) for form in forms)
        else:
            fits = bare.lower() in {form.lower() for form in forms}
        own = {found.strip().lower() for found in re.findall(r"(?:^|,)CN=((?:\\.|[^,\\])*)", subject)}
        if fits and (not spelt or spelt & own):
            fitting.append(member.identity)
    return sorted(dict.fromkeys(fitting))


def _spelt(pattern: str) -> set[str]:
    """The common names that a pattern spells out whole; () when it goes on after what it spells: CN=build-[0-9]+."""
    found = [*_COMMON_NAME.findall(pattern), *(one for text in _CHOICE.findall(pattern) for one in text.split("|"))]
    return {one.replace("\\", "").strip().lower() for one in found}


def legacy(subject: str) -> str:
    """The form of before nginx 1.11.6: the largest part first, each after a slash."""
    return "/" + "/".join(reversed(re.split(r"(?<!\\),", subject)))


def _key(name: str) -> str:
    return f"\\{name}" if name in _SETTINGS else name
