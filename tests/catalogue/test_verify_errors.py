"""Numbers, symbols and texts of verification errors, judged by the OpenSSL of this machine."""

import ctypes
import ctypes.util
import re
import subprocess

import pytest

from handclasp.catalogue.verify_errors import by_number, by_symbol, by_text, lookup, rows
from handclasp.model.nginx import OpensslSeries

OLD, LEGACY, THREE, NEW = OpensslSeries.V1_0_2, OpensslSeries.V1_1_1, OpensslSeries.V3_0, OpensslSeries.V3_5
V3_6, V4_0 = OpensslSeries.V3_6, OpensslSeries.V4_0


def libcrypto() -> tuple[ctypes.CDLL, OpensslSeries]:
    name = ctypes.util.find_library("crypto")
    assert name
    library = ctypes.CDLL(name)
    library.X509_verify_cert_error_string.restype = ctypes.c_char_p
    library.X509_verify_cert_error_string.argtypes = [ctypes.c_long]
    library.OpenSSL_version.restype = ctypes.c_char_p
    return library, OpensslSeries.of(library.OpenSSL_version(0).decode())


def test_texts_are_those_of_this_machines_openssl() -> None:
    library, series = libcrypto()
    for row in rows(series):
        assert library.X509_verify_cert_error_string(row.number).decode() == row.text
    unused = set(range(1, 95)) - {row.number for row in rows(series)}
    assert {library.X509_verify_cert_error_string(number).decode() for number in unused} <= {
        "unknown certificate verification error"
    }


def test_texts_of_4_0_are_those_of_the_newer_library_that_cryptography_carries() -> None:
    from OpenSSL._util import ffi, lib

    def theirs(number: int) -> str:
        return str(ffi.string(lib.X509_verify_cert_error_string(number)).decode())

    assert {row.number: row.text for row in rows(V4_0)} == {row.number: theirs(row.number) for row in rows(V4_0)}
    unused = set(range(1, 110)) - {row.number for row in rows(V4_0)}
    assert {theirs(number) for number in unused} == {"unknown certificate verification error"}


def test_symbols_are_those_of_this_machines_openssl() -> None:
    ran = subprocess.run(["openssl", "version"], capture_output=True, text=True, check=True)
    series = OpensslSeries.of(ran.stdout)
    for row in rows(series):
        assert re.fullmatch(r"X509_V_ERR_[A-Z0-9_]+", row.symbol)
        assert lookup(series, row.symbol) == (row.number, row.text)


@pytest.mark.parametrize(
    ("series", "symbol", "number", "text"),
    [
        (OLD, "INVALID_CA", 24, "invalid CA certificate"),
        (LEGACY, "INVALID_CA", 24, "invalid CA certificate"),
        (THREE, "INVALID_CA", 79, "invalid CA certificate"),
        (NEW, "INVALID_CA", 79, "invalid CA certificate"),
        (LEGACY, "EC_KEY_EXPLICIT_PARAMS", 79, "Certificate public key has explicit ECC parameters"),
        (THREE, "EC_KEY_EXPLICIT_PARAMS", 94, "Certificate public key has explicit ECC parameters"),
        (LEGACY, "NO_ISSUER_PUBLIC_KEY", 77, "issuer certificate doesn't have a public key"),
        (THREE, "NO_ISSUER_PUBLIC_KEY", 24, "issuer certificate doesn't have a public key"),
        (LEGACY, "INVALID_PURPOSE", 26, "unsupported certificate purpose"),
        (THREE, "INVALID_PURPOSE", 26, "unsuitable certificate purpose"),
        (LEGACY, "DEPTH_ZERO_SELF_SIGNED_CERT", 18, "self signed certificate"),
        (NEW, "DEPTH_ZERO_SELF_SIGNED_CERT", 18, "self-signed certificate"),
        (OLD, "INVALID_CALL", 65, "Invalid certificate verification context"),
        (LEGACY, "INVALID_CALL", 69, "Invalid certificate verification context"),
        (NEW, "RPK_UNTRUSTED", 95, "Raw public key untrusted, no trusted keys configured"),
        (NEW, "CERT_NOT_YET_VALID", 9, "certificate is not yet valid"),
        (V3_6, "CERT_NOT_YET_VALID", 9, "certificate is not yet valid or the system clock is incorrect"),
        (V3_6, "OCSP_NO_RESPONSE", 100, "no OCSP response available for certificate"),
        (V4_0, "EMPTY_AUTHORITY_KEY_IDENTIFIER", 102, "Empty Authority Key Identifier"),
    ],
)
def test_what_moved_between_series(series: OpensslSeries, symbol: str, number: int, text: str) -> None:
    assert lookup(series, symbol) == (number, text)
    assert lookup(series, f"X509_V_ERR_{symbol}") == (number, text)
    row = by_number(series, number)
    assert row is not None
    assert (row.symbol, row.text) == (f"X509_V_ERR_{symbol}", text)


def test_what_a_series_lacks() -> None:
    assert by_number(OLD, 68) is None
    assert by_number(THREE, 95) is None
    with pytest.raises(KeyError):
        lookup(OLD, "EE_KEY_TOO_SMALL")


def test_a_text_leads_to_every_series_that_has_it() -> None:
    assert {(row.series, row.number) for row in by_text("invalid CA certificate")} == {
        (OLD, 24),
        (LEGACY, 24),
        (THREE, 79),
        (NEW, 79),
        (V3_6, 79),
        (V4_0, 79),
    }
    assert len(by_text("self signed certificate")) == 6
    later = by_text("certificate is not yet valid or the system clock is incorrect")
    assert [(row.series, row.number) for row in later] == [(V3_6, 9), (V4_0, 9)]
    assert by_text("no such text") == ()


def test_a_symbol_leads_to_every_series_that_has_it() -> None:
    assert [row.number for row in by_symbol("x509_v_err_invalid_ca")] == [24, 24, 79, 79, 79, 79]
    assert by_symbol("X509_V_ERR_NO_SUCH") == ()


@pytest.mark.parametrize("series", list(OpensslSeries))
def test_numbers_symbols_and_texts_are_unique_within_a_series(series: OpensslSeries) -> None:
    table = rows(series)
    for column in ("number", "symbol", "text"):
        values = [getattr(row, column) for row in table]
        assert len(values) == len(set(values)), column
