"""The folder of one identity: key, certificate, chain, PKCS#12. Written so that it may stop anywhere and be called again."""

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from handclasp.app.authority import certificate_of
from handclasp.app.ca_files import put
from handclasp.app.crashpoint import crashpoint
from handclasp.app.half_written import sweep
from handclasp.app.home import CROSS, DROPPED, Home
from handclasp.model.errors import Bug, InputError
from handclasp.model.issuance import Authority, CertificateRecord, CertificateState
from handclasp.pki.export import PASSWORD_OCTETS, identity_files, load_key, password_from, public_files
from handclasp.pki.lenient import NO_X509
from handclasp.pki.serials import format_serial
from handclasp.pki.signing import SigningKey

LEGACY_P12 = "legacy_p12:"
"""Prefix of the settings that say which identities want their PKCS#12 file in the old algorithms."""

_KEY, _CERTIFICATE, _PASSWORD = "key.pem", "certificate.pem", "p12-password.txt"


def issuers_of(home: Home, issuer: str) -> list[x509.Certificate]:
    """The CA certificates a client sends after its own: from its issuer up, without the root.

    Where an older root vouches for this one, that certificate comes last, for those who know only the older root.
    """
    by_label = {authority.label: authority for authority in home.store.authorities()}
    found, label = [], issuer
    while by_label[label].parent is not None:
        found.append(certificate_of(by_label[label]))
        label = by_label[label].parent or ""
    return found + cross_certificates(home, label) if found else found


def root_of(home: Home, issuer: str) -> Authority:
    """The root above a CA."""
    by_label = {authority.label: authority for authority in home.store.authorities()}
    found = by_label[issuer]
    while found.parent is not None:
        found = by_label[found.parent]
    return found


def cross_certificates(home: Home, root: str) -> list[x509.Certificate]:
    """What an older root, still trusted here, signed for this root; one or none."""
    voucher, _, serial = (home.store.value(f"{CROSS}{root}") or "").partition(":")
    if not serial or home.store.value(f"{DROPPED}{voucher}") is not None:
        return []
    record = home.store.find(voucher, int(serial, 16))
    if record is None or record.certificate is None or record.state is CertificateState.REVOKED:
        return []
    return [x509.load_der_x509_certificate(record.certificate)]


def make_folder(home: Home, name: str) -> None:
    """The folder of an identity, for its owner alone: it holds a private key."""
    home.files.make_folder(home.layout.at("identities"), mode=0o700)
    home.files.make_folder(home.layout.identity(name), mode=0o700)


def write_identity(home: Home, record: CertificateRecord) -> tuple[str, ...]:
    """Bring the folder up to this record and mark it exported; the paths that are there now.

    The key is the staged one, or the one in place when it fits; with neither (the key was made elsewhere) only certificate
    and chain are written. What the folder held for another certificate goes to previous/SERIAL first.
    """
    if record.certificate is None:
        raise Bug("a certificate that was never signed cannot be exported", where=record.name)
    certificate = x509.load_der_x509_certificate(record.certificate)
    make_folder(home, record.name)
    _archive(home, record)
    crashpoint("export.archived")
    with home.files.together(home.layout.identity(record.name)):
        written = _write_files(home, record, certificate)
    crashpoint("export.files-written")
    with home.store.begin() as transaction:
        transaction.mark_exported(record.issuer, record.serial)
    crashpoint("export.marked")
    return tuple(sorted(written))


def _write_files(home: Home, record: CertificateRecord, certificate: x509.Certificate) -> list[str]:
    key = _place_key(home, record, certificate)
    crashpoint("export.key-placed")
    written = [home.layout.identity(record.name, _KEY)] if key else []
    issuers = issuers_of(home, record.issuer)
    if key is None:
        files = public_files(certificate, issuers)
    else:
        password = password_from(home.entropy.bytes(PASSWORD_OCTETS))
        legacy = home.store.value(f"{LEGACY_P12}{record.name}") == "yes"
        files = identity_files(record.name, key, certificate, issuers, password, legacy=legacy)
    for file in files:
        path = home.layout.identity(record.name, file.name)
        put(home, path, file.content, mode=file.mode)
        crashpoint("export.file-written")
        written.append(path)
    return written


def current_key(home: Home, name: str) -> SigningKey | None:
    """The private key in an identity's folder, or None."""
    path = home.layout.identity(name, _KEY)
    return load_key(home.files.read(path), where=path) if home.files.exists(path) else None


def spki(key: x509.Certificate | SigningKey) -> bytes:
    """The SubjectPublicKeyInfo of a certificate or key, DER."""
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _place_key(home: Home, record: CertificateRecord, certificate: x509.Certificate) -> SigningKey | None:
    staged, path = home.layout.staged_key(record.name, record.serial), home.layout.identity(record.name, _KEY)
    if home.files.exists(staged):
        key = load_key(home.files.read(staged), where=staged)
        if spki(key) != spki(certificate):
            raise Bug("the staged key does not belong to the certificate", where=staged)
        home.files.move(staged, path)  # never a moment without it, and never two of them
        return key
    present = current_key(home, record.name)
    if present is not None and spki(present) == spki(certificate):
        return present
    for name in (_KEY, _PASSWORD, f"{record.name}.p12"):  # of an earlier certificate: archived, and misleading here
        home.files.remove(home.layout.identity(record.name, name))
    return None


def _archive(home: Home, record: CertificateRecord) -> None:
    """Copy the files of the certificate that was current until now, if they belong together."""
    path = home.layout.identity(record.name, _CERTIFICATE)
    if not home.files.exists(path):
        return
    try:
        before = x509.load_pem_x509_certificate(home.files.read(path))
        key = current_key(home, record.name)
    except (*NO_X509, InputError):
        return  # not what Handclasp wrote: replaced, as a damaged file is
    if before.serial_number == record.serial or (key is not None and spki(key) != spki(before)):
        return
    folder = home.layout.identity(record.name, "previous", format_serial(before.serial_number))
    home.files.make_folder(folder, mode=0o700)
    sweep(home.files, [folder])
    secret = (_KEY, _PASSWORD, f"{record.name}.p12")
    for name in (*secret, "chain.pem", _CERTIFICATE):
        source = home.layout.identity(record.name, name)
        if home.files.exists(source):
            put(home, f"{folder}/{name}", home.files.read(source), mode=0o600 if name in secret else 0o644)
    _put_away(home, home.layout.identity(record.name), folder)


def _put_away(home: Home, identity: str, archive: str) -> None:
    """Bundles for devices hold the former certificate: they go to it."""
    names = (path[len(identity) + 1 :] for path in home.files.walk(identity))
    devices = {name.partition("/")[0] for name in names if name.startswith("for-") and name.count("/") == 1}
    for device in sorted(devices):
        home.files.make_folder(f"{archive}/{device}", mode=0o700)
        sweep(home.files, (f"{identity}/{device}", f"{archive}/{device}"))
        for path in tuple(home.files.walk(f"{identity}/{device}")):
            name = path[len(identity) + 1 :]
            if name.count("/") == 1:
                put(home, f"{archive}/{name}", home.files.read(path), mode=0o600)
                home.files.remove(path)


def put_away_devices(home: Home, name: str, serial: int) -> tuple[str, ...]:
    """Devices whose bundles went to the archive of that certificate."""
    folder = home.layout.identity(name, "previous", format_serial(serial))
    if not home.files.exists(folder):
        return ()
    names = (path[len(folder) + 1 :] for path in home.files.walk(folder))
    return tuple(sorted({one.partition("/")[0].removeprefix("for-") for one in names if one.startswith("for-")}))
