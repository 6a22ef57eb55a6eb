"""Scenarios of the catalogue's area "running"."""
