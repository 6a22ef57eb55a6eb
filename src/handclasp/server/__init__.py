"""ASGI shell: OCSP, CRLs, CA certificates and the API over HTTP. Bytes to app and back; nothing is decided here."""
