"""Fewer pages are written for each certificate: indexes that every row was in hold only those that are asked for."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Names are found by their folded form; keys, what is unfinished and what is revoked have indexes of those rows alone."""
    for old in ("name", "issuer_state", "key_sha256", "state", "exported"):
        op.drop_index(f"ix_certificate_{old}", "certificate")
    unfinished = "exported IS 0" if op.get_bind().dialect.name == "sqlite" else "exported IS false"
    for name, columns, rows in (
        ("key", ("key_sha256",), "key_sha256 IS NOT NULL"),
        ("unfinished", ("position",), unfinished),
        ("revoked", ("issuer", "serial", "revoked_at", "reason", "not_after", "name"), "state = 'revoked'"),
    ):
        where = sa.text(rows)
        op.create_index(f"ix_certificate_{name}", "certificate", list(columns), sqlite_where=where, postgresql_where=where)
