"""What each OpenSSL release makes of CRLs: the root's own, delta CRLs; and how releases are told apart by their versions."""

from collections.abc import Callable
from random import Random

import pytest

from handclasp.catalogue.openssl_releases import spares_own_digests, strict_crls, unmeasured
from handclasp.lab.defects import revocation
from handclasp.lab.differential import predicted
from handclasp.lab.draft import Draft, healthy, minted
from handclasp.model.nginx import NginxBuild, NginxVersion, OpensslSeries
from handclasp.model.verdict import Side

OLD = ("1.1.1w", "3.0.19", "3.5.7")
NEW = ("3.6.0", "3.6.5", "4.0.3", "4.1.0")


def errors(openssl: str, *changes: Callable[[Draft], None], intermediates: int = 1) -> list[str]:
    made = healthy(Random(7), Side.CLIENT, intermediates)
    made.with_crls()
    for change in changes:
        change(made)
    build = NginxBuild(path="nginx", version=NginxVersion(1, 30, 6), openssl=openssl, debug=True)
    return [f"{error.number}@{error.depth}" for error in predicted(minted(made), build).errors]


def root_revokes_itself(made: Draft) -> None:
    next(crl for crl in made.with_crls() if crl.issuer is made.root).revoked.append((made.root.serial, 0, ()))


def without_the_roots(made: Draft) -> None:
    revocation.stranger(made)
    made.crls = [crl for crl in made.with_crls() if crl.issuer is not made.root]


def delta_hides_a_revocation(made: Draft) -> None:
    base = next(crl for crl in made.with_crls() if crl.issuer is made.leaf.parent)
    newer = base.copy()
    base.revoked.append((made.leaf.serial, 0, ()))
    newer.number = 2
    newer.put("deltaCRLIndicator", b"\x02\x01\x01", critical=True)
    newer.this_update = base.this_update.replace(year=base.this_update.year + 1)
    made.with_crls().append(newer)


def only_a_delta(made: Draft) -> None:
    for crl in made.with_crls():
        if crl.issuer is made.leaf.parent:
            crl.put("deltaCRLIndicator", b"\x02\x01\x01", critical=True)


def another_algorithm_inside(made: Draft) -> None:
    for crl in made.with_crls():
        crl.inside = "sha384"


def ecdsa_with_parameters(made: Draft) -> None:
    """As older Java writes it."""
    for crl in made.with_crls():
        crl.null = True
    for tier in made.tiers:
        tier.null = True


@pytest.mark.parametrize("openssl", OLD)
def test_up_to_3_5_a_root_can_be_revoked_by_its_own_list(openssl: str) -> None:
    assert errors(openssl, root_revokes_itself) == ["23@2"]


@pytest.mark.parametrize("openssl", NEW)
def test_from_3_6_on_a_self_signed_certificate_is_not_looked_up(openssl: str) -> None:
    assert errors(openssl, root_revokes_itself) == []


@pytest.mark.parametrize("openssl", OLD)
def test_a_missing_list_of_the_root_is_told_for_what_it_issued_and_for_itself(openssl: str) -> None:
    assert errors(openssl, without_the_roots) == ["3@1", "3@2"]
    assert errors(openssl, without_the_roots, intermediates=0) == ["3@0", "3@1"]


@pytest.mark.parametrize("openssl", NEW)
def test_the_list_of_the_root_is_wanted_for_what_it_issued_by_every_release(openssl: str) -> None:
    assert errors(openssl, without_the_roots) == ["3@1"]
    assert errors(openssl, without_the_roots, intermediates=0) == ["3@0"]


@pytest.mark.parametrize(
    ("openssl", "told"), [("3.0.19", []), ("3.5.7", []), ("3.6.3", []), ("3.0.22", ["23@0"]), ("3.6.5", ["23@0"])]
)
def test_a_delta_list_hides_a_revocation_until_releases_of_august_2026(openssl: str, told: list[str]) -> None:
    assert errors(openssl, delta_hides_a_revocation) == told


