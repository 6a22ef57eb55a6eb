"""Scenarios of the catalogue's area "several"."""
