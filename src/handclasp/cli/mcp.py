"""handclasp mcp."""

import click

from handclasp.cli.frame import Frame, framed


@click.command("mcp")
@framed
def command(frame: Frame) -> int:  # noqa: ARG001 - every command takes the common options
    r"""Answer a coding agent on standard input and output, by the Model Context Protocol.

    Its tools only read: explain, entry, search, list_causes, and predict and doctor on files that the agent names. It needs the
    package mcp: pip install 'handclasp[mcp]'. It ends when its input ends.

    \b
    Example:
      handclasp mcp        run by an agent whose configuration says
      {"mcpServers": {"handclasp": {"command": "handclasp", "args": ["mcp"]}}}
    """
    from handclasp.model.errors import WorldError

    try:
        from handclasp.server.mcp_server import server
    except ModuleNotFoundError as error:
        raise WorldError(f"the Python package {error.name} is not installed", hint="pip install 'handclasp[mcp]'") from error
    server().run("stdio")
    return 0
