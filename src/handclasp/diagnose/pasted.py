"""What a person pastes in place of a log line: coloured, quoted, cut, inside other words, or the words of a client."""

import re
from collections.abc import Iterator
from dataclasses import replace
from html import unescape

from handclasp.catalogue import meanings, verify_errors
from handclasp.catalogue.verify_errors import VerifyErrorName
from handclasp.diagnose.candidates import Clue, candidates
from handclasp.diagnose.log_line import OCSP_TEXTS, Doubt, LineKind, LogLine, read_line
from handclasp.diagnose.log_wrapping import LONGEST
from handclasp.model.nginx import OpensslSeries
from handclasp.model.verdict import Side

_COLOUR = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_PLAIN = str.maketrans({"（": "(", "）": ")", "：": ":", "，": ",", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"',
                        "’": "'", "‘": "'", "\ufeff": None, "\u200b": None})  # fmt: skip
_MARKUP = re.compile(r"\*\*|`")
_VERIFY = re.compile(
    r"\b(?P<side>client|upstream) ssl certificate verify error ?:? ?\(?(?P<number>\d{1,3}) ?: ?(?P<text>[^()]*)\)?",
    re.IGNORECASE,
)
# How nginx's messages about TLS begin, in the midst of somebody's words.
_BEGINNING = re.compile(
    r"(?:client SSL certificate verify error: |client sent no required SSL|client sent plain HTTP request to HTTPS"
    r"|client attempted to request the server name|upstream SSL certificate |no live upstreams|SSL_\w+\(\) failed|SSL_CTX_"
    r'|SSL_load_client|X509_LOOKUP|cannot load cert|no "?(?:proxy_|grpc_)?ssl_|broken header: |unknown directive ")'
)
# Lines of other programs that speak of certificates in words much like nginx's.
_OTHER_PROGRAM = re.compile(
    r"\berror \d+ at \d+ depth lookup|\bverify error:num=\d+|\bAH\d{5}: |\bjavax\.net\.ssl|\bsun\.security"
    r"|\bremote error: tls: |\bhaproxy\[\d+\]|\[SSL: [A-Z_]+\]|\bx509: certificate "
)
_UNTOLD = frozenset({LineKind.UNKNOWN, LineKind.OTHER})
FAILED = re.compile(r"\bFAILED:(?P<text>[A-Za-z][^\",;|]*)")
_NUMBERED = re.compile(r"\((?P<number>\d{1,3}): ?(?P<text>[^()]*(?:\([^()]*\)[^()]*)*)(?:\)|$)")
TELLING_WORDS = 4
"""An error's own text inside other words counts from so many words on; shorter ones are words like any other."""


def lines_in(text: str) -> tuple[str, ...]:
    """The lines of a paste, each by itself; in one, when only together they say something."""
    parts = tuple(part for part in text.splitlines() if part.strip())
    if any(read_pasted(part).kind is not LineKind.UNKNOWN for part in parts):
        return parts
    return (" ".join(" ".join(parts).split()),) if parts else ()


def read_pasted(text: str) -> LogLine:
    """The line as a value, also when it stands among other words. `raw` is as given."""
    line = read_line(text)
    if line.kind not in _UNTOLD and line.doubt is None:
        return line
    plain = cleaned(text)
    read = (read_line(attempt) for attempt in ((plain,) if line.doubt else _attempts(plain)))
    better = next((one for one in read if one.kind not in _UNTOLD and one.doubt is None), None)
    if better is not None:
        return replace(better, raw=line.raw)
    foreign = line.kind is LineKind.UNKNOWN and _OTHER_PROGRAM.search(plain) and not candidates(Clue(message=plain))
    return replace(line, doubt=Doubt.WORDING) if foreign else line


def _attempts(plain: str) -> Iterator[str]:
    """Ways to see a line of nginx's in a text."""
    yield plain
    if found := _VERIFY.search(plain):
        error = f"({found['number']}:{completed(int(found['number']), found['text'])})"
        words = f"{found['side'].lower()} SSL certificate verify error: {error}{plain[found.end() :]}"
        yield plain[: found.start()] + words
        yield words
    elif found := _BEGINNING.search(plain):
        yield plain[found.start() :]
    if rows := failed_in(plain):
        yield f"client SSL certificate verify error: ({rows[-1].number}:{rows[-1].text})"
    for words in OCSP_TEXTS:
        if f"FAILED:{words}" in plain:
            yield f"client SSL certificate verify error: {words}"


def cleaned(text: str) -> str:
    """Without colours, markup, odd spaces and quotation marks, in one line."""
    # Colours first: an escape character is no space.
    plain = unescape(_COLOUR.sub("", text[:LONGEST])).translate(_PLAIN)
    return " ".join(_MARKUP.sub("", plain).split())


def completed(number: int, text: str) -> str:
    """The text of an error whose end was cut off."""
    texts = {row.text for series in OpensslSeries if (row := verify_errors.by_number(series, number))}
    words = text.strip().lower()
    return next((one for one in sorted(texts) if words and one.lower().startswith(words)), text.strip())


def failed_in(text: str) -> tuple[VerifyErrorName, ...]:
    """The error in a value of $ssl_client_verify, such as an access log holds it."""
    found = FAILED.search(text)
    words = found["text"].split() if found else []
    for count in range(len(words), 0, -1):
        reason = " ".join(words[:count])
        if rows := verify_errors.by_text(reason):
            return rows
    return ()


def told_in(text: str) -> tuple[VerifyErrorName, ...]:
    """The error whose own text stands among other words; the longest counts."""
    folded = text.lower()
    texts = {row.text for series in OpensslSeries for row in verify_errors.rows(series) if row.text.lower() in folded}
    told = max((words for words in texts if words.count(" ") >= TELLING_WORDS - 1), key=len, default=None)
    return verify_errors.by_text(told) if told else ()


def clue_in(line: LogLine) -> Clue | None:
    """What a text that is no line of nginx's shows all the same: a page, an error by number or text, a client's words."""
    plain = cleaned(line.raw)
    if title := meanings.title_in(plain):
        return Clue(title=title[0])
    if found := _NUMBERED.search(plain):
        number, rows = int(found["number"]), verify_errors.by_text(completed(int(found["number"]), found["text"]))
        if number in {row.number for row in rows}:
            return Clue(number=number)
    if candidates(said := Clue(message=plain)):
        return said
    rows = verify_errors.by_text(plain) or verify_errors.by_symbol(plain) or told_in(plain)
    return Clue(number=rows[-1].number, side=Side.CLIENT if "client" in plain.lower() else None) if rows else None
