"""Who may do what through the API: the caller's certificate, its role, and the matrix of roles and actions.

A certificate counts only if this registry holds exactly it, issued, unexpired and not revoked, so a revoked one is out at once.
"""

import tomllib
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from handclasp.app.home import Home
from handclasp.model.errors import InputError
from handclasp.model.issuance import CertificateRecord, CertificateState


class Role(StrEnum):
    """What an identity is to the API. Whoever is not listed is itself."""

    ADMIN = "admin"
    OPERATOR = "operator"
    AUDITOR = "auditor"
    SELF = "self"


class Action(StrEnum):
    """What can be asked for."""

    WHO = "who"
    DESCRIBE = "describe"
    LIST = "list"
    SHOW = "show"
    ISSUE = "issue"
    RENEW = "renew"
    REVOKE = "revoke"
    LINK = "link"
    AUDIT = "audit"
    HOSTS = "hosts"
    SERVE = "serve"


_ALL = frozenset(Action)
_KNOW = frozenset({Action.WHO, Action.DESCRIBE, Action.LIST, Action.SHOW, Action.HOSTS})

EVERYBODY_S: dict[Role, frozenset[Action]] = {
    Role.ADMIN: _ALL,
    Role.OPERATOR: _ALL - {Action.AUDIT, Action.SERVE},
    Role.AUDITOR: _KNOW | {Action.AUDIT},
    Role.SELF: frozenset({Action.WHO, Action.DESCRIBE}),
}
"""What a role may do to whatever identity."""

OWN = frozenset({Action.LIST, Action.SHOW, Action.RENEW, Action.SERVE})
"""What everybody may do to their own identity."""


CHANGES = frozenset({Action.ISSUE, Action.RENEW, Action.REVOKE, Action.LINK})
"""What only an admin may do to an identity that has a role: nobody makes a certificate that opens more than their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who is asking. `privileged`: the identities that have a role."""

    name: str
    role: Role
    record: CertificateRecord
    privileged: frozenset[str] = frozenset()

    def may(self, action: Action, *, of: str | None = None) -> bool:
        """Whether this is allowed; `of`: the identity it is done to, None when it is done to all or none."""
        if of == self.name and action in OWN:
            return True
        if action in CHANGES and of in self.privileged and self.role is not Role.ADMIN:
            return False
        return action in EVERYBODY_S[self.role]


def caller_of(home: Home, certificate: bytes) -> Caller | None:
    """The holder of this certificate (DER), or None when it opens nothing: foreign, altered, expired, revoked, no client's.

    Raises:
        InputError: the file of roles is broken: nobody gets in until it is mended.
        WorldError: the registry cannot be asked, or is not the one that was opened.
    """
    home.store.version()
    record = holder_of(home, certificate)
    return caller_from(home, record) if record is not None else None


def serves_tls(certificate: bytes) -> bool:
    """Whether clients take this certificate (DER) from a server."""
    try:
        usages = x509.load_der_x509_certificate(certificate).extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except (ValueError, x509.ExtensionNotFound):
        return False
    return ExtendedKeyUsageOID.SERVER_AUTH in usages


def holder_of(home: Home, certificate: bytes) -> CertificateRecord | None:
    """The record of this certificate (DER), if it is a client's, of a CA that is trusted here, and not revoked."""
    try:
        shown = x509.load_der_x509_certificate(certificate)
        usages = shown.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except (ValueError, x509.ExtensionNotFound):
        return None
    for authority in home.authorities():
        record = home.store.find(authority.label, shown.serial_number)
        if record is not None and record.certificate == certificate:
            good = record.state is CertificateState.ISSUED and ExtendedKeyUsageOID.CLIENT_AUTH in usages
            return record if good else None
    return None


def caller_from(home: Home, record: CertificateRecord) -> Caller | None:
    """Who that is by now, with their role; None outside of the certificate's validity. InputError as `caller_of`."""
    if not record.not_before <= home.clock.now() < record.not_after:
        return None
    table = roles(home)
    role = table.get(record.name, Role.SELF)
    return Caller(name=record.name, role=role, record=record, privileged=frozenset(table))


def roles(home: Home) -> dict[str, Role]:
    """The roles in HOME/roles.toml, by identity: `"alice" = "admin"`. No file: nobody has one.

    Raises:
        InputError: it is no TOML, or names a role that there is not.
    """
    path = home.layout.at("roles.toml")
    if not home.files.exists(path):
        return {}
    try:
        return _table(home.files.read(path))
    except (ValueError, TypeError, RecursionError) as error:
        hint = 'write lines such as: "alice" = "admin"     roles: admin, operator, auditor'
        raise InputError(f"is no table of roles: {error}", where=path, hint=hint) from error


@lru_cache(maxsize=4)
def _table(content: bytes) -> dict[str, Role]:
    return {name: Role(role) for name, role in tomllib.loads(content.decode()).items()}
