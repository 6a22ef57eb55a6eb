"""Bundles for devices: the files that one kind of device reads, with a card that says what to do there."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from handclasp.app.authority import certificate_of
from handclasp.app.half_written import sweep
from handclasp.app.home import Home
from handclasp.app.identity_files import current_key, issuers_of, root_of, spki
from handclasp.app.new_files import all_or_none
from handclasp.app.profile_signer import sign_profile
from handclasp.app.renew import newest
from handclasp.catalogue.devices import Device, Form
from handclasp.model.card import Card, Step
from handclasp.model.errors import PolicyError
from handclasp.model.issuance import KeyType
from handclasp.model.text import Text
from handclasp.pki.export import PASSWORD_OCTETS, ExportFile, key_pem, password_from, pem, pkcs12_container, public_files
from handclasp.pki.mobileconfig import mobileconfig
from handclasp.pki.serials import format_serial
from handclasp.pki.signing import SigningKey, kind_of

_TRUST = {
    "{curl_ca}": " --cacert root-ca.pem",
    "{wget_ca}": " --ca-certificate=root-ca.pem",
    "{python_ca}": 'cafile="root-ca.pem"',
    "{requests_ca}": ', verify="root-ca.pem"',
    "{node_ca}": ', ca: fs.readFileSync("root-ca.pem")',
}
"""What a program needs to trust a server of this CA; nothing when the server's certificate is of a public one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportOrder:
    """A bundle to write. `output` None: into the identity's folder, replacing an earlier one; else nothing is overwritten.

    `with_ca`: the device is to trust this CA for servers too. `unsigned`: Apple profiles without a signature.
    `password_file`: where the password goes, a new file; None: it is in the result, and kept nowhere.
    """

    name: str
    device: Device
    url: str
    output: str | None = None
    with_ca: bool = False
    unsigned: bool = False
    password_file: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """What was written. `password` of its containers, to be handed on; None: it has none, or it is in a file."""

    folder: str
    files: tuple[str, ...]
    card: Card
    password: str | None


@dataclass(frozen=True, slots=True)
class _Material:
    order: ExportOrder
    certificate: x509.Certificate
    key: SigningKey
    issuers: list[x509.Certificate]
    root: x509.Certificate
    password: str


def export(home: Home, order: ExportOrder, pages: Callable[[Card], Iterable[ExportFile]]) -> Bundle:
    """Write the bundle of an identity for a device; `pages` makes the card's files.

    Raises:
        UsageError: no such identity.
        PolicyError: it is revoked, its key is not here or of a kind that the device does not take, or a file is in the way.
        WorldError: the CA keys cannot be unlocked, which sign Apple profiles.
    """
    name, device = order.name, order.device
    record, certificate = newest(home, name)
    key = current_key(home, name)
    if key is None or spki(key) != spki(certificate):
        raise PolicyError(
            f"the private key of {name} is not here, so it cannot go into a bundle",
            where=home.layout.identity(name),
            hint="it was made elsewhere: take chain.pem to where the key is",
        )
    if (kind := kind_of(key.public_key())) in device.unread:
        raise PolicyError(
            f"{device.title.en} takes no certificates with {kind} keys",
            where=name,
            hint=f"handclasp rekey {name} --key-type {KeyType.EC_P256}",
        )
    password = password_from(home.entropy.bytes(PASSWORD_OCTETS))
    root = certificate_of(root_of(home, record.issuer))
    material = _Material(order, certificate, key, issuers_of(home, record.issuer), root, password)
    files = [*_files(home, material)]
    secret = any(form is not Form.PEM for form in device.forms)
    card = _card(material, tuple(file.name for file in files), secret=secret)
    folder = order.output or home.layout.identity(name, f"for-{device.slug}")
    home.files.make_folder(folder, mode=0o700)
    written = [*files, *pages(card)]
    details = {"for": device.slug, "serial": format_serial(record.serial)}
    with home.changing(f"exporting {name}"), all_or_none(home.files) as create:
        if order.output is None:
            sweep(home.files, [folder])
        if secret and order.password_file is not None:
            create(order.password_file, f"{password}\n".encode(), 0o600)
        for file in written:
            if order.output is None:
                home.files.write(f"{folder}/{file.name}", file.content, mode=file.mode)
            else:
                create(f"{folder}/{file.name}", file.content, file.mode)
        with home.store.begin() as transaction:
            transaction.audit(at=home.clock.now(), actor=home.actor, action="exported", subject=name, details=details)
    shown = password if secret and order.password_file is None else None
    return Bundle(folder=folder, files=tuple(f"{folder}/{file.name}" for file in written), card=card, password=shown)


def _files(home: Home, material: _Material) -> Iterator[ExportFile]:
    name = material.order.name
    for form in material.order.device.forms:
        if form is Form.PEM:
            yield ExportFile(name="key.pem", content=key_pem(material.key), mode=0o600)
            yield from public_files(material.certificate, material.issuers)
            continue
        container = pkcs12_container(
            name, material.key, material.certificate, material.issuers, material.password, legacy=form is not Form.P12
        )
        if form is not Form.MOBILECONFIG:
            yield ExportFile(name=f"{name}.p12", content=container, mode=0o600)
            continue
        root = material.root.public_bytes(Encoding.DER) if material.order.with_ca else None
        serial = format_serial(material.certificate.serial_number)
        profile = mobileconfig(name, serial=serial, container=container, root=root)
        content = profile if material.order.unsigned else sign_profile(home, profile)
        yield ExportFile(name=f"{name}.mobileconfig", content=content, mode=0o600)
    yield ExportFile(name="root-ca.pem", content=pem(material.root), mode=0o644)


def _card(material: _Material, files: tuple[str, ...], *, secret: bool) -> Card:
    order, device = material.order, material.order.device
    steps = (*device.steps, *(device.trust if order.with_ca else ()))
    return Card(
        name=order.name,
        device=device.title,
        serial=format_serial(material.certificate.serial_number),
        until=material.certificate.not_valid_after_utc,
        root=material.root.subject.rfc4514_string(),
        root_sha256=material.root.fingerprint(hashes.SHA256()).hex(":").upper(),
        files=files,
        secret=secret,
        steps=tuple(Step(text=_filled(step.text, order), code=_code(step.code, order)) for step in steps),
        check=_filled(device.check, order),
        trouble=tuple(_filled(text, order) for text in device.trouble),
        remove=_filled(device.remove, order),
    )


def _filled(text: Text, order: ExportOrder) -> Text:
    places = {"{name}": order.name, "{p12}": f"{order.name}.p12", "{url}": order.url}
    return Text(en=_with(text.en, places), zh=_with(text.zh, places))


def _code(code: str, order: ExportOrder) -> str:
    """Names of identities hold no quotes (pki/names.py), so double ones keep their blanks together in every shell."""
    name = f'"{order.name}"' if " " in order.name else order.name
    container = f'"{order.name}.p12"' if " " in order.name else f"{order.name}.p12"
    trust = {place: words if order.with_ca else "" for place, words in _TRUST.items()}
    return _with(code, {"{name}-ca": f'"{order.name}-ca"', "{name}": name, "{p12}": container, "{url}": order.url} | trust)


def _with(text: str, places: dict[str, str]) -> str:
    for place, value in places.items():
        text = text.replace(place, value)
    return text
