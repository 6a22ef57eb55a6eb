"""What all commands share: lazy loading, the common options, output, and errors turned into messages and exit codes."""

import functools
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import click

from handclasp.cli.speech import SpeakingFormatter, speaking, spoken, usage_error_text
from handclasp.model.errors import Bug, HandclaspError, UsageError
from handclasp.model.messages import ENGLISH, languages, translate

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

LANG_HELP = "Language of texts."


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """The common options of one run. `color` is whether standard output takes ANSI colour.

    `instead` is what a dry run works on (a copy of the home) and what it stands for: texts name the latter.
    """

    json: bool
    lang: str
    home: str
    quiet: bool
    verbose: int
    color: bool
    instead: dict[str, str] = field(default_factory=dict)

    def out(self, text: str) -> None:
        """The result, to standard output."""
        click.echo(translate(self._meant(text), self.lang), color=self.color)

    def hint(self, text: str) -> None:
        """The next step or a remark, to standard error; silent with --quiet and --json."""
        if not (self.quiet or self.json):
            click.echo(translate(self._meant(text), self.lang), err=True)

    def document(self, command: str, value: object) -> None:
        """The one JSON document of this run."""
        from handclasp.present.as_json import document

        click.echo(self._meant(document(command, value)))

    def documents(self, command: str, field: str, values: Iterable[object]) -> None:
        """As `document`, of one list that may be long: its members are written one by one."""
        from handclasp.present.as_json import pieces

        for piece in pieces(command, field, values):
            click.echo(self._meant(piece), nl=False)

    def explain(self, error: HandclaspError) -> None:
        """An error of a dry run names the home, not its copy."""
        if self.instead:
            error.what, error.hint = self._meant(error.what), self._meant(error.hint) if error.hint else None
            error.where = self._meant(str(error.where)) if error.where else None

    def _meant(self, text: str) -> str:
        for copy, original in self.instead.items():
            text = text.replace(copy, original)
        return text


class LazyGroup(click.Group):
    """A group whose commands live in `<package>.<name>` as the attribute `command` and are imported when used.

    Args:
        package: dotted name of the package that holds one module per command.
        commands: name to one-line help, in the order they are shown.
        headings: the first command under each heading, to the heading.
    """

    def __init__(
        self, *args: Any, package: str, commands: Mapping[str, str], headings: Mapping[str, str] | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        _keep_paragraphs(self)
        lang = click.Option(["--lang"], type=click.Choice(languages()), help=LANG_HELP, expose_value=False)
        self.params.append(lang)  # main() has read it; it holds for the command behind it too
        self.package = package
        self.table = dict(commands)
        self.headings = headings or {next(iter(commands)): "Commands"}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in the order of the table."""
        return list(self.table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the module of a command; None when the table has no such name."""
        if cmd_name not in self.table:
            return None
        command = import_module(f"{self.package}.{cmd_name.replace('-', '_')}").command
        if not isinstance(command, click.Command):
            raise Bug(f"{self.package}.{cmd_name} has no command")
        _keep_paragraphs(command)
        return command

    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem[str]]":
        """Commands from the table, with their whole line of help, and this group's own options."""
        from click.shell_completion import CompletionItem

        commands = [CompletionItem(name, help=meaning) for name, meaning in self.table.items() if name.startswith(incomplete)]
        return [*commands, *click.Command.shell_complete(self, ctx, incomplete)]

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        """As click, with the commands that a mistyped one may be."""
        if args and args[0] not in self.table and not args[0].startswith("-"):
            from handclasp.model.near import nearest

            hint = "\n".join(f"{ctx.command_path} {name}" for name in nearest(args[0], self.table)) or f"{ctx.command_path} -h"
            raise UsageError(f"there is no command {args[0][:40]!r}", hint=hint)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands, from the table: nothing is imported for it."""
        widest = max(map(len, self.table))
        rows: dict[str, list[tuple[str, str]]] = {}
        for name, summary in self.table.items():
            heading = self.headings.get(name) or next(reversed(rows))
            rows.setdefault(heading, []).append((name.ljust(widest), summary))
        for heading, listed in rows.items():
            with formatter.section(heading):
                formatter.write_dl(listed)


def _keep_paragraphs(command: click.Command) -> None:
    r"""Docstrings with examples are raw, so click's mark against re-wrapping arrives as the two characters \b."""
    if command.help:
        command.help = command.help.replace("\\b\n", "\b\n")


def default_home() -> str:
    """The system folder for root, the XDG data folder for everybody else."""
    if os.geteuid() == 0:
        return "/var/lib/handclasp"
    return os.path.join(os.environ.get("XDG_DATA_HOME") or os.path.expanduser("~/.local/share"), "handclasp")  # noqa: PTH111, PTH118


def default_lang() -> str:
    """The language of the locale when Handclasp speaks it, else en."""
    locale = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or ""
    return next((lang for lang in languages() if locale.startswith(lang)), ENGLISH)


def asked_lang(arguments: list[str]) -> str:
    """The language of a command line that may be wrong in every other way."""
    asked = [word.removeprefix("--lang=") for word in arguments if word.startswith("--lang=")]
    asked += [word for before, word in pairwise(arguments) if before == "--lang"]
    return asked[-1] if asked and asked[-1] in languages() else default_lang()


