"""One run told in full: set-up, request, every error that OpenSSL raised, what nginx logged, what a change changed."""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from difflib import unified_diff

from handclasp.lab.results import Result, judged, log_lines
from handclasp.lab.results import play as played
from handclasp.lab.scenario import Variant, main_visit
from handclasp.lab.setup import Setup
from handclasp.model.certificate import Certificate, Crl
from handclasp.model.errors import InputError
from handclasp.pki.read import certificates_from_pem, crls_from_pem
from handclasp.ports.stage import Play, Stage, Visit

_STAMPED = re.compile(r"\d{4}/\d\d/\d\d |nginx: ")
_ACCEPTED = re.compile(r"\*(\d+) accept: ")
_RAISED = re.compile(r"\*(\d+) verify:0, error:(\d+), depth:(\d+), subject:\"([^\"]*)\"")
_SETTING = re.compile(r"\s*(?:ssl_(?!certificate)|proxy_(?:pass|ssl)|listen |error_page |if |return )")


def plain(variant: Variant, stage: Stage) -> tuple[Result, tuple[str, ...]]:
    """Run a variant and tell nothing more."""
    return played(variant, stage), ()


def told(variant: Variant, stage: Stage) -> tuple[Result, tuple[str, ...]]:
    """Run a variant, with nginx's debug log where it only kept "info", and tell what happened."""
    setup = _talkative(variant.make(), stage)
    play, name = setup.play(), main_visit(setup)
    seen = stage.perform(play)
    told_of = replace(seen, log="".join(f"{line}\n" for line in seen.log.splitlines() if _STAMPED.match(line)))
    before = _talkative(variant.scenario.broken[variant.form](), stage).play() if variant.change else None
    visits = [act for act in play.acts if isinstance(act, Visit)]
    visit = next(act for act in visits if act.name == name)
    lines = (*(_changes(before, play) if before else _set_up(play)), _request(visit), *_raised(seen.log, visits, name))
    logged = (f"nginx logs: {line.partition(': ')[2] or line}" for line in log_lines(told_of))
    return judged(variant, name, told_of, stage.build()), (*lines, *logged)


def _talkative(setup: Setup, stage: Stage) -> Setup:
    if setup.level == "info" and stage.build().debug:
        setup.level = "debug"
    return setup


def _set_up(play: Play) -> Iterator[str]:
    for path, content in play.subject.items():
        for item in _objects(path, content):
            yield f"{path}: {item}"
    for line in play.subject["nginx.conf"].decode("utf-8", errors="replace").splitlines():
        if _SETTING.match(line):
            yield f"nginx.conf: {line.strip()}"


def _objects(path: str, content: bytes) -> Iterator[str]:
    if path == "server.pem" or not path.endswith((".pem", ".crl")):
        return
    with suppress(InputError):
        yield from (_certificate(item) for item in certificates_from_pem(content, where=path))
    with suppress(InputError):
        yield from (_crl(item) for item in crls_from_pem(content, where=path))


def _certificate(item: Certificate) -> str:
    return f"{item.subject_text}, issued by {item.issuer_text}, {item.not_before:%Y-%m-%d} to {item.not_after:%Y-%m-%d}"


def _crl(item: Crl) -> str:
    until = f"{item.next_update:%Y-%m-%d}" if item.next_update else "ever"
    return f"CRL of {item.issuer_text}, {item.this_update:%Y-%m-%d} to {until}, {len(item.revoked)} revoked"


def _changes(before: Play, after: Play) -> Iterator[str]:
    """What the change did to nginx's files, to the origin's, and to what is sent."""
    for title, old, new in (("", before.subject, after.subject), ("origin/", before.origin, after.origin)):
        for path in dict.fromkeys((*old, *new)):
            if old.get(path) != new.get(path):
                yield from (f"{title}{path}: {line}" for line in _difference(path, old.get(path, b""), new.get(path, b"")))
    if _sent(before) != _sent(after):
        yield from (f"now sent: {_certificate(item)}" for item in certificates_from_pem(_sent(after), where="sent"))
    if _reloads(before) != _reloads(after):
        yield "what happens between the requests changed"


def _difference(path: str, old: bytes, new: bytes) -> Iterator[str]:
    if path.endswith(".conf"):
        ours, theirs = (text.decode("utf-8", errors="replace").splitlines() for text in (old, new))
        found = unified_diff(ours, theirs, lineterm="", n=0)
        yield from (line[0] + " " + line[1:].strip() for line in found if line[:2] not in {"--", "++", "@@"})
        return
    listed = tuple(_objects(path, new))
    yield from (listed or ("gone" if not new else "replaced",))


def _sent(play: Play) -> bytes:
    chains = [act.chain for act in play.acts if isinstance(act, Visit) and act.name.startswith("client")]
    return chains[-1].encode() if chains else b""


def _reloads(play: Play) -> list[object]:
    return [act for act in play.acts if not isinstance(act, Visit)]


def _request(visit: Visit) -> str:
    scheme = "http" if visit.plain else "https"
    who = "no certificate"
    if visit.chain:
        who = " <- ".join(item.subject_text for item in certificates_from_pem(visit.chain.encode(), where="sent"))
    name = f", SNI {visit.sni}" if visit.sni and not visit.plain else ""
    return f"request: {visit.method} {scheme}://{visit.host}{visit.path}{name}, with {who}"


def _raised(log: str, visits: list[Visit], name: str) -> Iterator[str]:
    """What OpenSSL raised for this visit; for all of them where connections and visits cannot be told apart."""
    accepted = _ACCEPTED.findall(log)
    apart = len(accepted) == len(visits)
    wanted = {accepted[at] for at, visit in enumerate(visits) if visit.name == name} if apart else None
    for connection, number, depth, subject in dict.fromkeys(_RAISED.findall(log)):
        if wanted is None or connection in wanted:
            yield f"raised: {number} at depth {depth}, {subject}"
