"""Bundles for devices: the files that one kind of device reads, with a page that says what to do there."""

from collections.abc import Iterator
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from handclasp.app.authority import certificate_of
from handclasp.app.home import Home
from handclasp.app.identity_files import current_key, issuers_of, spki
from handclasp.app.recover import sweep
from handclasp.app.renew import newest
from handclasp.catalogue.devices import Device, Form
from handclasp.model.errors import PolicyError
from handclasp.pki.export import PASSWORD_OCTETS, ExportFile, key_pem, password_from, pem, pkcs12_container, public_files
from handclasp.pki.mobileconfig import mobileconfig
from handclasp.pki.serials import format_serial
from handclasp.pki.signing import SigningKey

_CONTAINERS = {Form.P12, Form.P12_LEGACY}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """What was written, and the steps for the device in the asked language."""

    folder: str
    files: tuple[str, ...]
    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Material:
    name: str
    certificate: x509.Certificate
    key: SigningKey
    issuers: list[x509.Certificate]
    root: x509.Certificate
    password: str


def export(home: Home, name: str, device: Device, *, lang: str, output: str | None, with_ca: bool = False) -> Bundle:
    """Write the bundle of an identity for a device.

    `output` None: into the identity's folder, replacing an earlier one; else a folder in which nothing is overwritten.
    `with_ca`: an Apple profile also makes the device trust this CA for servers.

    Raises:
        UsageError: no such identity.
        PolicyError: it is revoked, its key is not here, or a file is in the way.
    """
    record, certificate = newest(home, name)
    key = current_key(home, name)
    if key is None or spki(key) != spki(certificate):
        raise PolicyError(
            f"the private key of {name} is not here, so it cannot go into a bundle",
            where=home.layout.identity(name),
            hint="it was made elsewhere: take chain.pem to where the key is",
        )
    root = next(certificate_of(one) for one in home.authorities() if one.parent is None)
    password = password_from(home.entropy.bytes(PASSWORD_OCTETS))
    material = _Material(name, certificate, key, issuers_of(home, record.issuer), root, password)
    steps = tuple(_filled(step.in_language(lang), name) for step in device.steps)
    files = [*_files(material, device, with_ca=with_ca), _page(device, steps, lang)]
    folder = output or home.layout.identity(name, f"for-{device.slug}")
    home.files.make_folder(folder, mode=0o700)
    write = home.files.create if output else home.files.write
    with home.changing(f"exporting {name}"):
        if output is None:
            sweep(home, folder)
        for file in files:
            write(f"{folder}/{file.name}", file.content, mode=file.mode)
    with home.store.begin() as transaction:
        transaction.audit(
            at=home.clock.now(),
            actor=home.actor,
            action="exported",
            subject=name,
            details={"for": device.slug, "serial": format_serial(record.serial)},
        )
    return Bundle(folder=folder, files=tuple(f"{folder}/{file.name}" for file in files), steps=steps)


def _files(material: _Material, device: Device, *, with_ca: bool) -> Iterator[ExportFile]:
    secret = False
    for form in device.forms:
        if form is Form.PEM:
            yield ExportFile(name="key.pem", content=key_pem(material.key), mode=0o600)
            yield from public_files(material.certificate, material.issuers)
            continue
        secret = True
        container = _container(material, legacy=form is not Form.P12)
        if form in _CONTAINERS:
            yield ExportFile(name=f"{material.name}.p12", content=container, mode=0o600)
            continue
        root = material.root.public_bytes(Encoding.DER) if with_ca else None
        serial = format_serial(material.certificate.serial_number)
        profile = mobileconfig(material.name, serial=serial, container=container, root=root)
        yield ExportFile(name=f"{material.name}.mobileconfig", content=profile, mode=0o600)
    if secret:
        yield ExportFile(name="password.txt", content=f"{material.password}\n".encode(), mode=0o600)
    yield ExportFile(name="root-ca.pem", content=pem(material.root), mode=0o644)


def _container(material: _Material, *, legacy: bool) -> bytes:
    return pkcs12_container(
        material.name, material.key, material.certificate, material.issuers, material.password, legacy=legacy
    )


def _page(device: Device, steps: tuple[str, ...], lang: str) -> ExportFile:
    numbered = "\n".join(f"{number}. {step}" for number, step in enumerate(steps, start=1))
    name = "说明.txt" if lang == "zh" else "README.txt"
    return ExportFile(name=name, content=f"{device.title}\n\n{numbered}\n".encode(), mode=0o644)


def _filled(step: str, name: str) -> str:
    for place, value in (("{name}", name), ("{p12}", f"{name}.p12"), ("{host}", "your.server")):
        step = step.replace(place, value)
    return step
