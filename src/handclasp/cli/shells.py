"""What bash, zsh and fish are told at a Tab, and the scripts that ask.

click's own scripts hand over words that the shell has cut (bash cuts at = and @), and take back words that nobody quoted. Here
the line comes as it was typed, and each shell gets words in the form in which it puts them into the line. An answer is a line
for each word: its kind, the word, its meaning, with tabs between them.
"""

import os
import re
import shlex
from dataclasses import dataclass

from click.shell_completion import CompletionItem, ShellComplete, add_completion_class

from handclasp.cli.speech import spoken
from handclasp.present.option_text import option_text

_WORD = re.compile(r"""(?:\\.|'[^']*'|"(?:\\.|[^"\\])*"|[^\s\\'"])+""", re.DOTALL)
_OPTION = re.compile(r"--[^=\s]+=")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)

_BASH = r"""%(complete_func)s() {
    local kind word
    COMPREPLY=()
    while IFS=$'\t' read -r kind word; do
        case $kind in
            plain) COMPREPLY+=("$word") ;;
            dir) compopt -o dirnames ;;
            file) compopt -o default ;;
        esac
    done < <(COMP_LINE="${COMP_LINE:0:COMP_POINT}" COMP_WORD="$2" %(complete_var)s=bash_complete "$1")
}

complete -o nosort -F %(complete_func)s %(prog_name)s
"""

_ZSH = r"""#compdef %(prog_name)s

%(complete_func)s() {
    local line kind word meaning
    local -a described
    (( ! $+commands[%(prog_name)s] )) && return 1
    line="${(j: :)words[1,CURRENT-1]} $IPREFIX$QIPREFIX$PREFIX"
    [[ "$PREFIX" == --*=* ]] && compset -P '*='
    COMP_LINE="$line" %(complete_var)s=zsh_complete "${words[1]}" | while IFS=$'\t' read -r kind word meaning; do
        case $kind in
            plain) described+=("${word//:/\\:}${meaning:+:$meaning}") ;;
            dir) _files -/ ;;
            file) _files ;;
        esac
    done
    (( $#described )) && _describe -V %(prog_name)s described
}

if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    %(complete_func)s "$@"
else
    compdef %(complete_func)s %(prog_name)s
fi
"""

_FISH = r"""function %(complete_func)s
    set -l typed (commandline -ct)
    set -l option (string match -r -- '^--[^=]+=' $typed)
    set -l value (string replace -r -- '^--[^=]+=' '' $typed)
    for answer in (COMP_LINE=(commandline -cp | string collect) %(complete_var)s=fish_complete %(prog_name)s)
        set -l parts (string split -m 1 \t -- $answer)
        switch $parts[1]
            case plain
                echo "$option$parts[2]"
            case dir
                for path in (__fish_complete_directories $value)
                    echo "$option$path"
                end
            case file
                for path in (__fish_complete_path $value)
                    echo "$option$path"
                end
        end
    end
end

complete --no-files --keep-order --command %(prog_name)s --arguments "(%(complete_func)s)"
"""


@dataclass(frozen=True, slots=True)
class Typed:
    """A line up to the cursor: its finished words, and the last one as it is meant and as it stands there."""

    finished: list[str]
    last: str
    raw: str

    @property
    def quote(self) -> str:
        """The quotation mark that is open at the cursor; "" outside of any."""
        rest = _WORD.sub("", self.raw)
        return rest[:1] if rest[:1] in {"'", '"'} else ""


def typed(line: str) -> Typed:
    """The line taken apart as a shell does; the last word may be unfinished, and is "" after a space."""
    words, end = [], 0
    for found in _WORD.finditer(line):
        if line[end : found.start()].strip():
            break  # a quotation mark that is not closed, or a backslash at the end
        words.append(found[0])
        end = found.end()
    rest = line[end:]
    if rest.strip() and not rest[0].isspace() and words:
        raw = words.pop() + rest
    elif rest:
        raw = rest.lstrip()
    else:
        raw = words.pop() if words else ""
    return Typed([shlex.split(word)[0] for word in words], _meant(raw), raw)


def _meant(raw: str) -> str:
    """What an unfinished word says so far."""
    for end in ("", "'", '"'):
        try:
            return "".join(shlex.split(raw.removesuffix("\\") + end))
        except ValueError:
            continue
    return _ESCAPED.sub(r"\1", raw)


class _Shell(ShellComplete):
    """Reads the line that the script hands over; a meaning is one line, in the language of this run."""

    def get_completion_args(self) -> tuple[list[str], str]:
        """The finished words after the program's name, and what is typed of the last."""
        line = self._line()
        return line.finished[1:], line.last

    def format_completion(self, item: CompletionItem[str]) -> str:
        """Kind, word, meaning."""
        meaning = option_text(item.help, spoken()) if item.help else ""
        return "\t".join((item.type, self._word(item.value) if item.type == "plain" else "", meaning)).rstrip("\t")

    def _line(self) -> Typed:
        return typed(os.environ.get("COMP_LINE", ""))

    def _word(self, value: str) -> str:
        return value


class Bash(_Shell):
    """bash puts a word into the line as it is, in place of what it takes for the current one (COMP_WORD)."""

    name = "bash"
    source_template = _BASH

    def _word(self, value: str) -> str:
        line, current = self._line(), os.environ.get("COMP_WORD", "")
        if line.quote:
            return value
        option = _OPTION.match(line.raw)
        whole = (option[0] if option and not value.startswith("-") else "") + _quoted(value)
        kept = line.raw[: len(line.raw) - len(current)] if line.raw.endswith(current) else ""
        return whole.removeprefix(kept)

    def format_completion(self, item: CompletionItem[str]) -> str:
        """Kind and word: bash shows no meanings."""
        return super().format_completion(CompletionItem(item.value, item.type))


class Zsh(_Shell):
    """zsh quotes words itself."""

    name = "zsh"
    source_template = _ZSH


class Fish(_Shell):
    """fish quotes words itself, and shows what follows a tab beside them."""

    name = "fish"
    source_template = _FISH


def _quoted(value: str) -> str:
    """With backslashes, as a person types it: letters of all languages stay as they are."""
    return re.sub(r"[^\w@%+=:,./-]", r"\\\g<0>", value)


SHELLS: dict[str, type[_Shell]] = {one.name: one for one in (Bash, Zsh, Fish)}
for _shell in SHELLS.values():
    add_completion_class(_shell)
