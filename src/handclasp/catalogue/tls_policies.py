"""Which TLS a site speaks: Mozilla's Server Side TLS guidelines, version 6.0, as published in ssl-config-generator.

Key exchange groups are left to OpenSSL: its own list holds the guideline's, and the newer ones where it has them.
"""

from dataclasses import dataclass

GUIDELINE = "Mozilla Server Side TLS 6.0"


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsPolicy:
    """`ciphers` are those of TLS 1.2 in OpenSSL's words; () where only TLS 1.3 is spoken, whose suites are all good."""

    name: str
    protocols: tuple[str, ...]
    ciphers: tuple[str, ...]

    @property
    def source(self) -> str:
        """Where it comes from, for a comment."""
        return f"{GUIDELINE}, {self.name}" if self.name in POLICIES else "As handclasp.toml says"

    @property
    def lowest(self) -> str:
        """The oldest protocol."""
        return self.protocols[0]


POLICIES = {
    policy.name: policy
    for policy in (
        TlsPolicy(name="modern", protocols=("TLSv1.3",), ciphers=()),
        TlsPolicy(
            name="intermediate",
            protocols=("TLSv1.2", "TLSv1.3"),
            ciphers=(
                "ECDHE-ECDSA-AES128-GCM-SHA256",
                "ECDHE-RSA-AES128-GCM-SHA256",
                "ECDHE-ECDSA-AES256-GCM-SHA384",
                "ECDHE-RSA-AES256-GCM-SHA384",
                "ECDHE-ECDSA-CHACHA20-POLY1305",
                "ECDHE-RSA-CHACHA20-POLY1305",
            ),
        ),
    )
}
"""By name. The guideline's "old" is left out: nothing that can hold a client certificate needs it."""
