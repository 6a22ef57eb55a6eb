"""Defects inside one certificate, at a random level of the hierarchy."""

from collections.abc import Callable

from handclasp.lab import extensions as ext
from handclasp.lab.draft import HOST, Draft
from handclasp.lab.mint import FAR_FUTURE, FUTURE, IA5, PAST, PRINTABLE, Blank, name
from handclasp.pki.der import encode


def _any(draft: Draft) -> Blank:
    return draft.random.choice(draft.tiers)


def _authority(draft: Draft) -> Blank:
    return draft.random.choice(draft.tiers[1:] or draft.tiers)


def expired(draft: Draft) -> None:
    """The end of validity has passed."""
    _any(draft).not_after = PAST


def not_yet_valid(draft: Draft) -> None:
    """The start of validity lies ahead."""
    _any(draft).not_before = FUTURE


def corrupt(draft: Draft) -> None:
    """A bit of the signature is wrong."""
    _any(draft).corrupt = True


def signed_by_other_key(draft: Draft) -> None:
    """The signature is another key's."""
    _any(draft).signer = draft.new_key()


def weak_digest(draft: Draft) -> None:
    """A signature with an old or short digest; MD5 and SHA-1 with RSA where the signer can."""
    blank = _any(draft)
    if draft.random.random() < 0.5:
        blank.parent.key = draft.new_key("rsa2048")
    blank.digest = draft.random.choice(["md5", "sha1", "sha1", "sha224", "sha384", "sha512", "pss-sha1", "pss-sha256"])


def algorithms(draft: Draft) -> None:
    """The signed part names another algorithm than stands beside the signature, or both have parameters where none belong."""
    blank = _any(draft)
    if draft.random.random() < 0.6:
        blank.inside = draft.random.choice(["sha1", "sha384", "sha512"])
    else:
        blank.null = True


def odd_serial(draft: Draft) -> None:
    """A serial number that no CA may give: none, a negative one, or one longer than 20 octets."""
    _any(draft).serial = draft.random.choice([0, -1, -5, -129, -(2**70), 2**159, 2**200 + 7])


def nameless_authority(draft: Draft) -> None:
    """A CA without a name."""
    _authority(draft).subject = name()


def other_key_kind(draft: Draft) -> None:
    """Another kind or size of key."""
    blank = _any(draft)
    kinds = ["rsa1024", "rsa1024", "rsa1536", "rsa2048", "rsa3072", "p384", "p521", "ed25519"]
    if blank is not draft.leaf:
        kinds += ["p224", "ed448", "k256", "bp256", "pss2048"]
    blank.key = draft.new_key(draft.random.choice(kinds))


def version_one(draft: Draft) -> None:
    """A version 1 certificate without extensions."""
    _any(draft).version = 1


def no_basic_constraints(draft: Draft) -> None:
    """No basicConstraints."""
    _any(draft).drop("basicConstraints")


def wrong_basic_constraints(draft: Draft) -> None:
    """CA:FALSE on a CA, CA:TRUE on a leaf, a path length without CA, a negative one."""
    blank = _any(draft)
    match draft.random.randrange(4):
        case 0 | 1:
            value = ext.basic_constraints(ca=blank is draft.leaf)
        case 2:
            value = ext.basic_constraints(ca=False, path_length=draft.random.randrange(2))
        case _:
            value = ext.basic_constraints(ca=True, path_length=-1)
    blank.put("basicConstraints", value, critical=draft.random.random() < 0.5)


def path_length(draft: Draft) -> None:
    """A path length constraint, which may be too small."""
    value = ext.basic_constraints(ca=True, path_length=draft.random.randrange(3))
    _authority(draft).put("basicConstraints", value, critical=True)


def no_key_usage(draft: Draft) -> None:
    """No keyUsage."""
    _any(draft).drop("keyUsage")


def key_usage(draft: Draft) -> None:
    """A random keyUsage, the empty one included."""
    usages = draft.random.sample(ext.KEY_USAGES, draft.random.randrange(4))
    _any(draft).put("keyUsage", ext.key_usage(*usages), critical=draft.random.random() < 0.5)


def extended_key_usage(draft: Draft) -> None:
    """A random extKeyUsage."""
    chosen = draft.random.sample(list(ext.PURPOSES), draft.random.randint(1, 2))
    _any(draft).put("extKeyUsage", ext.extended_key_usage(*chosen), critical=draft.random.random() < 0.3)


def no_extended_key_usage(draft: Draft) -> None:
    """No extKeyUsage on the leaf."""
    draft.leaf.drop("extKeyUsage")


