"""Scenarios of the catalogue's area "client"."""
