"""The JSON that goes in and out of the API. The OpenAPI document is made from these types."""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from handclasp.app.host_orders import CrlProof, Host, HostOrders
from handclasp.app.register import Entry
from handclasp.model.issuance import AuditEvent, CertificateRecord, Reason
from handclasp.pki.serials import format_serial

Name = Annotated[str, Meta(min_length=1, max_length=64)]
Days = Annotated[int, Meta(ge=1, le=36500)]
Csr = Annotated[str, Meta(max_length=64 * 1024, description="PKCS#10 in PEM")]


class In(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A body that comes in: nothing unknown is passed over."""


class IssueIn(In, frozen=True):
    """Certify the key of a request."""

    name: Name
    csr: Csr
    profile: Annotated[str, Meta(max_length=40)] = "client"
    names: Annotated[list[Annotated[str, Meta(max_length=300)]], Meta(max_length=100)] = []
    take_names: bool = False
    days: Days | None = None


class RenewIn(In, frozen=True):
    """Renew: for the key of a request, or for the key there was."""

    csr: Csr | None = None
    days: Days | None = None


class RevokeIn(In, frozen=True):
    """Revoke one certificate."""

    reason: Reason = Reason.UNSPECIFIED


class LinkIn(In, frozen=True):
    """Make a one-time link."""

    hours: Annotated[int, Meta(ge=1, le=168)] = 24


class SiteKeyIn(In, frozen=True):
    """Certify the key of a host for a site that it serves. `site`: its first server name."""

    site: Annotated[str, Meta(min_length=1, max_length=253)]
    csr: Csr


class CanaryIn(In, frozen=True):
    """Certify the key of a host as a canary: revoked before it is handed out. `ca`: the label of the CA."""

    ca: Annotated[str, Meta(min_length=1, max_length=64)]
    csr: Csr


class OrdersOut(msgspec.Struct, frozen=True):
    """What a host must know; `orders` null: still what the tag it gave stands for."""

    tag: str
    orders: HostOrders | None = None


class HostOut(msgspec.Struct, frozen=True):
    """One host. `current`: it reported that what it should serve now is in force, and proven.

    `crls`: for each issuing CA, the CRL that it saw nginx refuse a revoked client by.
    """

    name: str
    sites: list[str]
    current: bool
    seen: datetime | None = None
    failed: str | None = None
    refused_after: float | None = None
    crls: tuple[CrlProof, ...] = ()


class HostPage(msgspec.Struct, frozen=True):
    """Every host."""

    hosts: list[HostOut]


class Certificate(msgspec.Struct, frozen=True):
    """One certificate of the register. `status`: good, dropped, expired, revoked, abandoned or pending."""

    name: str
    profile: str
    serial: str
    issuer: str
    status: str
    not_before: datetime
    not_after: datetime
    revoked_at: datetime | None
    reason: str | None


class CertificatePage(msgspec.Struct, frozen=True):
    """Some certificates in order of creation; `next`: give it as `after` for those that follow."""

    certificates: list[Certificate]
    next: str | None


class IssuedOut(msgspec.Struct, frozen=True):
    """A new certificate. `chain`: PEM, leaf first. `refused`: wishes of the request that were not granted."""

    name: str
    serial: str
    not_after: datetime
    chain: str
    refused: list[str]


class RevokedOut(msgspec.Struct, frozen=True):
    """`proven`: the nginx of this home was seen to refuse it; `unproven` says why not."""

    serial: str
    revoked_at: datetime | None
    reason: str | None
    proven: bool
    unproven: list[str]


class Link(msgspec.Struct, frozen=True):
    """A one-time link; `path` is below the address of this API."""

    name: str
    path: str
    until: datetime


class Event(msgspec.Struct, frozen=True):
    """One line of the audit log."""

    sequence: int
    at: datetime
    actor: str
    action: str
    subject: str
    details: dict[str, str]
    digest: str


class EventPage(msgspec.Struct, frozen=True):
    """Some events; `next`: give it as `after` for those that follow."""

    events: list[Event]
    next: int | None


class Who(msgspec.Struct, frozen=True):
    """The caller."""

    name: str
    role: str
    serial: str


def certificate_out(entry: Entry) -> Certificate:
    """A line of the register."""
    return Certificate(**{field: getattr(entry, field) for field in Certificate.__struct_fields__})


def issued_out(record: CertificateRecord, chain: bytes, refused: tuple[str, ...]) -> IssuedOut:
    """What was issued."""
    return IssuedOut(
        name=record.name,
        serial=format_serial(record.serial),
        not_after=record.not_after,
        chain=chain.decode(),
        refused=list(refused),
    )


def event_out(event: AuditEvent) -> Event:
    """A line of the audit log."""
    return Event(**{field: getattr(event, field) for field in Event.__struct_fields__})


def host_out(host: Host) -> HostOut:
    """A host as the API shows it."""
    noted = host.noted
    return HostOut(
        name=host.name,
        sites=list(host.sites),
        current=host.current,
        seen=noted.at if noted else None,
        failed=noted.report.failed if noted else None,
        refused_after=noted.refused_after if noted else None,
        crls=noted.report.crls if noted else (),
    )
