"""Shared fixtures. Real parts only: a missing nginx, openssl or curl fails the run instead of skipping."""

import signal

# A shell that starts the tests in the background has its children ignore SIGINT, nohup has them ignore SIGHUP; the programs
# under test must get both.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)
