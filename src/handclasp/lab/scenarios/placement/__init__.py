"""Scenarios of the catalogue's area "placement"."""
