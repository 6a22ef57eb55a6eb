"""Scenarios of the catalogue's area "protocol"."""
