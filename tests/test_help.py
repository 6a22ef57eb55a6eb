"""Every command helps: what it does, a worked example, the common options; and asking for help imports nothing heavy."""

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


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_has_help_with_a_worked_example(path: tuple[str, ...]) -> None:
    command: click.Command = handclasp
    for name in path:
        assert isinstance(command, LazyGroup)
        found = command.get_command(click.Context(command), name)
        assert found is not None
        command = found
    text = command.get_help(click.Context(command, info_name=f"handclasp {' '.join(path)}"))
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
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=30)
    assert "HEAVY []" in done.stdout
