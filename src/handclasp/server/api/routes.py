"""The routes of the API as data: method, path, job, what goes in and out. Dispatch and the OpenAPI document read it."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from handclasp.app.api_access import Action
from handclasp.app.host_orders import HostReport, Noted
from handclasp.server.api import bodies, host_jobs, jobs

BASE = "/api/v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One operation. `takes`: the type of the body. `gives` None: PEM text. `query`: names that may be asked with.

    `secret`: what it gives is told once, and not kept for who asks again.
    """

    method: str
    path: str
    action: Action
    job: Callable[[jobs.Call], Any]
    summary: str
    takes: type[msgspec.Struct] | None = None
    gives: type[Any] | None = None
    status: int = 200
    query: tuple[str, ...] = ()
    secret: bool = False

    @property
    def pattern(self) -> "re.Pattern[str]":
        """Matches the path below BASE."""
        return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]{1,400})", self.path) + r"\Z")


ROUTES = (
    Route(method="GET", path="/whoami", action=Action.WHO, job=jobs.who, summary="Who you are", gives=bodies.Who),
    Route(
        method="GET",
        path="/certificates",
        action=Action.LIST,
        job=jobs.list_certificates,
        summary="Certificates in order of creation",
        gives=bodies.CertificatePage,
        query=("name", "status", "limit", "after"),
    ),
    Route(
        method="POST",
        path="/certificates",
        action=Action.ISSUE,
        job=jobs.issue_certificate,
        summary="Certify the key of a request",
        takes=bodies.IssueIn,
        gives=bodies.IssuedOut,
        status=201,
    ),
    Route(
        method="GET",
        path="/certificates/{serial}",
        action=Action.SHOW,
        job=jobs.show_certificate,
        summary="One certificate",
        gives=bodies.Certificate,
    ),
    Route(
        method="GET",
        path="/certificates/{serial}/pem",
        action=Action.SHOW,
        job=jobs.certificate_pem,
        summary="The certificate itself",
    ),
    Route(
        method="POST",
        path="/certificates/{serial}/revoke",
        action=Action.REVOKE,
        job=jobs.revoke_certificate,
        summary="Revoke a certificate",
        takes=bodies.RevokeIn,
        gives=bodies.RevokedOut,
    ),
    Route(
        method="POST",
        path="/identities/{name}/renew",
        action=Action.RENEW,
        job=jobs.renew_identity,
        summary="A further certificate for an identity",
        takes=bodies.RenewIn,
        gives=bodies.IssuedOut,
        status=201,
    ),
    Route(
        method="POST",
        path="/identities/{name}/bundle-links",
        action=Action.LINK,
        job=jobs.link_bundle,
        summary="A one-time link to the bundle of an identity",
        takes=bodies.LinkIn,
        gives=bodies.Link,
        secret=True,
        status=201,
    ),
    Route(
        method="GET",
        path="/audit",
        action=Action.AUDIT,
        job=jobs.audit_log,
        summary="The audit log",
        gives=bodies.EventPage,
        query=("limit", "after"),
    ),
    Route(
        method="GET", path="/hosts", action=Action.HOSTS, job=host_jobs.list_hosts, summary="nginx hosts", gives=bodies.HostPage
    ),
    Route(
        method="GET",
        path="/hosts/{name}/orders",
        action=Action.SERVE,
        job=host_jobs.host_orders,
        summary="What a host must serve, and to whom",
        gives=bodies.OrdersOut,
        query=("tag",),
    ),
    Route(
        method="POST",
        path="/hosts/{name}/certificates",
        action=Action.SERVE,
        job=host_jobs.certify,
        summary="Certify a host's key for a site that it serves",
        takes=bodies.SiteKeyIn,
        gives=bodies.IssuedOut,
        status=201,
    ),
    Route(
        method="POST",
        path="/hosts/{name}/canaries",
        action=Action.SERVE,
        job=host_jobs.canary,
        summary="Certify a host's key as a client that is revoked already, for it to prove that nginx refuses such",
        takes=bodies.CanaryIn,
        gives=bodies.IssuedOut,
        status=201,
    ),
    Route(
        method="POST",
        path="/hosts/{name}/reports",
        action=Action.SERVE,
        job=host_jobs.report,
        summary="What a host did with its orders, and proved",
        takes=HostReport,
        gives=Noted,
        status=201,
    ),
)
