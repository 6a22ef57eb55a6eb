"""The language of this run: help and usage errors, click's own words included, through the one catalogue of messages.

click formats help with the formatter of the context: there words are translated, and lines broken by the columns they take.
Nothing of a command is changed, so the same commands can be told in several languages in one process.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import click

from handclasp.model.messages import ENGLISH, translate
from handclasp.present.columns import pad, width, wrap
from handclasp.present.option_text import option_text

_LANG: ContextVar[str | None] = ContextVar("lang", default=None)
_TOLD = re.compile(r"^(?P<typed>\s*handclasp \S.*?)(?P<gap>\s{2,}(?:# )?)(?P<said>\S.*)$")
_HEADING = re.compile(r"^(?P<words>\S.*):$")
_INVALID = re.compile(r"Invalid value(?: for (?P<of>.+?))?: (?P<message>.*)", re.DOTALL)
WIDEST = 110


@contextmanager
def speaking(lang: str) -> Iterator[None]:
    """Help that is formatted inside is in that language."""
    before = _LANG.set(lang)
    try:
        yield
    finally:
        _LANG.reset(before)


def spoken(otherwise: Callable[[], str] = lambda: ENGLISH) -> str:
    """The language of this run; `otherwise` where nobody has set one."""
    return _LANG.get() or otherwise()


def said(text: str) -> str:
    """A message in the language of this run."""
    return translate(text, spoken())


class SpeakingFormatter(click.HelpFormatter):
    """Writes help in the language of this run; a Chinese character takes two columns."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        """The line of usage."""
        super().write_usage(prog, args, said("Usage: ") if prefix is None else prefix)

    def write_heading(self, heading: str) -> None:
        """A heading: Options, Commands."""
        self.write(f"{'':>{self.current_indent}}{said(f'{heading}:')}\n")

    def write_text(self, text: str) -> None:
        """Paragraphs; examples stay as they are typed."""
        indent = " " * self.current_indent
        blocks = []
        for block in text.split("\n\n"):
            if block.lstrip().startswith("\b"):
                lines = block.split("\n")[1:]
                blocks.append("\n".join(indent + _example(line) for line in lines))
            elif words := " ".join(block.split()):
                blocks.append("\n".join(wrap(said(words), self.width, first=indent, rest=indent)))
        self.write("\n\n".join(blocks) + "\n")

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        """Options or commands with their meaning beside them."""
        indent = " " * self.current_indent
        listed = list(rows)
        first = min(max((width(name) for name, _ in listed), default=0), col_max) + col_spacing
        for name, meaning in listed:
            rest = indent + " " * first
            lines = wrap(option_text(meaning, spoken()), self.width, first=rest, rest=rest) if meaning else [rest]
            if width(name) <= first - col_spacing:
                lines[0] = indent + pad(name, first) + lines[0][len(rest) :]
            else:
                lines.insert(0, indent + name)
            self.write("\n".join(line.rstrip() for line in lines) + "\n")


def usage_error_text(error: click.UsageError) -> str:
    """What click says of a wrong command line, and how to see the help."""
    lines = []
    if error.ctx is not None:
        lines.append(error.ctx.get_usage())
        if error.ctx.command.get_help_option(error.ctx) is not None:
            lines.append(said(f"Try '{error.ctx.command_path} {error.ctx.help_option_names[0]}' for help."))
        lines.append("")
    return "\n".join((*lines, said("error: ") + _wrong(error.format_message())))


def _wrong(text: str) -> str:
    """A message about a value holds a message about what is wrong with it."""
    if found := _INVALID.fullmatch(text):
        inner = said(found["message"])
        return said(f"Invalid value for {found['of']}: ") + inner if found["of"] else said("Invalid value: ") + inner
    return said(text)


def _example(line: str) -> str:
    """The words above examples, and those beside one; what is typed stays."""
    if found := _HEADING.fullmatch(line):
        return said(f"{found['words']}:")
    if found := _TOLD.fullmatch(line):
        return found["typed"] + found["gap"] + said(found["said"])
    return line
