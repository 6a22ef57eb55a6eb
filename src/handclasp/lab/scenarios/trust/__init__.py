"""Scenarios of the catalogue's area "trust"."""