@pytest.mark.parametrize(("openssl", "told"), [("1.1.1w", []), ("3.5.7", []), ("3.5.8", ["3@0"]), ("4.0.3", ["3@0"])])
def test_a_delta_list_alone_passes_for_a_complete_one_until_then(openssl: str, told: list[str]) -> None:
    assert errors(openssl, only_a_delta) == told


@pytest.mark.parametrize(
    ("openssl", "told"), [("1.1.1w", []), ("3.5.7", []), ("3.6.5", ["8@0", "8@1"]), ("3.0.22", ["8@0", "8@1", "8@2"])]
)
def test_a_list_that_names_two_algorithms_is_good_until_then(openssl: str, told: list[str]) -> None:
    assert errors(openssl, another_algorithm_inside) == told


@pytest.mark.parametrize("openssl", [*OLD, *NEW])
def test_a_certificate_that_names_two_algorithms_has_no_good_signature(openssl: str) -> None:
    def damaged(made: Draft) -> None:
        made.leaf.inside = "sha384"

    assert errors(openssl, damaged) == ["7@0"]


@pytest.mark.parametrize("openssl", [*OLD, *NEW])
def test_parameters_where_none_belong_are_read_past(openssl: str) -> None:
    assert errors(openssl, ecdsa_with_parameters) == []


def test_a_sound_hierarchy_is_let_in_by_every_release() -> None:
    for openssl in (*OLD, *NEW):
        assert errors(openssl, revocation.sound) == [], openssl


@pytest.mark.parametrize(
    ("version", "series"),
    [
        ("0.9.8", "1.0.2"), ("1.0.2zg", "1.0.2"), ("1.1.0l", "1.1.1"), ("1.1.1w", "1.1.1"), ("3.0.19", "3.0"), ("3.4.0", "3.0"),
        ("3.5", "3.5"), ("OpenSSL 3.6.5 29 Sep 2026", "3.6"), ("3.7.0", "3.6"), ("3.10.1", "3.6"), ("4.0.3", "4.0"),
        ("4.1.0", "4.0"), ("5.0.0", "4.0"),
    ],
)  # fmt: skip
def test_a_version_is_stood_for_by_the_nearest_series_below(version: str, series: str) -> None:
    assert OpensslSeries.of(version) == series


def test_series_are_in_order() -> None:
    assert sorted(OpensslSeries, key=lambda item: item.numbers) == list(OpensslSeries)
    assert [item.value for item in OpensslSeries if item.since(OpensslSeries.V3_5)] == ["3.5", "3.6", "4.0"]


@pytest.mark.parametrize(
    ("version", "deltas", "digests"),
    [
        ("1.1.1w", False, False), ("3.0", False, False), ("3.0.21", False, False), ("3.0.22", True, False),
        ("3.5.7", False, False), ("3.5.8", True, False), ("3.6", True, True), ("3.6.3", False, False), ("3.6.4", True, True),
        ("4.0", True, True), ("4.0.1", False, True), ("4.1.0", True, True),
    ],
)  # fmt: skip
def test_what_a_patch_release_brought(version: str, *, deltas: bool, digests: bool) -> None:
    assert (strict_crls(version), spares_own_digests(version)) == (deltas, digests)


@pytest.mark.parametrize("version", ["1.1.1w", "3.0.19", "3.5.7", "3.6.5", "3.6"])
def test_nothing_is_to_be_said_of_a_measured_release(version: str) -> None:
    assert unmeasured(version) is None


@pytest.mark.parametrize(
    ("version", "words"),
    [
        ("1.0.2u", "1.0.2 is foretold"),
        ("4.0.3", "4.0 is foretold"),
        ("4.1.0", "4.1 is later than any"),
        ("5.2", "5.2 is later than any"),
    ],
)
def test_an_unmeasured_or_later_release_is_said_to_be_one(version: str, words: str) -> None:
    assert words in (unmeasured(version) or "")
