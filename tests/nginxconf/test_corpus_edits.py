"""Edits of the corpus: only the lines of what was edited change, and nginx reads what it read before."""

import random
import re
from pathlib import Path

import pytest

from handclasp.nginxconf.dump import split_dump
from handclasp.nginxconf.edit import edited, insert_into, remove, replace_argument
from handclasp.nginxconf.parse import parse
from handclasp.nginxconf.tree import Document, decode, render, walk
from tests.nginx_rig import Rig, rig
from tests.nginxconf.test_corpus import CASES, FOLDER

# Debian's nginx has their modules apart, or is older or newer than they are.
FOREIGN = {"openresty-lua", "ingress-nginx", "njs-and-perl", "http3", "ssl-on-legacy", "stream-tls", "docker-template"}
_SYNTAX = re.compile(r"unexpected|unknown directive|not allowed here|invalid number of arguments|is not terminated|no opening")


def documents(name: str) -> list[Document]:
    text = decode((FOLDER / f"{name}.txt").read_bytes())
    return [parse(decode(content), path) for path, content in split_dump(text).items()]


@pytest.mark.parametrize("name", CASES)
def test_an_edit_changes_its_own_lines(name: str) -> None:
    chance = random.Random(name)
    for document in documents(name):
        every = [item for item, _ in walk(document.directives) if item.args]
        for item in chance.sample(every, min(8, len(every))):
            before = render(document)
            after = edited(replace_argument(item, 0, "changed-by-hand"))[document.source.file]
            first, last = item.origin_of(0).line, item.origin_of(0).line + item.args[0].count("\n")
            assert changed(before, after) <= set(range(first, last + 1))
            again = next(one for one, _ in walk(parse(after, document.source.file).directives) if one.origin == item.origin)
            assert again.args == ("changed-by-hand", *item.args[1:])
            back = edited(replace_argument(again, 0, item.args[0]))[document.source.file]
            assert [word(one) for one in walk(parse(back).directives)] == [word(one) for one in walk(document.directives)]


@pytest.mark.parametrize("name", CASES)
def test_what_is_put_in_and_taken_out_leaves_the_text_as_it_was(name: str) -> None:
    for document in documents(name):
        for block in [item for item, _ in walk(document.directives) if item.name == "server" and item.children is not None][:3]:
            text = edited(insert_into(block, ("tcp_nopush on;",)))[document.source.file]
            added = next(item for item, _ in walk(parse(text, document.source.file).directives) if item.args == ("on",)
                         and item.name == "tcp_nopush")  # fmt: skip
            back = edited(remove(added))[document.source.file]
            assert [word(one) for one in walk(parse(back).directives)] == [word(one) for one in walk(document.directives)]
            assert "".join(back.split()) == "".join(render(document).split())


def word(found: tuple[object, object]) -> tuple[str, ...]:
    return found[0].values  # type: ignore[attr-defined, no-any-return]


def changed(before: str, after: str) -> set[int]:
    """Numbers of lines that differ; all of them when lines came or went."""
    first, second = before.split("\n"), after.split("\n")
    if len(first) != len(second):
        return set(range(len(first) + 1))
    return {number for number, pair in enumerate(zip(first, second, strict=True), start=1) if pair[0] != pair[1]}


@pytest.mark.parametrize("name", sorted(set(CASES) - FOREIGN))
def test_nginx_reads_it_too(name: str, tmp_path: Path) -> None:
    """Certificates are not there, so it does not start; but it finds no fault with the language."""
    with rig(tmp_path / "prefix") as made:
        said = refusal(made, name)
    assert not _SYNTAX.search(said), said


def refusal(made: Rig, name: str) -> str:
    folder = Path(made.prefix)
    for path, content in split_dump(decode((FOLDER / f"{name}.txt").read_bytes())).items():
        target = folder / path.removeprefix("/etc/nginx/").lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.replace(b"/etc/nginx", made.prefix.encode()))
    main = next(iter(split_dump(decode((FOLDER / f"{name}.txt").read_bytes()))))
    config = str(folder / main.removeprefix("/etc/nginx/").lstrip("/"))
    output: str = made.nginx.test(prefix=made.prefix, config=config).output
    return next((line for line in output.splitlines() if "[emerg]" in line), "")
