"""`handclasp explain`: whatever a person pastes, to its meaning and causes. Looks nothing up outside the catalogue."""

import re
from dataclasses import replace

from handclasp.app.explain_parts import Engine, by_words, found_by_words, load, of_rows
from handclasp.catalogue import causes, meanings, measured, symptoms, verify_errors
from handclasp.catalogue.builds import fitting
from handclasp.catalogue.search import about_upstream
from handclasp.diagnose import sign
from handclasp.diagnose.candidates import Clue, candidates
from handclasp.diagnose.explanation import Explained, Explanation, Kind
from handclasp.diagnose.log_line import INTERESTING, OCSP_TEXTS, Doubt, LineKind, LogLine, read_line
from handclasp.diagnose.pasted import FAILED, completed, read_pasted, told_in
from handclasp.diagnose.symptom_causes import came_from as entry_came_from
from handclasp.diagnose.symptom_causes import causes_of, entry_of
from handclasp.model.errors import UsageError
from handclasp.model.nginx import OpensslSeries
from handclasp.model.verdict import Side

__all__ = ["Engine", "explain"]

LIMIT = 4000
FALSE_LINE = "pasted-line-not-from-nginx"


def explain(asked: str, engine: Engine | None = None) -> Explanation:
    """Explain a log line, an error number (with or without text), a symbol, a page title, a slug, or words.

    Raises UsageError when there is nothing to explain.
    """
    text = " ".join(_telling(asked).split())
    if not text:
        raise UsageError("there is nothing to explain", hint='try: handclasp explain "21"')
    text = text[:LIMIT]
    for way in (_cause, _symptom, _said, _error, _line, _access, _title, _output, _sentence):
        if answer := way(text, engine or Engine()):
            return answer
    return found_by_words(text)


def _telling(asked: str) -> str:
    """Of several pasted lines the first that nginx wrote about TLS; everything when there is none."""
    lines = asked.splitlines()
    if len(lines) > 1:
        for line in filter(INTERESTING.search, lines):
            if read_line(line).kind not in (LineKind.UNKNOWN, LineKind.OTHER):
                return line
    return asked


def _cause(text: str, engine: Engine) -> Explanation | None:  # noqa: ARG001
    slug = text.lower()
    if slug not in causes.slugs():
        return None
    cause = causes.load(slug)
    return Explanation(asked=text, kind=Kind.CAUSE, causes=(Explained(cause=cause),), meaning=cause.summary)


def _symptom(text: str, engine: Engine) -> Explanation | None:
    """A page of the knowledge base by its address."""
    entry = symptoms.entry(text.lower())
    if entry is None:
        return None
    if entry.number is not None and entry.side is not None:
        return replace(of_rows(text, Kind.ERROR, entry.names, engine, side=entry.side), entry=entry)
    return Explanation(
        asked=text,
        kind=Kind.SYMPTOM,
        title=entry.title.en if entry.title.en == entry.title.zh else None,
        entry=entry,
        pages=(entry,),
        meaning=entry.says,
        causes=load(causes_of(entry)),
        came_from=entry_came_from(entry),
    )


_NUMBER = re.compile(
    r"(?:(?P<upstream>upstream|proxy|上游)|(?P<client>client|客户端)|证书|校验|验证|失败|报错|x509|verify|verification|openssl|ssl|certificate|error|code"
    r"|number|错误号?|代码|[ :#=]|num)*\(?(?P<number>\d{1,3})(?:\s*[:：]\s*(?P<text>[^()]*+(?:\([^()]*+\)[^()]*+)*+))?\)?",
    re.IGNORECASE,
)


def _error(text: str, engine: Engine) -> Explanation | None:
    if text.removeprefix("FAILED:") in OCSP_TEXTS - {"certificate revoked"}:
        return _line(f"client SSL certificate verify error: {text.removeprefix('FAILED:')}", engine)
    rows = verify_errors.by_symbol(text) or by_words(text)
    side = Side.CLIENT if text.startswith("FAILED:") else None
    if not rows and (found := _NUMBER.fullmatch(text)):
        number, words = int(found["number"]), found["text"]
        side = Side.UPSTREAM if found["upstream"] else Side.CLIENT if found["client"] else None
        rows = tuple(row for series in OpensslSeries if (row := verify_errors.by_number(series, number)))
        if words:
            rows = tuple(row for row in verify_errors.by_text(completed(number, words)) if row.number == number)
        if words and not rows:
            return _mismatch(text, words, side)
    rows = tuple(row for row in rows if engine.series in (None, row.series)) or rows
    return of_rows(text, Kind.ERROR, rows, engine, side=side) if rows else None


def _mismatch(text: str, words: str, side: Side | None) -> Explanation:
    """A number with the text of another: the text is what people copy right."""
    rows = verify_errors.by_text(words)
    found = of_rows(text, Kind.ERROR, rows, Engine(), side=side) if rows else found_by_words(words)
    return Explanation(
        asked=text,
        kind=Kind.ERROR,
        causes=(Explained(cause=causes.load(FALSE_LINE)), *found.causes),
        errors=rows,
        meaning=found.meaning,
        doubt=Doubt.NUMBER_AND_TEXT,
    )


