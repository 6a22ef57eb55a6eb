"""Names, usages and depth that CAs above allow: what is signed is what OpenSSL accepts, and what is refused it refuses."""

from datetime import UTC, datetime
from functools import cache
from ipaddress import ip_network

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st
from OpenSSL import crypto

from handclasp.catalogue.profiles import CLIENT, ISSUING, PEER, ROOT, SERVER
from handclasp.model.certificate import GeneralName, NameConstraints
from handclasp.model.errors import PolicyError
from handclasp.model.issuance import CaLimits, IssuanceRequest, Profile
from handclasp.pki import tbs
from handclasp.pki.ca_extensions import constraint, name_constraints, subtrees_in
from handclasp.pki.name_limits import outside
from handclasp.pki.serials import serial_from
from handclasp.pki.signing import digest_for

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
KEY = ec.generate_private_key(ec.SECP256R1())
"""One key for all: what is asked here is not about signatures."""

TREES = (
    "dns:example.test", "dns:a.example.test", "dns:other.test", "email:example.test", "email:.example.test",
    "email:bob@example.test", "ip:10.0.0.0/8", "ip:10.1.0.0/16", "ip:2001:db8::/32", "uri:example.test", "uri:.example.test",
)  # fmt: skip
NAMES = (
    "dns:example.test", "dns:a.example.test", "dns:b.a.example.test", "dns:*.example.test", "dns:badexample.test",
    "dns:other.test", "email:bob@example.test", "email:eve@example.test", "email:bob@sub.example.test", "email:x@other.test",
    "ip:10.1.2.3", "ip:10.2.0.1", "ip:192.0.2.1", "ip:2001:db8::1", "ip:2001:db9::1", "uri:spiffe://example.test/x",
    "uri:spiffe://sub.example.test/x", "uri:https://other.test/",
)  # fmt: skip


def names(texts: tuple[str, ...]) -> tuple[GeneralName, ...]:
    return tuple(GeneralName(kind=text.partition(":")[0], value=text.partition(":")[2]) for text in texts)


def limits(permit: tuple[str, ...] = (), exclude: tuple[str, ...] = (), **others: object) -> CaLimits:
    trees = NameConstraints(permitted=tuple(map(constraint, permit)), excluded=tuple(map(constraint, exclude)))
    return CaLimits(names=trees if permit or exclude else None, **others)  # type: ignore[arg-type]


def signed(
    profile: Profile, request: IssuanceRequest, above: tuple[x509.Certificate, ...], serial: int = 0x22
) -> tuple[x509.Certificate, ...]:
    issuer = tbs.Issuer(public_key=KEY.public_key(), certificate=above[0] if above else None, above=above[1:])
    number = serial_from(bytes([serial]) * 20)
    content = tbs.build(profile, request, public_key=KEY.public_key(), issuer=issuer, serial=number, now=NOW)
    return (tbs.sign(content, KEY, issuer), *above)


def ca(name: str, above: tuple[x509.Certificate, ...], held: CaLimits | None = None) -> tuple[x509.Certificate, ...]:
    profile = ISSUING if above else ROOT
    return signed(profile, IssuanceRequest(name=name, profile=profile.name, limits=held), above, 0x30 + len(above))


@cache
def path(permit: tuple[str, ...], exclude: tuple[str, ...]) -> tuple[x509.Certificate, ...]:
    """A CA with these constraints, and below it one with none of its own: the one that signs."""
    held = ca("Held", ca("Root", ()), limits(permit, exclude, path_length=1))
    return ca("Below", held)


def openssl_takes(chain: tuple[x509.Certificate, ...]) -> bool:
    *rest, root = (crypto.X509.from_cryptography(one) for one in chain)
    store = crypto.X509Store()
    store.add_cert(root)
    store.set_time(NOW)
    try:
        crypto.X509StoreContext(store, rest[0], chain=rest[1:]).verify_certificate()
    except crypto.X509StoreContextError:
        return False
    return True


