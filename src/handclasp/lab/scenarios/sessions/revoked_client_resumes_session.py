"""A revoked client goes on with a TLS session that it made before it was revoked."""

from handclasp.catalogue.builds import lab_builds
from handclasp.lab import mint, setup
from handclasp.lab.case import pem
from handclasp.lab.mint import BlankCrl
from handclasp.lab.scenario import Scenario
from handclasp.lab.setup import CLIENT, Setup
from handclasp.model.nginx import NginxVersion
from handclasp.model.probe import TlsVersion
from handclasp.ports.stage import Performance, Reload, Visit

_CACHE = ["ssl_session_cache shared:SSL:1m;", "ssl_session_tickets off;"]


def resuming(tls: TlsVersion, *lines: str, after: tuple[str, ...] | None = None) -> Setup:
    """A client with a session of such a server, that is revoked; `after`: the server's lines from then on."""
    made = setup.client(1)
    made.all_crls()
    made.unwelcome = True
    made.server = ["ssl_protocols TLSv1.2 TLSv1.3;", *lines]
    crls = [BlankCrl(issuer=tier, number=2) for tier in made.draft.tiers[1:]]
    crls[0].revoked.append((made.leaf.serial, 1, ()))
    files = {"ca.crl": "".join(pem(mint.crl(crl), "X509 CRL") for crl in crls).encode()}
    if after is not None:
        later = setup.client(1)
        later.all_crls()
        later.server = ["ssl_protocols TLSv1.2 TLSv1.3;", *after]
        files["nginx.conf"] = later.nginx_conf().encode()
    resumed = made.visit(CLIENT, tls=tls, resume="client-before")
    made.visits = [made.visit("client-before", tls=tls), Reload(files=files), resumed]
    return made


def shut_out(seen: Performance) -> bool:
    """The client was served before it was revoked, and no more."""
    return seen.results["client-before"].status == 200 and seen.results[CLIENT].status == 400


def _new_cache(made: Setup) -> None:
    tls = next(act.tls for act in made.visits or [] if isinstance(act, Visit))
    fresh = resuming(tls or TlsVersion.TLS1_2, *_CACHE, after=("ssl_session_cache shared:SSL_2:1m;", _CACHE[1]))
    made.__dict__.update(fresh.__dict__)


def _no_sessions(tls: TlsVersion) -> Setup:
    return resuming(tls, "ssl_session_cache off;", "ssl_session_tickets off;")


SCENARIO = Scenario(
    cause="revoked-client-resumes-session",
    broken={
        "tls12-shared-cache-reload": lambda: resuming(TlsVersion.TLS1_2, *_CACHE),
        "tls13-shared-cache-reload": lambda: resuming(TlsVersion.TLS1_3, *_CACHE),
        "tls13-tickets-reload": lambda: resuming(TlsVersion.TLS1_3, "ssl_session_cache shared:SSL:1m;"),
    },
    control={"tls12-no-sessions": lambda: _no_sessions(TlsVersion.TLS1_2)},
    remedies={"new-session-cache": _new_cache},
    good=shut_out,
    history=True,
    # The keys of tickets are kept in the cache, over a reload, from 1.23.2 on.
    builds={"tls13-tickets-reload": lab_builds(lambda build: build.nginx >= NginxVersion(1, 23, 2))},
)
