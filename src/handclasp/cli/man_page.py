"""Help turned into manual pages (man(7))."""

from collections.abc import Iterator

import click

from handclasp import __version__
from handclasp.cli.frame import LazyGroup


def pages(command: click.Command, name: str) -> Iterator[tuple[str, str]]:
    """Name ("handclasp-nginx-apply") and text of the page of a command and of all below it."""
    yield name.replace(" ", "-"), _page(command, name)
    if isinstance(command, LazyGroup):
        context = click.Context(command)
        for child in command.table:
            found = command.get_command(context, child)
            if found is not None:
                yield from pages(found, f"{name} {child}")


def _page(command: click.Command, name: str) -> str:
    context = click.Context(command, info_name=name)
    title = name.replace(" ", "-")
    summary, _, rest = (command.help or "").partition("\n")
    lines = [
        f'.TH "{title.upper()}" "1" "" "handclasp {__version__}" "Handclasp"',
        ".SH NAME",
        rf"{_text(title)} \- {_text(summary.strip())}",
        ".SH SYNOPSIS",
        _text(" ".join((name, *command.collect_usage_pieces(context)))),
        ".SH DESCRIPTION",
        *_paragraphs(rest),
        *_options(command, context),
        *_commands(command, name),
    ]
    return "\n".join(lines) + "\n"


def _paragraphs(text: str) -> Iterator[str]:
    """Paragraphs; one that starts with click's mark against re-wrapping is set as it stands."""
    for block in text.strip().split("\n\n"):
        literal = block.lstrip().startswith("\b")
        yield ".PP"
        if literal:
            yield ".nf"
        yield from (_text(line.strip() if not literal else line) for line in block.replace("\b\n", "").splitlines())
        if literal:
            yield ".fi"


def _options(command: click.Command, context: click.Context) -> Iterator[str]:
    records = [record for item in command.get_params(context) if (record := item.get_help_record(context))]
    if records:
        yield ".SH OPTIONS"
    for names, help_text in records:
        yield from (".TP", rf"\fB{_text(names)}\fR", _text(help_text))


def _commands(command: click.Command, name: str) -> Iterator[str]:
    if isinstance(command, LazyGroup):
        yield ".SH COMMANDS"
        for child, summary in command.table.items():
            yield from (".TP", rf"\fB{_text(f'{name}-{child}'.replace(' ', '-'))}\fR(1)", _text(summary))


def _text(text: str) -> str:
    escaped = text.replace("\\", r"\e").replace("-", r"\-")
    return rf"\&{escaped}" if escaped[:1] in {".", "'"} else escaped
