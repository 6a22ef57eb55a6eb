"""handclasp issue --from TABLE, or a folder of requests."""

import sys
from collections import Counter
from typing import TYPE_CHECKING

from handclasp.cli.frame import Frame
from handclasp.cli.progress import progress

if TYPE_CHECKING:
    from handclasp.app.issue import IssueOrder
    from handclasp.app.people import People
    from handclasp.model.errors import UsageError
    from handclasp.wiring import World

_MOST_SHOWN = 20


def issue_table(frame: Frame, here: "World", table: str, template: "IssueOrder", into: str | None) -> int:
    """Issue every row of a table, or every request of a folder, with `into` as archives. Exit code 1 when one was skipped."""
    from handclasp.app.people import issue_all, read_people, read_requests
    from handclasp.model.messages import translate
    from handclasp.present.ca_words import say
    from handclasp.present.visible import visible

    here.lasting = True
    people: People | tuple[IssueOrder, ...]
    if here.files.is_folder(table):
        if into is not None:
            raise _own_keys()
        people = read_requests(here.ca, table.rstrip("/") or "/", template=template)
    else:
        content, where = (sys.stdin.buffer.read(), "standard input") if table == "-" else (here.files.read(table), table)
        people = read_people(here.ca, content, where=where, template=template)
        if into is not None:
            return _fleet(frame, here, people, into)
    issued, skipped = [], []
    with progress(frame, len(people)) as step:
        for row in issue_all(here.ca, people):
            step(1)
            if row.issued is None:
                skipped.append({"name": row.name, "why": row.skipped})
                if not frame.json:
                    frame.out(f"{row.name}: skipped, {translate(row.skipped or '', frame.lang)}")
                continue
            issued.append(row.issued)
            if not frame.json:
                frame.out(f"{row.name}: good until {row.issued.record.not_after:%Y-%m-%d}   {row.issued.folder}")
                for wish in row.issued.refused:
                    frame.out(say(frame.lang, "not-granted", wish=visible(translate(wish, frame.lang))))
    if frame.json:
        from handclasp.cli.ca_json import issued_json

        frame.document("issue-table", {"issued": [issued_json(one) for one in issued], "skipped": skipped})
        return 1 if skipped else 0
    frame.hint(f"{len(issued)} issued, {len(skipped)} skipped")
    return 1 if skipped else 0


def _own_keys() -> "UsageError":
    from handclasp.model.errors import UsageError

    return UsageError(
        "--into makes the keys too, and requests bring their own", hint="leave --into out: handclasp issue --from requests/"
    )


def _fleet(frame: Frame, here: "World", people: "People", into: str) -> int:
    from pathlib import Path

    from handclasp.app.fleet import issue_fleet
    from handclasp.model.messages import translate

    if "csr" in people.fields:
        raise _own_keys()
    issued = 0
    archives: list[str] = []
    skipped: list[tuple[str, str]] = []
    with progress(frame, len(people)) as step:
        for batch in issue_fleet(here.ca, people, here.workers, folder=str(Path(into).absolute())):
            step(batch.issued + len(batch.skipped))
            issued += batch.issued
            skipped += batch.skipped
            if batch.archive:
                archives.append(batch.archive)
                if not frame.json:
                    frame.out(f"{batch.issued}   {batch.archive}")
    if frame.json:
        refused = [{"name": name, "why": why} for name, why in skipped]
        frame.document("issue-fleet", {"issued": issued, "archives": archives, "skipped": refused})
        return 1 if skipped else 0
    for name, why in _rarest_first(skipped)[:_MOST_SHOWN]:
        frame.out(f"{name}: skipped, {translate(why, frame.lang)}")
    if len(skipped) > _MOST_SHOWN:
        frame.out(f"and {len(skipped) - _MOST_SHOWN} more: --json names all")
    frame.hint(f"{issued} issued, {len(skipped)} skipped; the archives hold the only copies of the keys")
    return 1 if skipped else 0


def _rarest_first(skipped: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """A run that goes on skips thousands who have a certificate already; the few that were refused do not drown among them."""
    often = Counter(why for _, why in skipped)
    return sorted(skipped, key=lambda one: often[one[1]])
