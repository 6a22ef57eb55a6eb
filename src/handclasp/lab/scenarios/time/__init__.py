"""Scenarios of the catalogue's area "time"."""
