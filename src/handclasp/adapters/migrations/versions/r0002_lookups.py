"""Lookups that stay quick with a million certificates: by key, by state, by files that are not complete."""

import hashlib

import sqlalchemy as sa
from alembic import op
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """A column with the digest of each certified key, filled for what is there, and three indexes."""
    op.add_column("certificate", sa.Column("key_sha256", sa.String(64)))
    connection = op.get_bind()
    table = sa.table("certificate", sa.column("position"), sa.column("certificate"), sa.column("key_sha256"))
    signed = sa.select(table.c.position, table.c.certificate).where(table.c.certificate.is_not(None))
    for position, der in connection.execute(signed).all():
        connection.execute(sa.update(table).where(table.c.position == position).values(key_sha256=_digest(der)))
    op.create_index("ix_certificate_key_sha256", "certificate", ["key_sha256"])
    op.create_index("ix_certificate_state", "certificate", ["state"])
    op.create_index("ix_certificate_exported", "certificate", ["exported"])


def _digest(der: bytes) -> str | None:
    try:
        key = x509.load_der_x509_certificate(der).public_key()
    except (ValueError, UnsupportedAlgorithm):
        return None
    return hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()
