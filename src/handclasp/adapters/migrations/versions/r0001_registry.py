"""The registry: CAs, certificates, CRLs, audit log, settings."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables of the first release."""
    op.create_table(
        "authority",
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("label", sa.String(64), nullable=False),
        sa.Column("parent", sa.String(64)),
        sa.Column("certificate", sa.LargeBinary, nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("position", name="pk_authority"),
        sa.UniqueConstraint("label", name="uq_authority_label"),
    )
    _certificate()
    op.create_table(
        "crl",
        sa.Column("issuer", sa.String(64), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("der", sa.LargeBinary, nullable=False),
        sa.Column("this_update", _TIME, nullable=False),
        sa.Column("next_update", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("issuer", "number", name="pk_crl"),
    )
    op.create_table(
        "crl_counter",
        sa.Column("issuer", sa.String(64), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("issuer", name="pk_crl_counter"),
    )
    op.create_table(
        "audit_event",
        sa.Column("sequence", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("action", sa.String(64), nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("details", sa.Text, nullable=False),
        sa.Column("previous", sa.String(64), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name="pk_audit_event"),
    )
    op.create_table(
        "setting",
        sa.Column("key", sa.String(255), nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_setting"),
    )


def _certificate() -> None:
    op.create_table(
        "certificate",
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("issuer", sa.String(64), nullable=False),
        sa.Column("serial", sa.String(40), nullable=False),
        sa.Column("profile", sa.String(64), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("name_key", sa.String(1024), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("tbs_sha256", sa.String(64), nullable=False),
        sa.Column("not_before", _TIME, nullable=False),
        sa.Column("not_after", _TIME, nullable=False),
        sa.Column("created", _TIME, nullable=False),
        sa.Column("certificate", sa.LargeBinary),
        sa.Column("exported", sa.Boolean, nullable=False),
        sa.Column("revoked_at", _TIME),
        sa.Column("reason", sa.String(32)),
        sa.PrimaryKeyConstraint("position", name="pk_certificate"),
        sa.UniqueConstraint("issuer", "serial", name="uq_certificate_issuer_serial"),
    )
    for columns in (("name",), ("name_key",), ("issuer", "state")):
        op.create_index(f"ix_certificate_{'_'.join(columns)}", "certificate", list(columns))
