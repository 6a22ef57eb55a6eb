"""Scenarios of the catalogue's area "sessions"."""
