"""What to do where the CA cannot be asked: by the words of Python's ssl, OpenSSL and the system. The first that fits."""

_AGAIN = "on the CA: handclasp renew NAME, then copy its chain.pem and key.pem here"

_RENEW = """the certificate of serve ended, or the clock here is wrong (timedatectl status)
on the CA: handclasp renew NAME, then systemctl reload the unit of serve"""

_ADVICE = (
    ("name or service not known", "the name in --server is not known here: see DNS or /etc/hosts"),
    ("wrong version number", "nobody speaks TLS there: give the port of handclasp serve --api-listen"),
    ("key values mismatch", "--key is not the key of --cert: copy chain.pem and key.pem of this host together"),
    ("mismatch", "the certificate of serve lacks this name: handclasp issue NAME --profile server --san dns:THIS, or ip:THIS"),
    ("not yet valid", "the clock here or that of the CA is wrong: timedatectl status"),
    ("alert certificate expired", f"the certificate of this host ended, or a clock is wrong (timedatectl status)\n{_AGAIN}"),
    ("certificate has expired", _RENEW),
    ("verify failed", "--ca is ca/bundle.pem of the CA that serve belongs to"),
    ("alert unknown ca", "--cert is of another CA than that of serve"),
    ("no certificate or crl found", "--ca and --cert are files of certificates in PEM: bundle.pem and chain.pem"),
    ("remote end closed", f"serve may refuse the certificate of this host: with -v its log says why\n{_AGAIN}"),
    ("alert", f"serve refuses the certificate of this host\n{_AGAIN}"),
)
_STATUS = {
    401: f"the certificate of this host was revoked, or is not of this CA\n{_AGAIN}",
    403: "the certificate is of another name: give --name, or the certificate of this host",
    404: "on the CA: handclasp host set NAME --file handclasp.toml",
}


def advice(words: str) -> str | None:
    """For a connection that failed so; None: these words tell nothing."""
    plain = words.lower().replace("_", " ")
    return next((what for sign, what in _ADVICE if sign in plain), None)


def refused(status: int) -> str | None:
    """For an answer of this HTTP status."""
    return _STATUS.get(status)
