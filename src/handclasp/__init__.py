"""Mutual TLS for nginx that works, and that says why when it does not."""

__version__ = "0.1.0"
