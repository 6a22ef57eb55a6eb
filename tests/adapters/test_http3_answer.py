"""HTTP/3 as far as the lab speaks it: answers as nginx sent them, and requests as RFC 9204 wants them."""

import pytest

from handclasp.adapters.http3_answer import parse, request_bytes
from handclasp.model.errors import InputError
from handclasp.model.probe import ProbeRequest

# As nginx 1.30.6 sent it: 200 by an index of the static table, all but the length Huffman-coded.
_WELCOME = bytes.fromhex(
    "01340000d95f4d89aa6355e580aec817735696dc34fd2820a9a4fdd41004e2817ae32f5c0854c5a37f5f2687497ca58ae819aa540138000877656c"
    "636f6d650a"
)
_PAGE = b"<html><title>400 No required</title>"
# 400 is written out.
_REFUSED = b"\x01\x0c\0\0\x5f\x0a\x03400\x54\x0236\0\x24" + _PAGE


def test_a_request_names_host_and_path() -> None:
    raw = request_bytes(ProbeRequest(address="127.0.0.1", port=1, sni=None, host="app.test", path="/a"))
    assert raw == b"\x01\x12\0\0\xd1\xd7\x50\x08app.test\x51\x02/a"


def test_a_long_path_takes_longer_lengths() -> None:
    raw = request_bytes(ProbeRequest(address="127.0.0.1", port=1, sni=None, host="a", path="/" + "b" * 299))
    assert raw[:3] == b"\x01\x41\x37"
    assert raw[11:14] == b"\x7f\xad\x01"


def test_what_it_cannot_ask_is_refused() -> None:
    with pytest.raises(InputError):
        request_bytes(ProbeRequest(address="127.0.0.1", port=1, sni=None, host="a", method="POST"))


def test_a_status_written_out_and_a_title() -> None:
    answer = parse(_REFUSED)
    assert answer is not None
    assert (answer.status, answer.title, answer.body) == (400, "400 No required", _PAGE)


def test_coded_values_are_passed_over() -> None:
    answer = parse(_WELCOME)
    assert answer is not None
    assert (answer.status, answer.title, answer.body) == (200, None, b"welcome\n")


@pytest.mark.parametrize("cut", range(len(_REFUSED)))
def test_an_answer_is_none_until_it_is_whole(cut: int) -> None:
    assert parse(_REFUSED[:cut]) is None
