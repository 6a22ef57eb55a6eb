"""Names: what passes is safe everywhere, whatever is thrown at it; serials; alternative names."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handclasp.model.errors import UsageError
from handclasp.pki.alt_names import subject_alt_name
from handclasp.pki.names import fold, identity_name
from handclasp.pki.serials import OCTETS, format_serial, parse_serial, serial_from

DANGEROUS = set("/\\\0\n\r\t;&|<>$`'\"(){}[]*?!~#%^=,:\x7f\u202e\u200b")
ODD = st.text(alphabet=st.one_of(st.characters(), st.sampled_from(sorted(DANGEROUS | set("ab.-_@+ ")))), max_size=80)


@given(ODD)
def test_a_name_that_passes_is_a_plain_file_name_everywhere(text: str) -> None:
    try:
        name = identity_name(text)
    except UsageError as refusal:
        assert refusal.hint
        assert str(refusal).isprintable()
        return
    assert not set(name) & DANGEROUS
    assert name[0] not in ".-_@+ "
    assert ".." not in name
    assert len(name) <= 64
    assert len(name.encode()) <= 240
    assert unicodedata.is_normalized("NFC", name)
    assert identity_name(name) == name


@pytest.mark.parametrize("name", ["*.example.test", "*.b\u00fccher.example", "*.", "*.\u202e"])
def test_a_wildcard_is_told_where_it_belongs(name: str) -> None:
    with pytest.raises(UsageError) as refused:
        identity_name(name)
    assert "--san 'dns:*." in (refused.value.hint or "")
    assert refused.value.what.isprintable()


@given(st.text(max_size=20))
def test_folding_is_stable(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(st.binary(min_size=OCTETS, max_size=OCTETS))
def test_serials_are_positive_of_one_length_and_come_back(random: bytes) -> None:
    serial = serial_from(random)
    assert serial.bit_length() == 159
    assert parse_serial(format_serial(serial))[0] == serial
    assert parse_serial(":".join(format_serial(serial).lower()[at : at + 2] for at in range(0, 40, 2))) == (serial,)


@given(ODD)
def test_alternative_names_never_crash(text: str) -> None:
    try:
        name = subject_alt_name(text)
    except UsageError as refusal:
        assert refusal.hint
        return
    assert name.value.isascii()
    assert not set(name.value) & set('/\\\0\n\r\t;|<>"()[], ') or name.kind == "email"


@pytest.mark.parametrize(("text", "kind", "value"), [
    ("192.0.2.7", "ip", "192.0.2.7"), ("2001:db8::1", "ip", "2001:db8::1"), ("a@b.test", "email", "a@b.test"),
    ("API.Test", "dns", "api.test"), ("dns:bücher.test", "dns", "xn--bcher-kva.test"), ("*.a.test", "dns", "*.a.test"),
])  # fmt: skip
def test_alternative_names(text: str, kind: str, value: str) -> None:
    found = subject_alt_name(text)
    assert (found.kind, found.value) == (kind, value)
