"""Shared fixtures. Real parts only: a missing nginx, openssl or curl fails the run instead of skipping."""
