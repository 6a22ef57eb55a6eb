"""handclasp completion."""

import click
from click.shell_completion import get_completion_class

from handclasp.model.errors import UsageError

_PROGRAM, _VARIABLE = "handclasp", "_HANDCLASP_COMPLETE"


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    r"""Print the script that completes handclasp's commands and options in a shell.

    \b
    Examples:
      handclasp completion bash > ~/.local/share/bash-completion/completions/handclasp
      handclasp completion zsh > "${fpath[1]}/_handclasp"
      handclasp completion fish > ~/.config/fish/completions/handclasp.fish
    """
    from handclasp.cli import handclasp

    found = get_completion_class(shell)
    if found is None:
        raise UsageError(f"there is no completion for {shell}")
    click.echo(found(handclasp, {}, _PROGRAM, _VARIABLE).source())
