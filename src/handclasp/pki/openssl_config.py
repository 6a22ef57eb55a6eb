"""Where a configuration of openssl says that the files of its CA are (config(5), openssl-ca(1)); nothing else is read."""

import re

FILES = ("certificate", "private_key", "database", "crlnumber")
"""Keys of a CA's section that name files."""

_SECTION = re.compile(r"\s*\[\s*([^\]]*?)\s*\]")
_ASSIGNMENT = re.compile(r"\s*([A-Za-z0-9_.]+)\s*=\s*(.*?)\s*\Z")
_VARIABLE = re.compile(r"\$(?:\{([A-Za-z0-9_]+)\}|\(([A-Za-z0-9_]+)\)|([A-Za-z0-9_]+))")
_START = "default"
_DEEPEST = 20


def ca_files(content: bytes) -> dict[str, str]:
    """The paths of the CA that `openssl ca` would use, by key; without such a CA none. What cannot be known is left out."""
    sections = _sections(content.decode("utf-8", "replace"))
    chosen = sections.get("ca", {}).get("default_ca")
    own = sections.get(chosen or "", {})
    variables = sections.get(_START, {}) | own
    found = {key: _expanded(own[key], variables) for key in FILES if key in own}
    return {key: path for key, path in found.items() if path}


def _sections(text: str) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    section = _START
    for line in text.replace("\\\n", "").split("\n"):
        plain = line.partition("#")[0]
        if header := _SECTION.match(plain):
            section = header[1]
        elif assignment := _ASSIGNMENT.match(plain):
            found.setdefault(section, {})[assignment[1]] = assignment[2].strip("\"'")
    return found


def _expanded(value: str, variables: dict[str, str]) -> str:
    """With its variables; "" when one is of another section, of the environment or of itself."""
    for _ in range(_DEEPEST):
        found = _VARIABLE.search(value)
        if found is None:
            return "" if "$" in value else value
        name = next(group for group in found.groups() if group)
        if name not in variables or value[found.end() :].startswith("::"):
            return ""
        value = value[: found.start()] + variables[name] + value[found.end() :]
    return ""
