"""Steps of the registry's schema, run by Alembic when a registry is older than this Handclasp."""