def unchecked(asked: tuple[str, ...], above: tuple[x509.Certificate, ...]) -> tuple[x509.Certificate, ...]:
    """The same certificate from a CA that looks at nothing."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "alice")]))
        .issuer_name(above[0].subject).public_key(KEY.public_key()).serial_number(7)
        .not_valid_before(NOW.replace(day=20)).not_valid_after(NOW.replace(day=25))
        .add_extension(x509.SubjectAlternativeName(tbs.general_names(names(asked))), critical=False)
    )  # fmt: skip
    return (builder.sign(KEY, digest_for(KEY.public_key())), *above)


some = st.lists(st.sampled_from(TREES), max_size=3, unique=True).map(tuple)


@given(permit=some, exclude=some, asked=st.lists(st.sampled_from(NAMES), min_size=1, max_size=3, unique=True).map(tuple))
def test_names_are_refused_exactly_when_openssl_refuses_them(
    permit: tuple[str, ...], exclude: tuple[str, ...], asked: tuple[str, ...]
) -> None:
    above = path(permit, exclude)
    try:
        made = signed(CLIENT, IssuanceRequest(name="alice", profile=CLIENT.name, subject_alt_names=names(asked)), above)
    except PolicyError as refusal:
        assert "may not sign" in refusal.what
        assert not openssl_takes(unchecked(asked, above))
    else:
        assert openssl_takes(made)


@given(permit=some, exclude=some, own=st.lists(st.sampled_from(TREES), min_size=1, max_size=2, unique=True).map(tuple))
def test_a_ca_for_names_that_its_own_ca_forbids_is_refused(
    permit: tuple[str, ...], exclude: tuple[str, ...], own: tuple[str, ...]
) -> None:
    held = ca("Held", ca("Root", ()), limits(permit, exclude, path_length=1))
    try:
        below = ca("Below", held, limits(own))
    except PolicyError as refusal:
        assert any(text.partition(":")[2] in refusal.what for text in own)
        return
    for text in own:  # somebody in each of its trees gets in
        kind, _, value = text.partition(":")
        host = f"a{value}" if value.startswith(".") else value
        inside = {"email": host if "@" in host else f"z@{host}", "ip": value.partition("/")[0], "uri": f"spiffe://{host}/"}
        one = names((f"{kind}:{inside.get(kind, host)}",))
        refused = [part for part in exclude if part.startswith(kind)]
        if not refused:
            assert openssl_takes(signed(CLIENT, IssuanceRequest(name="z", profile=CLIENT.name, subject_alt_names=one), below))


def test_a_common_name_that_looks_like_a_host_counts() -> None:
    with pytest.raises(PolicyError, match=r"dns:api\.other\.test is outside example\.test"):
        signed(CLIENT, IssuanceRequest(name="api.other.test", profile=CLIENT.name), path(("dns:example.test",), ()))


def test_usages_that_a_ca_above_lacks_are_refused() -> None:
    clients = ca("Clients", ca("Root", ()), limits(path_length=1, extended_key_usage=("clientAuth",)))
    below = ca("Below", clients)
    request = IssuanceRequest(name="a.test", profile=SERVER.name, subject_alt_names=names(("dns:a.test",)))
    with pytest.raises(PolicyError, match="held to clientAuth, and this is for serverAuth"):
        signed(SERVER, request, below)
    with pytest.raises(PolicyError, match="held to clientAuth, and this is for serverAuth"):
        signed(PEER, request, below)
    with pytest.raises(PolicyError, match="serverAuth"):
        ca("Servers", clients, limits(extended_key_usage=("serverAuth",)))
    assert openssl_takes(signed(CLIENT, IssuanceRequest(name="alice", profile=CLIENT.name), below))


def test_as_many_cas_in_a_row_as_openssl_takes() -> None:
    chain = ca("Root", ())
    for left in (2, 1, 0):
        with pytest.raises(PolicyError, match="may stand below it") if left < 2 else pytest.raises(StopIteration):
            ca("Deeper", chain, limits(path_length=left + 1))
            raise StopIteration
        chain = ca(f"Level {left}", chain, limits(path_length=left))
    with pytest.raises(PolicyError, match="no CA may stand below it"):
        ca("One more", chain)
    assert openssl_takes(signed(CLIENT, IssuanceRequest(name="alice", profile=CLIENT.name), chain))


def test_the_subject_must_lie_in_the_directory_that_a_ca_elsewhere_allows() -> None:
    def directory(organization: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization)])

    def subject(organization: str) -> x509.Name:
        return x509.Name([*directory(organization), x509.NameAttribute(NameOID.COMMON_NAME, "alice")])

    permitted = x509.NameConstraints([x509.DirectoryName(directory("Example Corp"))], None)
    excluded = x509.NameConstraints(None, [x509.DirectoryName(directory("Evil"))])
    assert outside(subject("example  CORP"), "alice", (), permitted) == ()
    assert "is outside" in outside(subject("Other"), "alice", (), permitted)[0]
    assert "which is excluded" in outside(subject("evil"), "alice", (), excluded)[0]
    assert outside(subject("Other"), "alice", (), excluded) == ()


def test_limits_of_every_kind_are_read_and_written_again() -> None:
    """So the successor of a CA is held to what it was held to, also one from elsewhere."""
    corp = x509.Name([x509.NameAttribute(NameOID.COUNTRY_NAME, "DE"), x509.NameAttribute(NameOID.ORGANIZATION_NAME, "A, B")])
    trees = [*(tbs.general_names(names(("dns:a.test", "email:b@a.test", "uri:spiffe://c.test/")))), x509.DirectoryName(corp),
             x509.IPAddress(ip_network("192.0.2.0/24"))]  # fmt: skip
    wanted = x509.NameConstraints(trees, [x509.DNSName("x.a.test"), x509.DirectoryName(corp)])
    builder = (
        x509.CertificateBuilder().subject_name(corp).issuer_name(corp).public_key(KEY.public_key()).serial_number(7)
        .not_valid_before(NOW.replace(day=20)).not_valid_after(NOW.replace(day=25)).add_extension(wanted, critical=True)
    )  # fmt: skip
    permitted, excluded = subtrees_in(builder.sign(KEY, digest_for(KEY.public_key())))
    assert name_constraints(NameConstraints(permitted=permitted, excluded=excluded)) == wanted
    assert GeneralName(kind="dirname", value="O=A\\, B,C=DE") in permitted


def test_a_uri_without_a_host_cannot_be_compared() -> None:
    held = x509.NameConstraints([x509.UniformResourceIdentifier("example.test")], None)
    urn = (GeneralName(kind="uri", value="urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6"),)
    assert "names no host" in outside(x509.Name([]), "alice", urn, held)[0]
