"""Scenarios of the catalogue's area "topology"."""
