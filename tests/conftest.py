"""Shared fixtures. Real parts only: a missing nginx, openssl or curl fails the run instead of skipping."""

import signal

# A shell that starts the tests in the background has its children ignore SIGINT; the programs under test must get it.
signal.signal(signal.SIGINT, signal.default_int_handler)
