"""Scenarios of the catalogue's area "authorization"."""
