"""Holes by which somebody goes on after the grounds for it are gone: an ended certificate, a revocation, an answer given."""

from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from itertools import pairwise

from handclasp.lab import mint, setup
from handclasp.lab.case import pem
from handclasp.lab.hole import Hole, before, hole
from handclasp.lab.mint import BlankCrl
from handclasp.lab.setup import CLIENT, STRANGER, Setup
from handclasp.model.probe import TlsVersion
from handclasp.ports.clock import Clock
from handclasp.ports.stage import Pause, Performance, Reload, Replay

_ENDS_IN, _AFTER_THE_END = 6.0, 7.5
"""Seconds: a certificate is good for so long, and gone after so many."""

_RENEWED_AFTER, _TIMES, _TIMEOUT = 2.5, 3, 4
"""A session is resumed that many times, always before the timeout of the last one is over, until the certificate has ended."""

_BEFORE = f"{CLIENT}-before"
_OLD_WORKERS_ARE_GONE = (25.0, 25.0, 15.0)
"""Seconds between requests, each less than the minute after which nginx ends a silent WebSocket; all together more than it."""

_UPGRADED = """\
proxy_http_version 1.1;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection "upgrade";
    proxy_pass http://127.0.0.1:@ORIGIN@;"""
# What comes after the 101 goes through nginx as bytes; here the other end goes on to speak HTTP, so that it can answer.
_BACKEND = """\
worker_processes 1;
error_log logs/error.log notice;
events { worker_connections 64; }
http {
    access_log off;
    rewrite_log on;
    server {
        listen 127.0.0.1:@ORIGIN@;
        location = /chat { return 101; }
        location = /pay { rewrite ^ /paid; }
        location / { return 200 "done\\n"; }
    }
}
"""
_CARRIED_OUT = 'rewritten data: "/paid"'


def _ending(clock: Clock, tls: TlsVersion, *lines: str) -> Setup:
    """A client whose certificate ends while it has a session."""
    made = setup.client(1)
    made.server = ["ssl_protocols TLSv1.2 TLSv1.3;", *lines]
    made.leaf.not_after = clock.now() + timedelta(seconds=_ENDS_IN)
    first = made.visit(_BEFORE, tls=tls)
    made.visits = [first, Pause(seconds=_AFTER_THE_END), made.visit(CLIENT, tls=tls, resume=first.name)]
    return made


def _for_a_day(clock: Clock, tls: TlsVersion) -> Setup:
    """As a well-known generator of TLS settings has it."""
    return _ending(clock, tls, "ssl_session_timeout 1d;", "ssl_session_cache shared:SSL:1m;", "ssl_session_tickets off;")


def _for_ever(clock: Clock) -> Setup:
    """A session that is resumed again and again, well past its own timeout."""
    made = _ending(clock, TlsVersion.TLS1_3, f"ssl_session_timeout {_TIMEOUT}s;")
    names = [_BEFORE, *(f"{CLIENT}-again-{number}" for number in range(1, _TIMES)), CLIENT]
    made.visits = [made.visit(names[0], tls=TlsVersion.TLS1_3)]
    for last, now in pairwise(names):
        made.visits += [Pause(seconds=_RENEWED_AFTER), made.visit(now, tls=TlsVersion.TLS1_3, resume=last)]
    return made


def _ended(seen: Performance) -> bool:
    """The client was served while its certificate was good, and no more."""
    return seen.start is None and seen.results[_BEFORE].status == 200 and seen.results[CLIENT].status != 200


def _websocket() -> Setup:
    """A client is revoked while it has a WebSocket, and goes on to use it."""
    made = setup.client(1)
    made.all_crls()
    made.unwelcome = True
    crls = [BlankCrl(issuer=tier, number=2) for tier in made.draft.tiers[1:]]
    crls[0].revoked.append((made.leaf.serial, 1, ()))
    files = {"ca.crl": "".join(pem(mint.crl(crl), "X509 CRL") for crl in crls).encode()}
    made.origin_files, made.location = {"nginx.conf": _BACKEND.encode()}, _UPGRADED
    opened = made.visit(_BEFORE, path="/chat", headers=(("Upgrade", "websocket"),), holds=True)
    made.visits = [opened, made.visit(f"{CLIENT}-speaks", over=opened.name), Reload(files=files)]
    for number, seconds in enumerate(_OLD_WORKERS_ARE_GONE):
        last = number == len(_OLD_WORKERS_ARE_GONE) - 1
        who = CLIENT if last else f"{CLIENT}-revoked-{number}"
        made.visits += [Pause(seconds=seconds), made.visit(who, over=opened.name)]
    return made


def _hung_up_on(seen: Performance) -> bool:
    """It could speak before it was revoked, and cannot after the time that old workers have."""
    return seen.start is None and seen.results[f"{CLIENT}-speaks"].status == 200 and seen.results[CLIENT].status != 200


def _early() -> Setup:
    """A request in early data is seen by somebody, who sends the same bytes again."""
    made = setup.client(1)
    made.server = ["ssl_protocols TLSv1.2 TLSv1.3;", "ssl_early_data on;"]
    made.origin_files, made.location = {"nginx.conf": _BACKEND.encode()}, "proxy_pass http://127.0.0.1:@ORIGIN@;"
    first = made.visit(_BEFORE, tls=TlsVersion.TLS1_3)
    paid = made.visit(CLIENT, tls=TlsVersion.TLS1_3, resume=first.name, path="/pay", early=True)
    made.visits = [first, paid, Replay(name=STRANGER, of=CLIENT)]
    return made


def _once(seen: Performance) -> bool:
    """The client's request was carried out, and that once."""
    return seen.start is None and seen.results[CLIENT].status == 200 and seen.origin_log.count(_CARRIED_OUT) == 1


_OUTLIVES = "session-outlives-certificate"


def lasting(clock: Clock) -> Iterator[Hole]:
    """These holes; `clock` says when a certificate ends that ends soon."""
    for tls in TlsVersion:
        title = f"a client whose certificate has ended, with a session of {tls} that is good for a day"
        yield hole(title, _OUTLIVES, str(tls), partial(_for_a_day, clock, tls), _ended)
    yield hole(
        "a client whose certificate has ended, for ever: each resumption begins the session's time anew",
        # From 1.23.2 on the time counts from the full handshake.
        _OUTLIVES, "renewed", partial(_for_ever, clock), _ended, arises=before(1, 23, 2),
    )  # fmt: skip
    yield hole(
        "a revoked client, over a WebSocket from before the reload",
        "connection-outlives-revocation", "websocket", _websocket, _hung_up_on,
    )  # fmt: skip
    yield hole("whoever saw a client's early data pass, by sending it again", "early-data-replayed", "proxied", _early, _once)
