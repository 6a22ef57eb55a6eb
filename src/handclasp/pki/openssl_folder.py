"""The other direction of openssl_index: lines of index.txt, numbers, and a configuration with which `openssl ca` is safe."""

from datetime import UTC, datetime

from cryptography import x509

from handclasp.model.issuance import CertificateRecord, CertificateState, Reason
from handclasp.pki.serials import format_serial

CONFIG = """\
# openssl ca -config openssl.cnf -in alice.csr -extensions client -out alice.pem
# openssl ca -config openssl.cnf -revoke newcerts/SERIAL.pem -crl_reason keyCompromise
# openssl ca -config openssl.cnf -gencrl -out crl.pem
[ca]
default_ca = here

[here]
dir              = {folder}
certificate      = $dir/cacert.pem
private_key      = $dir/private/cakey.pem
new_certs_dir    = $dir/newcerts
database         = $dir/index.txt
serial           = $dir/serial
rand_serial      = yes
crlnumber        = $dir/crlnumber
crl              = $dir/crl.pem
default_md       = sha256
default_days     = 365
default_crl_days = 365
policy           = named
unique_subject   = no
copy_extensions  = none
x509_extensions  = client
crl_extensions   = crl

[named]
commonName       = supplied
organizationName = optional

[client]
basicConstraints       = CA:FALSE
keyUsage               = critical,digitalSignature
extendedKeyUsage       = clientAuth
subjectKeyIdentifier   = hash
authorityKeyIdentifier = keyid:always

[server]
basicConstraints       = CA:FALSE
keyUsage               = critical,digitalSignature
extendedKeyUsage       = serverAuth
subjectKeyIdentifier   = hash
authorityKeyIdentifier = keyid:always
# the server's own names, before each use:
subjectAltName         = DNS:server.example.test

[crl]
authorityKeyIdentifier = keyid:always
"""


def index_line(record: CertificateRecord, now: datetime) -> str:
    """One line of index.txt. What openssl cannot write there (privilegeWithdrawn) becomes unspecified, as it does itself."""
    revoked = record.state is CertificateState.REVOKED and record.revoked_at is not None
    status = "R" if revoked else "E" if record.not_after <= now else "V"
    revocation = _time(record.revoked_at) + _reason(record.reason) if revoked and record.revoked_at else ""
    fields = (status, _time(record.not_after), revocation, format_serial(record.serial), "unknown", _subject(record))
    return "\t".join(fields) + "\n"


def number_text(number: int) -> bytes:
    """A number as openssl keeps it: an even count of hex digits and a line end."""
    text = f"{number:X}"
    return f"{text if len(text) % 2 == 0 else '0' + text}\n".encode()


def _reason(reason: Reason | None) -> str:
    if reason in (None, Reason.UNSPECIFIED, Reason.PRIVILEGE_WITHDRAWN):
        return ""
    # a hold has the instruction that openssl writes for it: 2.2.1 is holdInstructionNone
    return ",holdInstruction,holdInstructionNone" if reason is Reason.CERTIFICATE_HOLD else f",{reason}"


def _time(moment: datetime) -> str:
    """UTCTime until 2049, GeneralizedTime after (RFC 5280 4.1.2.5)."""
    utc = moment.astimezone(UTC)
    return f"{utc:%y%m%d%H%M%SZ}" if utc.year < 2050 else f"{utc:%Y%m%d%H%M%SZ}"


def _subject(record: CertificateRecord) -> str:
    r"""One line as `openssl ca` writes it: /O=Example/CN=alice, everything but printable ASCII as \xNN."""
    if record.certificate is None:
        return f"/CN={_escaped(record.name)}"
    name = x509.load_der_x509_certificate(record.certificate).subject
    return "".join(f"/{one.rfc4514_attribute_name}={_escaped(str(one.value))}" for one in name)


def _escaped(value: str) -> str:
    return "".join(chr(one) if 0x20 <= one < 0x7F and chr(one) not in "\\/" else f"\\x{one:02X}" for one in value.encode())
