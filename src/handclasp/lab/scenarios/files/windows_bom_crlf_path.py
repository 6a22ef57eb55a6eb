"""A file or a path as Windows writes it: a byte-order mark, backslashes. Line ends alone do no harm."""

from handclasp.lab import setup
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import Setup, pems


def _content(before: bytes, *, line_end: bytes = b"\n") -> Setup:
    made = setup.client(1)
    made.files["client-ca.pem"] = before + pems(made.advertised).encode().replace(b"\n", line_end)
    return made


def _backslashes() -> Setup:
    made = setup.client(1)
    made.config = made.nginx_conf().replace("client-ca.pem", '"C:\\nginx\\client-ca.pem"')
    return made


def _clean(made: Setup) -> None:
    made.files.pop("client-ca.pem", None)
    made.config = None


def _line_ends(made: Setup) -> None:
    made.files = {path: content.replace(b"\r\n", b"\n") for path, content in made.files.items()}


SCENARIO = Scenario(
    cause="windows-bom-crlf-path",
    broken={"byte-order-mark": lambda: _content(b"\xef\xbb\xbf"), "backslashes-in-path": _backslashes},
    control={"crlf": lambda: _content(b"", line_end=b"\r\n")},
    remedies={"clean-file": _clean},
    dead_ends={"convert-line-ends": _line_ends},
    builds={"byte-order-mark": ("1.18/1.1.1",)},
)
