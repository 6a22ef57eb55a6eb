"""The judgement of a linter that others maintain, before a key of the CA is used.

CAs, cross-certificates, OCSP responders and signers of profiles are shown to it one by one: a third of a second is nothing
there. Identities are made from templates, so they are shown by shape: the first certificate of each, as it is going to be
signed. The others differ in names, key, serial and dates, which our own judge (pki.lint) reads in every one of them.
"""

import hashlib
from dataclasses import dataclass
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from handclasp import __version__
from handclasp.app.home import Home
from handclasp.model.errors import PolicyError
from handclasp.model.issuance import IssuanceRequest, KeyType, Profile
from handclasp.pki import lint, tbs
from handclasp.pki.tbs_template import Template
from handclasp.ports.linter import Linter
from handclasp.ports.store import Store

_SEEN = "linted:"
"""Prefix of settings, before the digest of a shape: who found it sound."""


def judge(home: Home, content: tbs.TbsCertificate, profile: Profile, request: IssuanceRequest, issuer: tbs.Issuer) -> None:
    """Refuse a certificate with faults, before its intent and before the CA's key.

    Raises:
        PolicyError: there is at least one; nothing was signed.
    """
    lint.check(content.preview, profile, request, issuer)
    _show(home.linter, content.preview, request.name)


class Shape(NamedTuple):
    """What decides the form of a certificate, besides the CA and what its profile says. `names`: kinds of them."""

    profile: str
    key_type: KeyType
    names: frozenset[str]
    organization: bool


def shape_of(request: IssuanceRequest) -> Shape:
    """The shape of what is asked for."""
    kinds = frozenset(name.kind for name in request.subject_alt_names)
    return Shape(request.profile, request.key_type, kinds, request.organization is not None)


@dataclass(frozen=True, slots=True)
class Shapes:
    """Shows shapes to the linter, and remembers in the registry which it found sound. `store`: None: nothing is remembered."""

    linter: Linter
    store: Store | None

    def judge(self, preview: x509.Certificate, shape: Shape, template: Template) -> None:
        """Refuse a shape that the linter, as it is installed now, finds fault with. `preview`: the first of it.

        Raises:
            PolicyError: it does; nothing was signed.
        """
        if not self.linter.name:
            return
        seen = f"{_SEEN}{self._digest(shape, template)}"
        if self.store is not None and self.store.value(seen):
            return
        _show(self.linter, preview, shape.profile)
        if self.store is not None:
            with self.store.begin() as transaction:
                transaction.set_value(seen, self.linter.name)

    def _digest(self, shape: Shape, template: Template) -> str:
        words = (self.linter.name, __version__, shape.profile, shape.key_type, *sorted(shape.names), str(shape.organization))
        return hashlib.sha256("\n".join((*words, template.common.hex())).encode()).hexdigest()


def _show(linter: Linter, preview: x509.Certificate, where: str) -> None:
    if faults := linter.faults(preview.public_bytes(Encoding.DER)):
        raise PolicyError(
            f"pkilint finds fault with the certificate: {'; '.join(faults)}",
            where=where,
            hint="nothing was signed; please report this, profiles are meant to make it impossible",
        )
