"""Attempts on upstreams: an impostor in their place, and the identity or the proof of one location used by another."""

from collections.abc import Iterator
from dataclasses import replace

from handclasp.diagnose.attempt import Attack, Attempt, Between
from handclasp.diagnose.attempt_parts import at, believed_by, let_in, visit
from handclasp.diagnose.case import Case
from handclasp.diagnose.reach import http_sockets
from handclasp.diagnose.rule import say
from handclasp.diagnose.rules.upstream_tls import shared, unverified
from handclasp.model.finding import Finding
from handclasp.model.nginx import Location
from handclasp.nginxconf.example_uri import example_uri
from handclasp.verdict.trust import certificates_in


def impostor(case: Case, finding: Finding) -> Iterator[Attack]:
    """Somebody with a certificate of another CA answers in the upstream's place."""
    found = [pair for in_vain in (True, False) for pair in unverified(case, in_vain=in_vain)]
    for location, upstream in found:
        if not at(finding, upstream.verify.origin or upstream.target.origin):
            continue
        asked = _request_to(case, location)
        if asked is not None:
            who = say("with an impostor in the place of {target}", "由冒充者代替 {target}", target=upstream.target.value)
            yield Attack(who=who, request=asked, impostor=True, serves=((upstream, None),))
            return


def shared_identity(case: Case, finding: Finding) -> Iterator[Attack]:
    """A request that lives on what nginx proved, or was shown, on behalf of another location."""
    for pair in shared(case):
        if not at(finding, pair[1].origin):
            continue
        for source, target in (pair, pair[::-1]):
            yield from _living_on(case, source, target)


def _living_on(case: Case, source: Location, target: Location) -> Iterator[Attack]:
    first, request = _request_to(case, source), _request_to(case, target)
    before, after = source.upstream, target.upstream
    if first is None or request is None or before is None or after is None:
        return
    own = certificates_in(case.evidence.files, before.certificate.value)
    served = believed_by(case, before) or (None if before.verify.value else believed_by(case, after))
    names = {"source": source.path or "/", "target": target.path or "/"}
    if own and before.certificate.value != after.certificate.value:
        who = say("at {target}, after a request to {source}", "在请求 {source} 之后访问 {target}", **names)
        told = f"client certificate: {own[0].subject_text}"
        yield Attack(
            who=who, request=request, first=first, between=Between.UPSTREAM, likewise=request, told=told,
            serves=((before, served),),
        )  # fmt: skip
    mine = believed_by(case, before) if before.verify.value else None
    if after.verify.value and (
        mine is None or mine not in certificates_in(case.evidence.files, after.trusted_certificate.value)
    ):
        who = say(
            "at {target}, whose upstream it should refuse, after a request to {source}",
            "访问 {target}（它本应拒绝该上游），在请求 {source} 之后", **names,
        )  # fmt: skip
        yield Attack(
            who=who, request=request, first=first, between=Between.UPSTREAM, likewise=request, serves=((before, mine),)
        )


def _request_to(case: Case, location: Location) -> Attempt | None:
    """A request that reaches a location, by somebody who is let in."""
    uri = example_uri(location)
    for tls in (True, False) if uri else ():
        for socket in http_sockets(case, tls=tls):
            for server in socket.servers:
                if any(one is location for one in server.locations):
                    asked = visit(socket, server, uri or "/")
                    return let_in(case, server, asked) if tls else replace(asked, plain=True, sni=None)
    return None
