"""handclasp issue --from TABLE."""

from typing import TYPE_CHECKING

from handclasp.cli.frame import Frame

if TYPE_CHECKING:
    from handclasp.app.issue import IssueOrder
    from handclasp.wiring import World


def issue_table(frame: Frame, here: "World", table: str, into: str | None) -> int:
    """Issue every row of a table, with `into` as archives. Exit code 1 when a row was skipped."""
    from handclasp.app.people import issue_all, read_people

    here.lasting = True
    orders = read_people(here.ca, here.files.read(table), where=table)
    if into is not None:
        return _fleet(frame, here, orders, into)
    rows = issue_all(here.ca, orders)
    skipped = [row for row in rows if row.skipped]
    if frame.json:
        from handclasp.cli.ca_json import issued_json

        frame.document(
            "issue-table",
            {
                "issued": [issued_json(row.issued) for row in rows if row.issued],
                "skipped": [{"name": row.name, "why": row.skipped} for row in skipped],
            },
        )
        return 1 if skipped else 0
    for row in rows:
        if row.issued:
            frame.out(f"{row.name}: good until {row.issued.record.not_after:%Y-%m-%d}   {row.issued.folder}")
        else:
            frame.out(f"{row.name}: skipped, {row.skipped}")
    frame.hint(f"{len(rows) - len(skipped)} issued, {len(skipped)} skipped")
    return 1 if skipped else 0


def _fleet(frame: Frame, here: "World", orders: "tuple[IssueOrder, ...]", into: str) -> int:
    from pathlib import Path

    from handclasp.app.fleet import issue_fleet

    done = []
    for batch in issue_fleet(here.ca, orders, here.workers, folder=str(Path(into).absolute())):
        done.append(batch)
        if batch.archive and not frame.json:
            frame.out(f"{batch.issued}   {batch.archive}")
    issued, skipped = sum(one.issued for one in done), [name for one in done for name in one.skipped]
    if frame.json:
        archives = [one.archive for one in done if one.archive]
        frame.document("issue-fleet", {"issued": issued, "archives": archives, "skipped": skipped})
        return 1 if skipped else 0
    for name in skipped[:20]:
        frame.out(f"{name}: skipped, it has a certificate already")
    frame.hint(f"{issued} issued, {len(skipped)} skipped; the archives hold the only copies of the keys")
    return 1 if skipped else 0
