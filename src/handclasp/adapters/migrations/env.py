"""Alembic's entry: runs the steps on the connection and inside the transaction that sql_engine opened."""

from alembic import context

# SQLite's DDL is transactional once the driver's own begins are off; Alembic assumes the worst.
context.configure(connection=context.config.attributes["connection"], transactional_ddl=True)
context.run_migrations()
