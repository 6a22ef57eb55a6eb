"""Scenarios of the catalogue's area "identity"."""
