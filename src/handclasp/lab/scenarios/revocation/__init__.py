"""Scenarios of the catalogue's area "revocation"."""
