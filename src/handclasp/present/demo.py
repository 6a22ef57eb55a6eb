"""The demonstration for people: each act announced in one line, then what was seen."""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from handclasp.catalogue.meanings import of_error
from handclasp.catalogue.verify_errors import by_number
from handclasp.model.demo import (
    Announced,
    AuthorityMade,
    IdentitiesMade,
    Repaired,
    RevocationSeen,
    Seen,
    Serving,
    Visit,
    Visits,
)
from handclasp.model.finding import Answer
from handclasp.model.nginx import OpensslSeries
from handclasp.present.columns import pad, width, wrap
from handclasp.present.demo_words import ACTS, GUESTS, WORDS
from handclasp.present.diagnosis import diagnosis_text
from handclasp.present.visible import visible

Paint = Callable[[str, str], str]
"""Colours a text: (text, style); see present.diagnosis."""

_COLUMNS = 100
_BASE64 = re.compile(r"(?:^ *\S*[+]?[A-Za-z0-9+/=]{40,}\S*\n)(?:^ *\S*[+]?[A-Za-z0-9+/=]+\S*\n){2,}", re.MULTILINE)
_LOG_HEAD = re.compile(r"^\S+ \S+ \[(\w+)\] \d+#\d+: (?:\*\d+ )?")


class DemoText:
    """Writes the acts in one language with one palette, in order."""

    def __init__(self, lang: str, paint: Paint) -> None:
        self.lang = lang
        self.paint = paint
        self.series = OpensslSeries.V3_0
        self._number = 0

    def text(self, event: Announced | Seen) -> str:
        """One event."""
        return "\n".join(self._lines(event))

    def summary(self, failed: int, nginx: str, seconds: float) -> str:
        """The last line."""
        words = self.word("all" if not failed else "failed", nginx=nginx, seconds=f"{seconds:.1f}", failed=str(failed))
        return self._mark(ok=not failed, text=words)

    def _lines(self, event: Announced | Seen) -> Iterator[str]:
        match event:
            case Announced():
                self._number += 1
                title, about = (text.in_language(self.lang) for text in ACTS[event.act])
                yield ""
                yield self.paint(f"{self._number}. {title}", "strong")
                yield from wrap(about, _COLUMNS, first="   ", rest="   ")
            case AuthorityMade():
                for one in event.authorities:
                    yield self._mark(ok=event.ok, text=f"{one.name}  {self._until(f'{one.not_after:%Y-%m-%d}')}")
                yield f"     ssl_client_certificate {event.bundle};"
                yield f"     ssl_crl                {event.crl};"
            case IdentitiesMade():
                for one in event.identities:
                    row = f"{pad(one.name, 14)}  {pad(one.profile, 6)}  {self._until(f'{one.not_after:%Y-%m-%d}')}  {one.place}"
                    yield self._mark(ok=event.ok, text=row)
            case Serving():
                self.series = OpensslSeries.of(event.openssl)
                values = {"nginx": event.nginx, "openssl": event.openssl, "url": event.url}
                yield self._mark(ok=event.ok, text=self.word("serves", **values))
                yield f"     {self.word('handshakes', good=str(event.good), all=str(event.proofs))}"
            case Visits():
                yield from self._table(event.rows)
            case RevocationSeen():
                yield self._mark(ok=event.ok, text=self._revoked(event))
                yield from self._table(event.rows)
            case Repaired():
                yield from self._repaired(event)

    def _table(self, rows: Iterable[Visit]) -> Iterator[str]:
        """One line per client and answer: what came out the same with TLS 1.2 and 1.3 shares it. Then why."""
        merged = _merged(rows)
        cells = [self._cells(visits) for visits in merged]
        heads = tuple(self.word(name) for name in ("client", "tls", "session", "answer"))
        widths = [max(width(cell) for cell in column) for column in zip(heads, *cells, strict=True)]
        yield "     " + self.paint("  ".join(map(pad, heads, widths)).rstrip(), "dim")
        told: set[int] = set()
        for visits, row in zip(merged, cells, strict=True):
            first = visits[0]
            yield self._mark(ok=all(visit.ok for visit in visits), text="  ".join(map(pad, row, widths)).rstrip())
            yield f"       $ssl_client_verify {visible(str(first.verify))}" + self._logged(first)
            if first.number is not None and first.number not in told:
                told.add(first.number)
                yield from self._meaning(first.number)

    def _cells(self, visits: list[Visit]) -> tuple[str, str, str, str]:
        first = visits[0]
        session = "resumed" if first.resumed else "not-resumed" if first.offered else "fresh"
        versions = ", ".join(visit.tls.value.removeprefix("TLSv") for visit in visits)
        return GUESTS[first.who].in_language(self.lang), versions, self.word(session), _said(first.status, first.title)

    def _logged(self, visit: Visit) -> str:
        """What the error log adds to $ssl_client_verify."""
        if visit.number is not None:
            return f"  {self.word('error', number=str(visit.number))}"
        return f"  ({visible(visit.reason)})" if visit.reason else ""

    def _meaning(self, number: int) -> Iterator[str]:
        row = by_number(self.series, number)
        meaning = of_error(row.symbol) if row else None
        if meaning:
            lines = wrap(meaning.in_language(self.lang), _COLUMNS, first="       ", rest="       ")
            yield from (self.paint(line, "dim") for line in lines)

    def _revoked(self, seen: RevocationSeen) -> str:
        fresh, resumed = (seen.refusal(offered=offered) for offered in (False, True))
        values = {"name": seen.name, "seconds": f"{seen.seconds:.1f}", "fresh": str(fresh), "resumed": str(resumed)}
        return self.word("revoked" if seen.proven else "unproven", **values)

    def _repaired(self, seen: Repaired) -> Iterator[str]:
        yield f"     {pad(self.word('answer'), 16)}{self.paint(_answer(seen.before), 'error')}"
        logged = _LOG_HEAD.sub(r"[\1] ", seen.before.log or "-")
        yield from wrap(visible(logged), _COLUMNS, first=f"     {pad(self.word('logs'), 16)}", rest=" " * 21)
        yield ""
        said = self.paint(f"   {self.word('doctor')}", "strong")
        yield said
        for line in self._short(diagnosis_text(seen.diagnosis, self.lang, self.paint)).splitlines():
            yield f"     {line}"
        if seen.failed:
            yield "     " + self.paint(visible(seen.failed.in_language(self.lang)), "error")
        yield ""
        after = _answer(seen.after) if seen.after else self.word("no-patch")
        yield self._mark(ok=seen.ok, text=self.word("patched", after=after))

    def _short(self, text: str) -> str:
        """The text with the inside of PEM blocks left out: nobody reads base64."""
        return _BASE64.sub(lambda found: f"{' ' * 8}{self.word('base64', lines=str(found[0].count(chr(10))))}\n", text)

    def word(self, key: str, **values: str) -> str:
        """One of the short texts."""
        return WORDS[key].in_language(self.lang).format(**values)

    def _until(self, day: str) -> str:
        return self.word("until", day=day)

    def _mark(self, *, ok: bool, text: str) -> str:
        return f"   {self.paint('✓' if ok else '✗', 'good' if ok else 'error')} {text}"


