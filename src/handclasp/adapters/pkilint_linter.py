"""ports.Linter by pkilint, where it is installed (the extra `lint`), else by nobody: our own checks always run."""

import importlib.util
from functools import cached_property
from typing import Any

from handclasp.ports.linter import Linter

_OF_THE_PUBLIC_WEB = frozenset(
    {"pkix.invalid_uri_syntax", "pkix.invalid_domain_name_syntax", "pkix.invalid_email_address_syntax"}
)
"""It asks a library for addresses of the public web here, which knows no `localhost`, no `nas`, no wildcard and no SPIFFE.
RFC 5280 does, and pki.alt_names has read all of these names."""


def linter() -> Linter:
    """The linter of this installation: pkilint if it is there."""
    return PkilintLinter() if importlib.util.find_spec("pkilint") else NoLinter()


class NoLinter:
    """Without a second opinion."""

    name = ""

    def faults(self, certificate: bytes) -> tuple[str, ...]:
        """Nothing."""
        return ()


class PkilintLinter:
    """RFC 5280 as pkilint reads it. Importing it takes a third of a second, a certificate then a few milliseconds."""

    @cached_property
    def name(self) -> str:
        """With the version of what is installed."""
        from importlib.metadata import version

        return f"pkilint {version('pkilint')}"

    def faults(self, certificate: bytes) -> tuple[str, ...]:
        """Codes of severity WARNING and worse, with what was seen there."""
        from pkilint.loader import load_certificate  # type: ignore[import-untyped]
        from pkilint.validation import ValidationFindingSeverity  # type: ignore[import-untyped]  # FATAL is 0

        results = self._validator.validate(load_certificate(certificate, "").root)
        found = (description for result in results for description in result.finding_descriptions)
        return tuple(
            f"{one.finding.code}" + (f" ({one.message})" if one.message else "")
            for one in found
            if one.finding.severity <= ValidationFindingSeverity.WARNING and one.finding.code not in _OF_THE_PUBLIC_WEB
        )

    @cached_property
    def _validator(self) -> Any:
        from pkilint.pkix import certificate, extension, name  # type: ignore[import-untyped]

        return certificate.create_pkix_certificate_validator_container(
            certificate.create_decoding_validators(name.ATTRIBUTE_TYPE_MAPPINGS, extension.EXTENSION_MAPPINGS),
            [
                certificate.create_issuer_validator_container([]),
                certificate.create_validity_validator_container(),
                certificate.create_subject_validator_container([]),
                certificate.create_extensions_validator_container([]),
                certificate.create_spki_validator_container([]),
            ],
        )