def netscape_type(draft: Draft) -> None:
    """A Netscape certificate type; often with the standard extensions that would overrule it left out."""
    blank = _any(draft)
    blank.put("nsCertType", ext.netscape_type(*draft.random.sample(ext.NETSCAPE_TYPES, draft.random.randint(0, 2))))
    if draft.random.random() < 0.5:
        blank.drop("basicConstraints")
    if draft.random.random() < 0.5:
        blank.drop("keyUsage")


def unknown_extension(draft: Draft) -> None:
    """An extension that nobody knows, mostly critical."""
    _any(draft).put("unknown", encode(0x05, b""), critical=draft.random.random() < 0.8)


def known_critical(draft: Draft) -> None:
    """An extension that OpenSSL reads, marked critical although it seldom is."""
    blank = _any(draft)
    kind, value = draft.random.choice(
        [
            ("certificatePolicies", ext.policies("1.3.6.1.4.1.55555.7")),
            ("policyConstraints", encode(0x30, b"\x80\x01\x00")),
            ("inhibitAnyPolicy", b"\x02\x01\x00"),
            ("cRLDistributionPoints", ext.distribution_points("http://lab.test/crl")),
            ("freshestCRL", ext.distribution_points("http://lab.test/delta")),
            ("1.3.6.1.5.5.7.1.1", encode(0x30, b"")),
            ("2.5.29.9", encode(0x30, b"")),
            ("1.3.6.1.5.5.7.1.24", encode(0x30, b"\x02\x01\x05")),
        ]
    )
    blank.put(kind, value, critical=True)


def malformed(draft: Draft) -> None:
    """An extension whose value cannot be decoded."""
    kinds = ["basicConstraints", "keyUsage", "extKeyUsage", "subjectAltName", "nameConstraints", "nsCertType", "unknown"]
    kinds += ["cRLDistributionPoints"]
    value = draft.random.choice([b"\x02\x01\x05", b"\x30\x03\x02\x01\x05", b"\x04\x00", b"\xff"])
    _any(draft).put(draft.random.choice(kinds), value)


def repeated(draft: Draft) -> None:
    """An extension that stands twice."""
    blank = _any(draft)
    kind = draft.random.choice(sorted(blank.extensions) or ["basicConstraints"])
    if kind in blank.extensions:
        blank.repeated = (blank.extensions[kind],)


def proxy_certificate(draft: Draft) -> None:
    """A proxy certificate (RFC 3820)."""
    blank = _any(draft)
    blank.put("proxyCertInfo", ext.proxy_certificate(), critical=True)
    if draft.random.random() < 0.5:
        blank.drop("subjectAltName")


def authority_key(draft: Draft) -> None:
    """An authorityKeyIdentifier that is absent or does not fit, by key, by name and serial, or by serial alone."""
    blank = _any(draft)
    parent = blank.parent
    grand = parent.parent.subject
    wrong = name(("CN", "Nobody"))
    blank.authority_key = draft.random.choice(
        [
            None,
            ext.authority_key_identifier(bytes(20)),
            ext.authority_key_identifier(parent.key.identifier, grand, parent.serial),
            ext.authority_key_identifier(None, grand, parent.serial),
            ext.authority_key_identifier(None, grand, parent.serial + 1),
            ext.authority_key_identifier(None, wrong, parent.serial),
            ext.authority_key_identifier(None, wrong, None),
            ext.authority_key_identifier(None, None, parent.serial + 1),
            ext.authority_key_identifier(),
            ext.authority_key_identifier(parent.key.identifier[:8]),
        ]
    )


def subject_key(draft: Draft) -> None:
    """A subjectKeyIdentifier that is absent, or one that no child refers to."""
    blank = _any(draft)
    children = [tier for tier in draft.tiers if tier.issuer is blank]
    if draft.random.random() < 0.5:
        blank.subject_key = None
    else:
        for child in children:
            child.authority_key = ext.authority_key_identifier(blank.key.identifier)
        blank.subject_key = bytes(range(20))


def issuer_spelling(draft: Draft) -> None:
    """The issuer is written in another case, spacing or string type: the same name to X.500 matching."""
    blank = draft.random.choice(draft.tiers[:-1])
    parent = blank.parent
    if parent.subject == draft.root.subject:
        blank.issuer_name = draft.random.choice(
            [
                name(("O", "LAB"), ("CN", "lab root")),
                name(("O", " Lab "), ("CN", "Lab  Root")),
                name(("O", "Lab"), ("CN", "Lab Root"), string=PRINTABLE),
                name(("O", "Lab"), ("CN", "Lab Root"), string=IA5),
                name(("O", "Lab"), ("CN", "LabRoot")),
            ]
        )


