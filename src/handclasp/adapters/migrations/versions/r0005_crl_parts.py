"""CRLs are kept in parts: no database has to hold all of a long one at once, and neither has who reads it."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_PART = 1 << 18


def upgrade() -> None:
    """A table of parts, filled from the column that goes."""
    parts = op.create_table(
        "crl_part",
        sa.Column("issuer", sa.String(64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("issuer", "number", "part", name="pk_crl_part"),
    )
    connection = op.get_bind()
    crl = sa.table("crl", sa.column("issuer"), sa.column("number"), sa.column("der"))
    for issuer, number in connection.execute(sa.select(crl.c.issuer, crl.c.number)).all():
        der = connection.execute(sa.select(crl.c.der).where(crl.c.issuer == issuer, crl.c.number == number)).scalar_one()
        for part, start in enumerate(range(0, len(der), _PART)):
            values = {"issuer": issuer, "number": number, "part": part, "content": der[start : start + _PART]}
            connection.execute(sa.insert(parts).values(values))
    with op.batch_alter_table("crl") as batch:
        batch.drop_column("der")
