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
from handclasp.nginxconf.edit import TextEdit, file_edits, insert_into, remove, rename, replace_argument, spell
from handclasp.nginxconf.render_access import exactly
from handclasp.nginxconf.select import captured, matches
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
    derived: set[str] = field(default_factory=set)


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
    work = _Work(people, derived=set(_derived(tree, people)))
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


def names_only_ours(tree: ConfigTree, people: People) -> bool:
    """Whether all that a configuration asks of names are whole names, each of an identity of the registry.

    Then those of another CA, whom no name lets in or keeps out, are asked nothing else when the registry is asked.
    """
    asked: list[str] = []
    for item, _ in walk(tree.directives):
        if item.name == "map" and len(item.args) == 2 and _DN.fullmatch(item.args[0]):
            asked += [row.name for row in item.block if row.name not in _SETTINGS and row.name]
        elif item.name == "if" and (found := _condition(item)) and _DN.fullmatch(found[0]):
            asked.append(f"~{found[2]}" if "~" in found[1] else found[2])
    return all(not pattern.startswith("~") and meant(pattern, people) for pattern in asked)


def _derived(tree: ConfigTree, people: People) -> Iterator[str]:
    """Variables that hold the common name of the client: by a map, or by the set of an if, that takes it out of the DN."""
    for item, _ in walk(tree.directives):
        if item.name == "map" and len(item.args) == 2 and _asks_who(item.args[0]):
            if any(_takes_name(row, people) for row in item.block):
                yield item.args[1]
        elif item.name == "if" and (found := _condition(item)) and _asks_who(found[0]) and _sets_name(item, people):
            yield from (inner.args[0] for inner in item.block if inner.name == "set" and inner.args[1:] == ("$1",))


def _asks_who(variable: str) -> bool:
    return bool(_DN.fullmatch(variable)) or variable == VARIABLE


def _include(tree: ConfigTree, path: str) -> tuple[TextEdit, ...]:
    """`include` as the first thing of http{}: a variable may be used before it is declared, but a reader looks there."""
    (http,) = named(tree.directives, "http")[:1]
    relative = path.removeprefix(f"{tree.conf_dir}/")
    lines = ("# Who a client is: by issuer and serial of its certificate, never by its name.", f"include {spell(relative)};")
    return insert_into(http, lines)


def _map(work: _Work, block: Directive) -> None:
    source = block.args[0]
    if not _DN.fullmatch(source) and source not in work.derived:
        return
    of_names = source in work.derived
    edits: list[TextEdit] = [] if of_names else [*replace_argument(block, 0, VARIABLE)]
    names: list[str] = []
    for row in block.block:
        # Of a variable that holds the name whole words are identities already; what is left are expressions.
        if row.name in _SETTINGS or row.name == "" or (of_names and not row.name.startswith("~")):
            continue
        found, changed = _row(work, row, of_names=of_names)
        names += found
        edits += changed
    if names:
        _note(work, edits, names, f"map {block.args[1]}", block)


def _row(work: _Work, row: Directive, *, of_names: bool) -> tuple[list[str], Iterator[TextEdit]]:
    """The identities of one row, and the edits that name them; a name taken out of the DN becomes the identity itself."""
    if not of_names and _takes_name(row, work.people):
        everybody = sorted({member.identity for member, _ in work.people})
        return everybody, iter((*rename(row, "~."), *replace_argument(row, 0, VARIABLE)))
    found = meant(_of_dn(row.name) if of_names else row.name, work.people)
    if not found:
        return [], iter(remove(row))
    return found, _spelled(row, found)


def _takes_name(row: Directive, people: People) -> bool:
    """Whether a row takes the common name out of the DN, and everybody's is the name of the identity."""
    value = row.args[0] if row.args else ""
    group = re.search(r"\(\?(?:P?<|')(\w+)", row.name)
    taken = group is not None and value.strip("${}").lower() == group[1].lower()
    return (taken or (row.name == "~." and value == VARIABLE)) and all(
        f"CN={member.identity}" in subject for member, subject in people
    )


def _of_dn(pattern: str) -> str:
    """An expression over a common name as one over a DN."""
    sign = "~*" if pattern.startswith("~*") else "~"
    bare = pattern.removeprefix(sign)
    begun = bare.removeprefix("^").removeprefix("\\A")
    ended = re.sub(r"(?:\$|\\[zZ])\Z", r"(?=,|$)", begun)
    return f"{sign}CN={ended}"


def _spelled(row: Directive, names: list[str]) -> Iterator[TextEdit]:
    yield from rename(row, _key(names[0]))
    raw = row.source.text[row.words[1].start : row.words[-1].end]
    for name in names[1:]:
        yield TextEdit(row.source, row.close + 1, row.close + 1, f" {_key(name)} {raw};")


def _condition(block: Directive) -> tuple[str, str, str] | None:
    """Variable, operator and operand of an `if`."""
    found = re.fullmatch(r"\(\s*(\S+)\s+(!?~\*?|!?=)\s*(.*?)\s*\)", " ".join(block.args))
    return (found[1], found[2], found[3].strip("\"'")) if found else None


def _if(work: _Work, block: Directive) -> None:
    """`if ($ssl_client_s_dn OPERATOR VALUE)`, or over a variable that holds the name."""
    found = _condition(block)
    if found is None:
        return
    variable, operator, operand = found
    of_names = variable in work.derived
    if of_names and "~" not in operator:
        return
    if not of_names and not _DN.fullmatch(variable):
        return
    if any("$1" in inner.args for inner in block.block):
        if _sets_name(block, work.people):  # the whole name goes on, now that of the identity
            names = sorted({member.identity for member, _ in work.people})
            _note(work, _asking(block, "~", r"\A(.+)\z"), names, f"if ({variable} {operator} {operand})", block)
        return
    pattern = f"~*{operand}" if "~*" in operator else f"~{operand}" if "~" in operator else operand
    names = meant(_of_dn(pattern) if of_names else pattern, work.people)
    if not names:
        return
    fits = "|".join(re.escape(name) for name in names)
    sign = "!~" if operator.startswith("!") else "~"
    _note(work, _asking(block, sign, rf"\A(?:{fits})\z"), names, f"if ({variable} {operator} {operand})", block)


def _asking(block: Directive, sign: str, pattern: str) -> list[TextEdit]:
    """Another condition. Its bracket stays outside of the quotes: nginx takes it either way, and people do not."""
    start, end, wanted = block.words[0].end, block.words[-1].end, f" ({VARIABLE} {sign} {spell(pattern)})"
    return [] if block.source.text[start:end] == wanted else [TextEdit(block.source, start, end, wanted)]


def _sets_name(block: Directive, people: People) -> bool:
    """Whether the expression of an `if` takes everybody's common name, and that is the name of the identity."""
    found = _condition(block)
    if found is None or found[1] not in {"~", "~*"}:
        return False
    if found[0] == VARIABLE:
        return found[2] == r"\A(.+)\z"
    return all(captured(found[2], subject, ignore_case="*" in found[1]) == member.identity for member, subject in people)


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
