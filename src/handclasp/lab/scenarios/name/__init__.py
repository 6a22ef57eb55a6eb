"""Scenarios of the catalogue's area "name"."""
