"""Scenarios of the catalogue's area "purpose"."""
