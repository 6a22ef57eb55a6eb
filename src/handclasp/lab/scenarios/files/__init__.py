"""Scenarios of the catalogue's area "files"."""
