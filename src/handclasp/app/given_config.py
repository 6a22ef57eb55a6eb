"""What a person gives as the configuration: the file, its folder, a dump from a pipe or from Windows, a part of the whole."""

import re
from dataclasses import dataclass

from handclasp.app.named_file import read_named
from handclasp.model.errors import InputError
from handclasp.model.plan import WriteFile
from handclasp.nginxconf.dump import is_dump
from handclasp.nginxconf.parse import parse
from handclasp.nginxconf.pasted_dump import unpasted
from handclasp.nginxconf.tree import AROUND, decode, encode, named
from handclasp.ports.files import FileReader

PIPE = "/dev/stdin"
_MAIN = "nginx.conf"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_PACKED = (b"\x1f\x8b", b"PK\x03\x04", b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd", b"7z\xbc\xaf")
_UNPACK = "unpack it into a folder, and name that: handclasp doctor --chroot FOLDER --config /etc/nginx/nginx.conf"
_WHOLE = ("http", "stream", "mail", "events")
_WHOLE_AT_ONCE = re.compile(rf"^\s*(?:{'|'.join(_WHOLE)})\s*\{{", re.MULTILINE)  # spares parsing a large one twice
_OF_HTTP = ("server", "upstream")
# Folders that distributions include into http{} from the folder above.
_PARTS = re.compile(r"/(?:conf\.d|sites-(?:enabled|available)|http\.d|vhosts(?:\.d)?|snippets)$")


@dataclass(frozen=True, slots=True)
class GivenConfig:
    """The configuration's main file and a reader that has it. `part`: it stands inside http{} of a file that was not given."""

    path: str
    files: FileReader
    part: bool = False


def configuration_at(files: FileReader, path: str, piped: bytes | None = None) -> GivenConfig:
    """The configuration that `path` means, so that it can be read like any other; `piped`: what came through a pipe.

    Raises:
        InputError: nothing is there, a folder without an nginx.conf, or no text at all.
    """
    if piped is not None:
        if not piped.strip():
            raise InputError("nothing came through the pipe", where=path, hint="nginx -T | handclasp doctor --config -")
        path, files = PIPE, _with(files, PIPE, piped)
    elif files.glob(f"{path.replace('[', '[[]')}/{_MAIN}"):
        path = f"{path}/{_MAIN}"
    content = read_named(files, path)
    if content.startswith(_PACKED) or content[257:262] == b"ustar":
        raise InputError("is an archive", where=path, hint=_UNPACK)
    if content.lstrip()[:11] == b"-----BEGIN " or (b"\0" in content[:1024] and content[:2] not in _UTF16):
        hint = "give nginx.conf or the output of nginx -T; what a client sends goes with --client-cert"
        raise InputError("is no configuration of nginx", where=path, hint=hint)
    if content[:2] in _UTF16 and is_dump(text := content.decode("utf-16", "replace").replace("\r\n", "\n")):
        # `nginx -T > dump.txt` in a shell of Windows; a file that nginx itself would read stays a fault.
        files = _with(files, path, encode(unpasted(text)))
    elif content[:2] not in _UTF16 and (plain := unpasted(text := decode(content))) != text:
        files = _with(files, path, encode(plain))
    elif _is_part(content, path):
        folder = path.rpartition("/")[0]
        whole = f"{_PARTS.sub('', folder)}/{_MAIN}{AROUND}{path.rpartition('/')[2]}"
        around = f"events {{ }}\nhttp {{\n    include {_quoted(path)};\n}}\n"
        return GivenConfig(whole, _with(files, whole, around.encode()), part=True)
    return GivenConfig(path, files)


def _with(files: FileReader, path: str, content: bytes) -> FileReader:
    """The files with one more, which nobody wrote."""
    from handclasp.app.apply_stage import Planned  # noqa: PLC0415 - what plans changes takes a while to load

    return Planned(files, (WriteFile(path=path, content=content),))


def _is_part(content: bytes, path: str) -> bool:
    """Whether servers stand at the top: nginx would take that in an included file alone."""
    text = decode(content)
    if content[:2] in _UTF16 or _WHOLE_AT_ONCE.search(text) or is_dump(text) or not any(name in text for name in _OF_HTTP):
        return False
    try:
        directives = parse(text, path).directives
    except InputError:
        return False  # whoever reads it says where the fault is
    return any(True for name in _OF_HTTP for _ in named(directives, name)) and not any(
        True for name in _WHOLE for _ in named(directives, name)
    )


def _quoted(path: str) -> str:
    return '"' + path.replace("\\", "\\\\").replace('"', '\\"') + '"'
