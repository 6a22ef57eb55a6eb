"""Every command helps: what it does, a worked example, the common options; and asking for help imports nothing heavy."""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator

import click
import pytest

from handclasp.cli import handclasp
from handclasp.cli.frame import LazyGroup

# Groups hold commands; `serve` runs until it is stopped and prints no document.
WITHOUT_JSON = {"serve", "mcp", "completion", "man"}


def commands(group: LazyGroup, prefix: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name in group.table:
        command = group.get_command(click.Context(group), name)
        if isinstance(command, LazyGroup):
            yield from commands(command, (*prefix, name))
        else:
            yield (*prefix, name)


assert isinstance(handclasp, LazyGroup)
ALL = tuple(commands(handclasp))


def command_of(path: tuple[str, ...]) -> click.Command:
    command: click.Command = handclasp
    for name in path:
        assert isinstance(command, LazyGroup)
        found = command.get_command(click.Context(command), name)
        assert found is not None, path
        command = found
    return command


def help_of(path: tuple[str, ...]) -> str:
    command = command_of(path)
    return command.get_help(
        click.Context(command, info_name=f"handclasp {' '.join(path)}", terminal_width=1000, max_content_width=1000)
    )


def examples(text: str) -> Iterator[list[str]]:
    """The words of each call of handclasp in the examples of a help, without what the shell makes of the rest."""
    below = text.partition("Example")[2].partition("\nOptions:")[0]
    for line in re.sub(r"\\\n\s*", " ", below).splitlines():
        said = re.split(r"\s{3,}", line.strip())[0]  # what stands behind a gap explains the call
        lexer = shlex.shlex(said, posix=True, punctuation_chars="|&;<>()")
        lexer.whitespace_split, lexer.commenters = True, "#"
        call: list[str] = []
        for word in (*lexer, ";"):
            if re.fullmatch(r"[|&;<>()]+", word):
                if "handclasp" in call:
                    yield call[call.index("handclasp") + 1 :]
                call = []
            else:
                call.append(word)


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_the_examples_are_calls_that_the_program_takes(path: tuple[str, ...]) -> None:
    """Commands, options and arguments are there, and nothing that must be given is left out."""
    calls = list(examples(help_of(path)))
    assert calls
    for words in calls:
        named: tuple[str, ...] = ()
        while isinstance(command_of(named), LazyGroup):
            named = (*named, words[len(named)])
        command = command_of(named)
        context = click.Context(command)
        given, rest, _ = command.make_parser(context).parse_args(words[len(named) :])
        assert not rest, words
        for parameter in command.params:
            missing = parameter.required and given.get(parameter.name) in (None, (), [])
            assert not missing, (words, parameter.name)


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_has_help_with_a_worked_example(path: tuple[str, ...]) -> None:
    command, text = command_of(path), help_of(path)
    assert command.name
    assert "Example" in text
    assert f"handclasp {' '.join(path)}" in text.partition("Example")[2]
    if path[-1] not in WITHOUT_JSON:
        assert "--json" in text


def test_help_imports_nothing_heavy() -> None:
    script = (
        "import sys; from handclasp.cli import main; main(['--help']); "
        "heavy = {'cryptography', 'sqlalchemy', 'alembic', 'msgspec', 'OpenSSL', 'rich', 'starlette', 'uvicorn'}; "
        "print('HEAVY', sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=120)
    assert "HEAVY []" in done.stdout