def _said(text: str, engine: Engine) -> Explanation | None:  # noqa: ARG001
    """Words of another program: a browser, a client, a server that is not nginx. A line of nginx's own is read as one."""
    entry = symptoms.said_in(text) if read_pasted(text).kind is LineKind.UNKNOWN else None
    if entry is None:
        return None
    return Explanation(
        asked=text, kind=Kind.OUTPUT, entry=entry, pages=(entry,), meaning=entry.says, causes=load(causes_of(entry))
    )


# What a line of a log or of a page has and a question in plain words has not.
_PASTED = re.compile(r"[:\[\](){}\"=#*]|_\w+\(")


def _line(text: str, engine: Engine) -> Explanation | None:
    line = read_pasted(text)
    if line.kind is LineKind.UNKNOWN:
        return _doubted(text, line) if line.doubt and _PASTED.search(text) else None
    if line.number is not None and line.kind is not LineKind.OTHER_MODULE and line.doubt is not Doubt.NUMBER_AND_TEXT:
        rows = tuple(row for row in verify_errors.by_text(line.text or "") if row.number == line.number)
        return of_rows(text, Kind.LINE, rows, engine, line=line)
    if line.doubt in (Doubt.WORDING, Doubt.NUMBER_AND_TEXT, Doubt.NO_NUMBER):
        return _doubted(text, line)
    series = engine.series or (line.series[0] if len(line.series) == 1 else None)
    found = candidates(Clue.of_line(line), engine.nginx, series)
    entry = entry_of(line)
    return Explanation(
        asked=text,
        kind=Kind.LINE,
        line=line,
        entry=entry,
        pages=(entry,) if entry else (),
        meaning=entry.says if entry else meanings.of_kind(line.kind),
        causes=load(found) or found_by_words(line.message).causes,
        doubt=line.doubt,
        came_from=measured.came_from(sign.of_line(line) or "", fitting(series, engine.nginx)),
    )


def _doubted(text: str, line: LogLine) -> Explanation:
    """A line that no nginx prints: what its words may be about all the same."""
    rows = verify_errors.by_text(line.text or line.message.rpartition(": ")[2])
    found = of_rows(text, Kind.LINE, rows, Engine(), line=line) if rows else None
    if found is None or not found.causes:
        found = found_by_words(line.message)
    return Explanation(
        asked=text,
        kind=Kind.LINE,
        line=line,
        errors=rows,
        meaning=found.meaning,
        causes=(Explained(cause=causes.load(FALSE_LINE)), *found.causes),
        doubt=line.doubt,
    )


_ACCESS = re.compile(r'\] "[^"]*" (?P<status>[45]\d\d) \d+')


def _access(text: str, engine: Engine) -> Explanation | None:
    """A line of the access log: its $ssl_client_verify where it is logged, otherwise its status."""
    if failed := FAILED.search(text):
        words = failed["text"].split()
        for count in range(len(words), 1, -1):
            reason = " ".join(words[:count])
            if by_words(reason) or reason in OCSP_TEXTS:
                return _error(f"FAILED:{reason}", engine)
    found = _ACCESS.search(text)
    return _title(found["status"], engine) if found else None


# Statuses inside nginx; what goes out is always 400 with this title.
_INTERNAL = {
    "494": "400 Request Header Or Cookie Too Large",
    "495": "400 The SSL certificate error",
    "496": "400 No required SSL certificate was sent",
    "497": "400 The plain HTTP request was sent to HTTPS port",
}


def _title(text: str, engine: Engine) -> Explanation | None:
    if found := meanings.title_in(text):
        title, meaning = found
        clue = Clue(title=title)
        return Explanation(
            asked=text,
            kind=Kind.TITLE,
            title=title,
            entry=(page := symptoms.entry(symptoms.slug_of_page(title))),
            pages=(page,) if page else (),
            meaning=meaning,
            causes=load(candidates(clue, engine.nginx, engine.series)),
            came_from=measured.came_from(sign.of_title(title), fitting(engine.series, engine.nginx)),
        )
    if status := re.fullmatch(r"(?:http |status |状态码? ?)*(4\d\d|5\d\d)", text, re.IGNORECASE):
        if internal := _INTERNAL.get(status[1]):
            return _title(internal, engine)
        titles = [title for title in meanings.meanings().titles if title.startswith(status[1])]
        if len(titles) == 1:
            return _title(titles[0], engine)
        clue = Clue(status=int(status[1]))
        loaded = load(candidates(clue, engine.nginx, engine.series))
        return Explanation(asked=text, kind=Kind.STATUS, causes=loaded) if loaded else None
    return None


def _output(text: str, engine: Engine) -> Explanation | None:
    """What a client printed, or part of a line without its beginning."""
    found = candidates(Clue(message=text), engine.nginx, engine.series)
    return Explanation(asked=text, kind=Kind.OUTPUT, causes=load(found)) if found else None


def _sentence(text: str, engine: Engine) -> Explanation | None:
    """A question that holds the text of a verification error among other words."""
    rows = told_in(text)
    side = Side.UPSTREAM if about_upstream(text) else None
    return of_rows(text, Kind.ERROR, rows, engine, side=side) if rows else None
