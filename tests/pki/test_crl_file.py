"""The heads of the CRLs in a file are those of the whole CRLs, wherever they stand in it and however many entries they have."""

from dataclasses import replace
from datetime import timedelta

import pytest

from handclasp.model.certificate import RevokedEntry
from handclasp.model.octets import PART, Held
from handclasp.pki.crl import build_crl
from handclasp.pki.crl_file import crl_heads
from handclasp.pki.export import crl_pem
from handclasp.pki.read import crl_from_der
from tests.pki.test_crl import EC, NOW


def crl(number: int, entries: int) -> bytes:
    listed = [RevokedEntry((1 << 158) + one, NOW, "keyCompromise") for one in range(entries)]
    return build_crl(*EC, listed, number=number, this_update=NOW, next_update=NOW + timedelta(days=1))


LISTS = [crl(3, 0), crl(1 << 70, 1), crl(5, 6000), crl(6, 2), crl(7, 48)]


@pytest.mark.parametrize("ahead", [0, 1, 7])  # of the border of a part, where a mark stands across it
def test_heads_are_those_of_the_whole_lists(ahead: int) -> None:
    first = b"".join(map(crl_pem, LISTS))
    text = first + b"#" * (-len(first) % PART - 1 - ahead) + b"\n" + crl_pem(LISTS[1])
    heads = list(crl_heads(Held(text)))
    bare = [replace(one, der=b"", revoked={}) for one in heads]
    assert bare == [replace(crl_from_der(der), der=b"", revoked={}) for der in (*LISTS, LISTS[1])]
    assert not any(one.revoked for one in heads)


@pytest.mark.parametrize(
    "text",
    [
        b"-----BEGIN X509 CRL-----\n",
        b"-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n",
        crl_pem(LISTS[1])[:-40] + b"-----END X509 CRL-----\n",
        crl_pem(LISTS[4]).replace(b"\n", b"\r\n"),
        crl_pem(LISTS[4]).replace(b"BEGIN X509 CRL-----\nM", b"BEGIN X509 CRL-----\n*"),
    ],
)
def test_what_is_not_read_is_no_list(text: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the library's own words
        list(crl_heads(Held(text)))
