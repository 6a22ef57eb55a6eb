"""Every command's help as values, for the reference in the knowledge base. Words stay English; pages translate them."""

import re
from collections.abc import Iterator

import click

from handclasp.cli.frame import LazyGroup
from handclasp.present.kb.reference import CommandHelp


def command_helps(group: LazyGroup, prefix: str = "") -> Iterator[CommandHelp]:
    """All commands below a group, in the order of its table, each group before its own commands."""
    context = click.Context(group)
    for name in group.table:
        command = group.get_command(context, name)
        if command is None:
            continue
        path = f"{prefix} {name}".strip()
        yield _help(command, path)
        if isinstance(command, LazyGroup):
            yield from command_helps(command, path)


def _help(command: click.Command, path: str) -> CommandHelp:
    context = click.Context(command, info_name=f"handclasp {path}")
    blocks = [block for block in (command.help or "").split("\n\n") if block.strip()]
    plain = [" ".join(block.split()) for block in blocks if "\b" not in block]
    examples = [block.partition("\n")[2] for block in blocks if "\b" in block]
    return CommandHelp(
        path=path,
        usage=" ".join((f"handclasp {path}", *command.collect_usage_pieces(context))),
        summary=plain[0] if plain else "",
        paragraphs=tuple(plain[1:]),
        examples="\n".join(_lines(text) for text in examples),
        options=tuple(_options(command, context)),
        group=isinstance(command, LazyGroup),
    )


def _options(command: click.Command, context: click.Context) -> Iterator[tuple[str, str]]:
    for option in command.get_params(context):
        record = option.get_help_record(context)
        if record and isinstance(option, click.Option):
            yield record[0], " ".join(record[1].split())


def _lines(text: str) -> str:
    """Examples without the heading's indent, and without the heading itself."""
    rows = text.splitlines()
    rows = rows[1:] if rows and re.fullmatch(r"\s*Examples?:\s*", rows[0]) else rows
    return "\n".join(row.removeprefix("  ") for row in rows).strip("\n")
