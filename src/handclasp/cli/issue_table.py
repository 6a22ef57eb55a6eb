"""handclasp issue --from TABLE."""

from typing import TYPE_CHECKING

from handclasp.cli.frame import Frame

if TYPE_CHECKING:
    from handclasp.wiring import World


def issue_table(frame: Frame, here: "World", table: str) -> int:
    """Issue every row of a table. Exit code 1 when a row was skipped."""
    from handclasp.app.people import issue_all, read_people

    orders = read_people(here.ca, here.files.read(table), where=table)
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