def subject_name(draft: Draft) -> None:
    """A leaf without subject, or with a common name that looks like a host name."""
    draft.leaf.subject = draft.random.choice(
        [name(), name(("CN", "host.lab.test")), name(("CN", "lab.test")), name(("CN", "a"), ("CN", "b.other.test"))]
    )


def alternative_names(draft: Draft) -> None:
    """Subject alternative names of every kind."""
    choices: list[tuple[str, str | bytes]] = [
        ("dns", HOST), ("dns", "a.lab.test"), ("dns", "other.test"), ("email", "a@lab.test"), ("email", "a@other.test"),
        ("ip", "10.0.0.1"), ("ip", "192.0.2.1"), ("ip", "2001:db8::1"), ("uri", "https://lab.test/x"),
        ("uri", "urn:lab"), ("uri", "https://user@lab.test:8443/x"), ("uri", "http://a.lab.test"), ("uri", "https://"),
        ("email", "nobody"), ("email", "A@LAB.test"), ("email", "a@b.lab.test"), ("dns", "LAB.TEST"), ("dns", "xlab.test"),
        ("dns", "*.lab.test"), ("ip", "10.1.2.3"), ("dirname", name(("O", "Lab"), ("CN", "leaf"))), ("rid", "1.2.3.4"),
    ]  # fmt: skip
    chosen = draft.random.sample(choices, draft.random.randint(1, 3))
    _any(draft).put("subjectAltName", ext.general_names(*chosen), critical=draft.random.random() < 0.2)


def name_constraints(draft: Draft) -> None:
    """Name constraints on a CA, fitting or not; sometimes with names on the leaf for them to judge."""
    choices: list[tuple[str, str | bytes]] = [
        ("dns", HOST), ("dns", ".lab.test"), ("dns", "other.test"), ("dns", ""), ("email", "lab.test"), ("email", "a@lab.test"),
        ("email", ".lab.test"), ("ip", "10.0.0.0/8"), ("ip", "192.0.2.0/24"), ("ip", "2001:db8::/32"), ("uri", "lab.test"),
        ("uri", ".lab.test"), ("dirname", name(("O", "Lab"))), ("dirname", name(("O", "Other"))), ("dirname", name()),
        ("rid", "1.2.3.4"), ("dns", "a.lab.test"), ("email", "A@LAB.TEST"), ("email", "@lab.test"), ("email", ""), ("uri", ""),
        ("dns", "LAB.test"), ("dirname", name(("O", "LAB"))), ("dirname", name(("O", "Lab"), ("CN", "leaf"))),
        ("dns", "test"), ("ip", "0.0.0.0/0"),
    ]  # fmt: skip
    chosen = draft.random.sample(choices, draft.random.randint(1, 3))
    border = draft.random.randint(0, len(chosen))
    value = ext.name_constraints(tuple(chosen[:border]), tuple(chosen[border:]))
    _authority(draft).put("nameConstraints", value, critical=draft.random.random() < 0.7)
    if draft.random.random() < 0.6:
        alternative_names(draft)
    if draft.random.random() < 0.4:
        subject_name(draft)


def e_mail_in_subject(draft: Draft) -> None:
    """An e-mail address in the leaf's subject, which name constraints look at."""
    address = draft.random.choice(["a@lab.test", "a@other.test", "nobody"])
    draft.leaf.subject = name(("O", "Lab"), ("emailAddress", address))
    if draft.random.random() < 0.7:
        name_constraints(draft)


def lifetime_shorter(draft: Draft) -> None:
    """Nothing wrong: only another notAfter, which matters when OpenSSL chooses among issuers."""
    _authority(draft).not_after = FAR_FUTURE.replace(year=2050)


DEFECTS: dict[Callable[[Draft], None], int] = {
    expired: 5, not_yet_valid: 3, corrupt: 3, signed_by_other_key: 3, weak_digest: 4, other_key_kind: 5, version_one: 3,
    algorithms: 1, odd_serial: 1, nameless_authority: 1,
    no_basic_constraints: 4, wrong_basic_constraints: 4, path_length: 4, no_key_usage: 3, key_usage: 5,
    extended_key_usage: 5, no_extended_key_usage: 2, netscape_type: 3, unknown_extension: 3, known_critical: 3, malformed: 2,
    repeated: 1, proxy_certificate: 1, authority_key: 5, subject_key: 3, issuer_spelling: 2, subject_name: 1,
    alternative_names: 1, name_constraints: 6, e_mail_in_subject: 2, lifetime_shorter: 1,
}  # fmt: skip
