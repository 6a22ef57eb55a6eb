"""handclasp completion."""

import click

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
    from handclasp.cli.shells import SHELLS

    click.echo(SHELLS[shell](handclasp, {}, _PROGRAM, _VARIABLE).source(), nl=False)