click.Context.formatter_class = SpeakingFormatter

_OPTIONS = (
    click.option("--json", "as_json", is_flag=True, help="Print one JSON document on standard output."),
    click.option(
        "--lang", type=click.Choice(languages()), default=lambda: spoken(default_lang), help=LANG_HELP, show_default="locale"
    ),
    click.option(
        "--home",
        type=click.Path(file_okay=False),
        envvar="HANDCLASP_HOME",
        default=default_home,
        show_default="XDG data folder, /var/lib/handclasp for root",
        help="Where the CA and its registry live.",
    ),
    click.option("-q", "--quiet", is_flag=True, help="Only results and errors."),
    click.option("-v", "--verbose", count=True, help="Say more; repeat for even more."),
    click.option("--no-color", is_flag=True, envvar="NO_COLOR", help="No ANSI colours."),
)


def framed(function: Callable[..., int | None]) -> Callable[..., int | None]:
    """Give a command the common options and pass them as its first argument, a Frame."""

    @functools.wraps(function)
    def run(*, as_json: bool, lang: str, home: str, quiet: bool, verbose: int, no_color: bool, **options: Any) -> int | None:
        color = not no_color and not as_json and sys.stdout.isatty()
        frame = Frame(json=as_json, lang=lang, home=os.path.abspath(home), quiet=quiet, verbose=verbose, color=color)  # noqa: PTH100
        try:
            return function(frame, **options)
        except HandclaspError as error:
            frame.explain(error)
            raise

    run.__doc__ = _paragraphs(function.__doc__)
    for option in reversed(_OPTIONS):
        run = option(run)
    return run


def _paragraphs(text: str | None) -> str | None:
    """Docstrings are raw and say backslash b; click wants the control character that keeps a paragraph's lines apart."""
    return text.replace("\\b\n", "\b\n") if text else text


def report(error: BaseException, arguments: list[str]) -> int:
    """Say what went wrong and return the exit code. With --json the message is a JSON document on standard output."""
    if (code := _without_a_word(error)) is not None:
        return code
    lang = asked_lang(arguments)
    if isinstance(error, (KeyboardInterrupt, click.Abort)):
        click.echo(translate("interrupted: nothing is half-done; run the command again to go on", lang), err=True)
        return 130
    if isinstance(error, click.exceptions.NoArgsIsHelpError) and error.ctx is not None:
        with speaking(lang):
            click.echo(error.ctx.get_help(), err=True)
        return 2
    if isinstance(error, click.UsageError):
        if "--json" in arguments:
            _report_json(UsageError(error.format_message()))
        with speaking(lang):
            click.echo(usage_error_text(error), err=True)
        return 2
    known = error if isinstance(error, HandclaspError) else _translate(error)
    if "--json" in arguments:
        _report_json(known)
    where = f"{known.where}: " if known.where else ""
    click.echo(
        click.style(translate("error: ", lang), fg="red", bold=True) + _shown(where + translate(known.what, lang)), err=True
    )
    for line in translate(known.hint or "", lang).splitlines():
        click.echo(click.style(translate("hint: ", lang), fg="cyan") + _shown(line), err=True)
    if known.exit_code == Bug.exit_code and os.environ.get("HANDCLASP_TRACEBACK"):
        raise error
    return known.exit_code


def _without_a_word(error: BaseException) -> int | None:
    """The exit code of an end that needs no message; None of any other."""
    if isinstance(error, click.exceptions.Exit):
        return error.exit_code
    if isinstance(error, SystemExit) and error.code == 0:  # click, when it has told a shell what there is to complete
        return 0
    if isinstance(error, (BrokenPipeError, SystemExit)):  # click turns a closed standard output into SystemExit
        _close_quietly()
        return 5
    return None


def _shown(text: str) -> str:
    """Words of a configuration or a certificate in it become harmless; lines stay lines."""
    from handclasp.present.visible import visible

    return "\n".join(map(visible, text.split("\n")))


def _translate(error: BaseException) -> HandclaspError:
    from handclasp.model.errors import WorldError

    if isinstance(error, OSError):
        return WorldError(f"{error.strerror or error}", where=str(error.filename) if error.filename else None)
    if isinstance(error, click.ClickException):
        return HandclaspError(error.format_message())
    return Bug(
        f"{type(error).__name__}: {error}",
        hint="this is a bug in Handclasp; please report it with the output of the same command and HANDCLASP_TRACEBACK=1",
    )


def _report_json(error: HandclaspError) -> None:
    from handclasp.present.as_json import document

    where = str(error.where) if error.where else None
    fields = {"what": error.what, "where": where, "hint": error.hint}
    # Bytes of a file that are no UTF-8 came in as surrogates, which JSON cannot hold.
    said = {key: text.encode("utf-8", "backslashreplace").decode() if text else text for key, text in fields.items()}
    click.echo(document("error", {**said, "exit": error.exit_code}))


def _close_quietly() -> None:
    """Standard output is gone; keep Python from complaining about it at exit."""
    devnull = os.open(os.devnull, os.O_WRONLY)
    os.dup2(devnull, sys.stdout.fileno())
