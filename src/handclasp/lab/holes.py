"""Holes: configurations that work, and let somebody in who should stay out. Each is gone through on a real nginx.

For every hole: the attack against the configuration as people write it; whether `nginx check` tells its cause; and the same
attack against the configuration as `nginx adopt` leaves it. The attack is the scenario's, and `Scenario.is_good` tells a shut
hole with its client still served.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime

from handclasp.lab import mint, scenarios, setup
from handclasp.lab.case import pem
from handclasp.lab.exhibit import PREFIX, exhibit, unplaced
from handclasp.lab.hole import Hole, before, everywhere, since
from handclasp.lab.holes_guards import GUARDS
from handclasp.lab.holes_lasting import lasting
from handclasp.lab.holes_quic import QUIC
from handclasp.lab.holes_sessions import SESSIONS, nobody_in_particular, taken_across
from handclasp.lab.holes_ways import WAYS
from handclasp.lab.mint import BlankCrl, name
from handclasp.lab.results import build_id
from handclasp.lab.scenario import Kind, Scenario, Variant, lets_in, works
from handclasp.lab.setup import CLIENT, NOBODY, STRANGER, Setup, pems
from handclasp.model.evidence import Evidence
from handclasp.model.finding import FileEdit
from handclasp.model.probe import TlsVersion
from handclasp.ports.clock import Clock
from handclasp.ports.stage import Performance, Play, Stage

Check = Callable[[Evidence], frozenset[str]]
Adopt = Callable[[Evidence, Setup], tuple[FileEdit, ...]]

_SECOND = """\
server {
    listen 127.0.0.1:@PORT@ ssl;
    server_name plain.test;
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_certificate server.pem;
    ssl_certificate_key server.key;
    ssl_client_certificate client-ca.pem;
    ssl_verify_client on;
    location / { return 200 "here nobody is revoked\\n"; }
}"""
_LIMITED = (
    'map $http_x_partner $counted {\n    default $binary_remote_addr;\n    "yes" "";\n}',
    "limit_req_zone $counted zone=strangers:1m rate=1r/m;",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class HoleResult:
    """One hole on one build: it was open, `nginx check` named the cause, and adopting shut it with the client still served."""

    title: str
    cause: str
    build: str
    open: bool
    reported: bool
    shut: bool

    @property
    def well(self) -> bool:
        """All of it is so."""
        return self.open and self.reported and self.shut


def _revoked_client() -> Setup:
    """A revoked client, and the default server beside the one that knows it."""
    made = setup.client(1)
    made.all_crls()
    crls = [BlankCrl(issuer=tier, number=2) for tier in made.draft.tiers[1:]]
    crls[0].revoked.append((made.leaf.serial, 1, ()))
    made.files["ca.crl"] = "".join(pem(mint.crl(crl), "X509 CRL") for crl in crls).encode()
    made.unwelcome = True
    made.server.append("ssl_protocols TLSv1.2 TLSv1.3;")
    made.http.append(_SECOND)
    return made


def _other_servers_session() -> Setup:
    """A session made where no CRL is read is resumed where one is; both servers show the same certificate."""
    made = _revoked_client()
    first = made.visit("client-before", sni="plain.test", host="plain.test", tls=TlsVersion.TLS1_3)
    made.visits = [first, made.visit(CLIENT, resume="client-before", tls=TlsVersion.TLS1_3)]
    return made


def _default_without_crl() -> Setup:
    """Without SNI the default server judges, and it reads no CRL."""
    made = _revoked_client()
    first = made.visit("client-before", sni="plain.test", host="plain.test")
    made.visits = [first, made.visit(CLIENT, sni=None)]
    return made


def _kept_out(seen: Performance) -> bool:
    return seen.start is None and seen.results["client-before"].status == 200 and seen.results[CLIENT].status != 200


def _anchor_among_crls() -> Setup:
    """The CRL file holds a CA certificate too: until nginx 1.27.2 its clients get in."""
    made = setup.client(1)
    made.all_crls()
    own = b"".join(pem(mint.crl(crl), "X509 CRL").encode() for crl in made.crls or [])
    foreign = made.stranger_root()
    empty = pem(mint.crl(BlankCrl(issuer=foreign, number=1)), "X509 CRL").encode()
    made.files["ca.crl"] = own + empty + pems([foreign]).encode()
    intruder = made.draft.end_entity(name(("O", "Elsewhere"), ("CN", "intruder")), foreign)
    made.visits = [made.visit(CLIENT), made.visit(STRANGER, chain=pems([intruder]), key=intruder.key.pem)]
    return made


def _exempt_by_header() -> Setup:
    """A limit that whoever says so is exempt from."""
    made = setup.client(1)
    made.verify = "optional"
    made.http += _LIMITED
    made.location = "limit_req zone=strangers;\n    try_files /none @app;\n"
    made.server.append('location @app { return 200 "welcome\\n"; }')
    said = (("X-Partner", "yes"),)
    made.visits = [made.visit(CLIENT), *(made.visit(f"{NOBODY}-{n}", headers=said) for n in range(3))]
    return made


def _limited(seen: Performance) -> bool:
    strangers = [result.status for name, result in seen.results.items() if name.startswith(NOBODY)]
    return seen.start is None and seen.results[CLIENT].status == 200 and strangers.count(200) < 2


def _shared_upstream() -> Setup:
    """Two ways to one upstream: on one nginx shows its certificate, on the other it must not be believed to be anybody."""
    made = setup.upstream(1)
    front = made.draft.end_entity(name(("O", "Lab"), ("CN", "front")), made.root)
    made.files |= {"front.pem": pems([front]).encode(), "front.key": front.key.pem.encode()}
    made.http.append("upstream backend {\n    server 127.0.0.1:@ORIGIN@;\n}")
    made.target = "https://backend"
    shown = "proxy_ssl_certificate front.pem;\n    proxy_ssl_certificate_key front.key;"
    made.server.append(f"location /as-front {{\n    {shown}\n    proxy_pass https://backend;\n}}")
    made.origin += ["ssl_verify_client optional_no_ca;", 'location /who { return 200 "$ssl_client_s_dn\\n"; }']
    made.visits = [made.visit(f"{NOBODY}-before", path="/as-front"), made.visit(NOBODY, path="/who")]
    return made


def _well(seen: Performance) -> bool:
    return works(seen) and not lets_in(seen, STRANGER)


OWN = (
    Hole(
        title="a revoked client, without SNI, when the default server reads no CRL",
        scenario=Scenario(cause="sni-host-split", broken={"no-crl": _default_without_crl}, control={}, good=_kept_out),
        form="no-crl",
    ),
    Hole(
        title="a revoked client, with a session of a server that reads no CRL",
        scenario=Scenario(
            cause="tls13-cross-server-session-resumption",
            broken={"no-crl": _other_servers_session},
            control={},
            good=_kept_out,
        ),
        form="no-crl",
        arises=taken_across,
    ),
    Hole(
        title="clients of a CA whose certificate stands in the CRL file",
        scenario=Scenario(cause="client-trust-too-wide", broken={"in-crl-file": _anchor_among_crls}, control={}, good=_well),
        form="in-crl-file",
        # From there on nginx reads CRLs itself, where it left the file to OpenSSL, which takes certificates from it too.
        arises=before(1, 27, 2),
    ),
    Hole(
        title="anybody, as nginx itself to the upstream: two locations share its sessions",
        scenario=Scenario(
            cause="upstream-session-reuse-trouble",
            broken={"identity": _shared_upstream},
            control={},
            good=nobody_in_particular,
        ),
        form="identity",
    ),
    Hole(
        title="whoever sends a header, past the rate limit",
        scenario=Scenario(
            cause="header-spoofable",
            broken={"limit": _exempt_by_header},
            control={},
            good=_limited,
        ),
        form="limit",
        # Debian's small build of 1.18 has no limits.
        arises=since(1, 22, 1),
    ),
)
_OF_THE_LAB = (
    ("sni-host-split", "no-sni-other-ca", "clients of the default server's CA, without SNI"),
    (
        "revoked-client-resumes-session",
        "tls12-shared-cache-reload",
        "a revoked client, with a TLS 1.2 session in a shared cache",
    ),
    (
        "revoked-client-resumes-session",
        "tls13-shared-cache-reload",
        "a revoked client, with a TLS 1.3 session in a shared cache",
    ),
    (
        "revoked-client-resumes-session",
        "tls13-tickets-reload",
        "a revoked client, with a ticket whose key is in a shared cache",
    ),
    ("optional-not-enforced", "no-cert-passes", "anybody without a certificate, where optional is not enforced"),
    ("optional-not-enforced", "optional_no_ca-self-signed-passes", "anybody with a certificate of their own making"),
    ("error-page-495-bypass", "error_page-496-=200-to-app", "anybody, by the page for a missing certificate"),
    (
        "proxy-set-header-inheritance",
        "location-sets-another-header",
        "a client under another's name: a location lost its headers",
    ),
    ("header-spoofable", "not-overwritten", "anybody under any name: the header is passed on"),
    ("authz-dn-format", "unanchored-regex-too-wide", "a client whose name begins like that of another"),
)
_ARISES = {"tls13-tickets-reload": since(1, 23, 2)}
"""Before, the keys of tickets were made anew at every reload."""


def holes(clock: Clock) -> Iterator[Hole]:
    """Every hole: those that the lab has scenarios of, then those that are only here, by kind."""
    known = scenarios.scenarios()
    for cause, form, title in _OF_THE_LAB:
        yield Hole(title=title, scenario=known[cause], form=form, arises=_ARISES.get(form, everywhere))
    yield from OWN
    yield from SESSIONS
    yield from QUIC
    yield from WAYS
    yield from GUARDS
    yield from lasting(clock)


def try_hole(hole: Hole, stage: Stage, at: datetime, check: Check, adopt: Adopt) -> HoleResult:
    """Go through a hole as it is written, then as it is adopted.

    Args:
        hole: which.
        stage: the nginx to do it on.
        at: now.
        check: the causes that `nginx check` tells.
        adopt: the edits that `nginx adopt` makes.
    """
    build = stage.build()
    make = hole.scenario.broken[hole.form]
    made = make()
    variant = Variant(hole.scenario, Kind.BROKEN, hole.form, None, lambda: made)
    given = replace(
        exhibit(variant).evidence(at=at, with_log=False), engine=str(build.series), nginx_version=str(build.version)
    )
    edits = adopt(given, made)
    with ThreadPoolExecutor(2) as both:  # some wait for a minute; what is short-lived is made when it is needed
        before, after = both.map(lambda changes: stage.perform(_edited(make().play(), changes)), ((), edits))
    return HoleResult(
        title=hole.title,
        cause=hole.scenario.cause,
        build=build_id(build),
        open=before.start is None and not hole.scenario.is_good(before),
        reported=hole.scenario.cause in check(replace(given, presented=None)),
        shut=hole.scenario.is_good(after),
    )


def _edited(play: Play, edits: tuple[FileEdit, ...]) -> Play:
    changed = {edit.path.removeprefix(f"{PREFIX}/"): unplaced(edit.after) for edit in edits}
    return replace(play, subject={**play.subject, **changed})
