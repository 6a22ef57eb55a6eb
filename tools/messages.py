"""Every message of the program, read from its source: errors, hints, results, next steps. Prints what has no translation."""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from handclasp.model.messages import catalogue

SOURCE = Path(__file__).resolve().parents[1] / "src" / "handclasp"
ERRORS = re.compile(r"(Usage|Input|World|Policy|Handclasp)Error$|_error$|^(fail|refuse)$")
WORD = re.compile(r"[a-z]{2,}")
COMMAND = re.compile(r"\A(?:\{\d+\}|\s)*(?:handclasp|nginx|openssl|apt-get|cp|chmod|curl|--)\b[^;:(]*\Z")


def templates(root: Path = SOURCE) -> dict[str, list[str]]:
    """English templates, "{1}" for each value, to the places where they stand."""
    found: dict[str, list[str]] = {}
    for path in sorted(root.rglob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        constants = _constants(tree)
        of_commands = path.is_relative_to(root / "cli")
        for node, place in (*_messages(tree), *(_helps(tree) if of_commands else ())):
            for text in _texts(node, constants):
                if WORD.search(re.sub(r"\{\d+\}", "", text)) and not COMMAND.match(text.strip()):
                    found.setdefault(text, []).append(f"{path.relative_to(root)}:{place}")
    return found


def _constants(tree: ast.Module) -> dict[str, ast.expr]:
    named: dict[str, ast.expr] = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            named[node.targets[0].id] = node.value
    return named


def _messages(tree: ast.Module) -> Iterator[tuple[ast.expr, int]]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = (
            node.func.id if isinstance(node.func, ast.Name) else node.func.attr if isinstance(node.func, ast.Attribute) else ""
        )
        of_frame = isinstance(node.func, ast.Attribute) and getattr(node.func.value, "id", "") == "frame"
        if (of_frame and name in {"hint", "out"}) or (ERRORS.search(name) and node.args):
            yield from (
                (argument, node.lineno) for argument in node.args if of_frame or argument is node.args[0] or "_" in name
            )
        if ERRORS.search(name) or name == "Item":
            yield from ((word.value, node.lineno) for word in node.keywords if word.arg in {"what", "hint", "action"})


def _helps(tree: ast.Module) -> Iterator[tuple[ast.expr, int]]:
    """The help of options, the lines of a group's table of commands and its headings, and each command's help."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name in {"command", "handclasp"} and (told := ast.get_docstring(node)):
            yield from ((ast.Constant(text), node.lineno) for text in _told(told))
        for word in node.keywords if isinstance(node, ast.Call) else ():
            if word.arg in {"help", "show_default"} and getattr(word.value, "value", "") is not True:
                yield word.value, node.lineno
            if word.arg == "commands" and isinstance(word.value, ast.Dict):
                yield from ((line, line.lineno) for line in word.value.values)
            if word.arg == "headings" and isinstance(word.value, ast.Dict):
                yield from ((ast.Constant(f"{ast.literal_eval(line)}:"), line.lineno) for line in word.value.values)


def _told(help_text: str) -> Iterator[str]:
    """Paragraphs of a help; of examples the words above them and beside them."""
    for block in help_text.split("\n\n"):
        if not block.lstrip().startswith("\\b"):
            yield " ".join(block.split())
            continue
        for line in block.split("\n")[1:]:
            if re.fullmatch(r"\S.*:", line):
                yield line
            elif beside := re.fullmatch(r"\s*handclasp \S.*?\s{2,}(?:# )?(\S.*)", line):
                yield beside[1]


def _texts(node: ast.expr, constants: dict[str, ast.expr]) -> Iterator[str]:
    """The templates an expression can give."""
    if isinstance(node, ast.IfExp):
        yield from _texts(node.body, constants)
        yield from _texts(node.orelse, constants)
    elif isinstance(node, ast.Name) and node.id in constants:
        yield from _texts(constants[node.id], {})
    elif isinstance(node, ast.BoolOp):
        for value in node.values:
            yield from _texts(value, constants)
    else:
        parts = list(_parts(node, constants))
        if any(isinstance(part, str) for part in parts):
            yield _numbered(parts)


def _numbered(parts: list[str | None]) -> str:
    text, count = "", 0
    for part in parts:
        if part is None:
            if text.endswith("}") and re.search(r"\{\d+\}\Z", text):
                continue  # two values side by side cannot be told apart
            count += 1
            text += f"{{{count}}}"
        else:
            text += part
    return text


def _parts(node: ast.expr, constants: dict[str, ast.expr]) -> Iterator[str | None]:
    if isinstance(node, ast.Constant):
        yield node.value if isinstance(node.value, str) else None
    elif isinstance(node, ast.JoinedStr):
        for value in node.values:
            yield from _parts(value, constants)
    elif isinstance(node, ast.FormattedValue):
        yield _number(node.value)
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        yield from _parts(node.left, constants)
        yield from _parts(node.right, constants)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in {"rstrip", "strip"}:
        yield from _parts(node.func.value, constants)
    else:
        yield None


def _number(value: ast.expr) -> str | None:
    """What English makes of a number, (|s) or (one|many), as handclasp.model.messages reads it; None for other values."""
    if not isinstance(value, ast.Call) or getattr(value.func, "id", "") != "plural":
        return None
    one, many = [word.value for word in value.args[1:] if isinstance(word, ast.Constant)] or ("", "s")
    return f"({one}|{many})"


def main() -> None:
    """Print what has no translation, as lines to fill in."""
    known = catalogue(sys.argv[1] if len(sys.argv) > 1 else "zh")
    for text, places in templates().items():
        if text not in known:
            print(f"# {places[0]}")
            print(_toml(text), '= ""')


def _toml(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


if __name__ == "__main__":
    main()