def demo_fields(events: Iterable[Announced | Seen]) -> dict[str, Any]:
    """The fields that follow "schema" in handclasp/demo/1."""
    found: dict[str, Any] = {"ok": True, "nginx": None, "probes": [], "revocation": None, "diagnoses": []}
    for event in events:
        match event:
            case Announced():
                continue
            case Serving():
                found["nginx"] = event.nginx
            case Visits():
                found["probes"] += [_visit_fields(row) for row in event.rows]
            case RevocationSeen():
                found["revocation"] = {
                    "name": event.name,
                    "fresh": event.refusal(offered=False),
                    "resumed": event.refusal(offered=True),
                    "seconds": round(event.seconds, 3),
                    "proven": event.proven,
                    "probes": [_visit_fields(row) for row in event.rows],
                }
            case Repaired():
                found["diagnoses"].append(_repaired_fields(event))
        found["ok"] = found["ok"] and event.ok
    return found


def _visit_fields(row: Visit) -> dict[str, Any]:
    return {
        "who": row.who.value,
        "tls": row.tls.value,
        "status": row.status,
        "title": row.title,
        "verify": row.verify,
        "resumed": row.resumed,
        "session_offered": row.offered,
        "expect": row.must.value,
        "ok": row.ok,
    }


def _repaired_fields(seen: Repaired) -> dict[str, Any]:
    return {
        "broken": seen.act.value,
        "cause": seen.cause,
        "before": _answer_fields(seen.before),
        "after": _answer_fields(seen.after) if seen.after else None,
        "proved": seen.proved,
        "ok": seen.ok,
    }


def _answer_fields(answer: Answer) -> dict[str, Any]:
    return {"status": answer.status, "title": answer.title, "log": answer.log}


def _answer(answer: Answer) -> str:
    return _said(answer.status, answer.title)


def _said(status: int | None, title: str | None) -> str:
    """Status and title; nginx's own titles begin with the status."""
    words = visible(title or "")
    return words if status is None or words.startswith(str(status)) else f"{status} {words}".rstrip()


def _merged(rows: Iterable[Visit]) -> list[list[Visit]]:
    """Neighbours that differ in the TLS version alone, together."""
    found: list[list[Visit]] = []
    for row in rows:
        if found and _key(found[-1][0]) == _key(row):
            found[-1].append(row)
        else:
            found.append([row])
    return found


def _key(row: Visit) -> tuple[object, ...]:
    return (row.who, row.status, row.title, row.verify, row.number, row.reason, row.offered, row.resumed, row.must)
