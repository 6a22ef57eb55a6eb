"""What a log holds about TLS, as a table and as fields."""

from collections.abc import Iterator

from handclasp.diagnose.triage import Group, Triage
from handclasp.model.text import Text, plural
from handclasp.present.visible import visible

_SHOWN = 20
_WORDS = {
    "head": Text(en="{matched} line{s} about TLS in {size}", zh="{size} 中有 {matched} 行与 TLS 有关"),
    "none": Text(en="no line about TLS in {size}", zh="{size} 中没有与 TLS 有关的行"),
    "more": Text(en="and {count} more kind{s} of lines", zh="另有 {count} 种"),
    "server": Text(en="server {server}", zh="服务器 {server}"),
    "clients": Text(en="clients {clients}", zh="客户端 {clients}"),
    "others": Text(en="others", zh="其他"),
    "when": Text(en="{first} to {last}", zh="{first} 至 {last}"),
}


def triage_text(found: Triage, lang: str) -> str:
    """The table: one row for each message and server, the most frequent first."""
    return "\n".join(_lines(found, lang))


def _lines(found: Triage, lang: str) -> Iterator[str]:
    head = "head" if found.matched else "none"
    yield _WORDS[head].in_language(lang).format(matched=found.matched, s=plural(found.matched), size=_size(found.octets))
    for group in found.groups[:_SHOWN]:
        yield f"  {group.count:>8}  {visible(group.message)}" + (f"  [{group.cause}]" if group.cause else "")
        details = tuple(_details(group, lang))
        if details:
            yield f"            {' · '.join(details)}"
    if len(found.groups) > _SHOWN:
        more = len(found.groups) - _SHOWN
        yield "  " + _WORDS["more"].in_language(lang).format(count=more, s=plural(more))


def _details(group: Group, lang: str) -> Iterator[str]:
    if group.server:
        yield _WORDS["server"].in_language(lang).format(server=visible(group.server))
    if group.clients:
        named = [f"{visible(client)} ({count})" for client, count in group.clients]
        named += [f"{_WORDS['others'].in_language(lang)} ({group.others})"] if group.others else []
        yield _WORDS["clients"].in_language(lang).format(clients=", ".join(named))
    if group.first:
        last = group.last or group.first
        yield group.first if last == group.first else _WORDS["when"].in_language(lang).format(first=group.first, last=last)


def _size(octets: int) -> str:
    for unit, size in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if octets >= size:
            return f"{octets / size:.1f} {unit}"
    return f"{octets} B"


def triage_fields(found: Triage) -> dict[str, object]:
    """The fields of "triage" in handclasp/doctor/1."""
    return {
        "bytes": found.octets,
        "lines": found.matched,
        "groups": [
            {
                "cause": group.cause,
                "number": group.number,
                "message": group.message,
                "server": group.server,
                "count": group.count,
                "clients": [{"client": client, "count": count} for client, count in group.clients],
                "other_clients": group.others,
                "first": group.first,
                "last": group.last,
                "example": group.example,
            }
            for group in found.groups
        ],
    }
