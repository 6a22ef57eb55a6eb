"""The rows of idempotency keys. A key is there before its request is served, so that is done once, by whichever process."""

from datetime import datetime

from sqlalchemy import Connection, delete, insert, select, update

from handclasp.adapters.sql_tables import repeat
from handclasp.model.repeats import KeptAnswer, Repeat


def begin_request(connection: Connection, key: str, request: str, at: datetime, since: datetime) -> Repeat | None:
    """What the key is for since then; None when it is new, and from now on it is for this request."""
    connection.execute(delete(repeat).where(repeat.c.at < since))
    row = connection.execute(select(repeat).where(repeat.c.key == key)).one_or_none()
    if row is None:
        connection.execute(insert(repeat).values(key=key, request=request, at=at))
        return None
    known = row.status is not None
    return Repeat(request=row.request, answer=KeptAnswer(status=row.status, kind=row.kind, body=row.body) if known else None)


def end_request(connection: Connection, key: str, answer: KeptAnswer | None) -> None:
    """Keep the answer, or forget the key."""
    mine = repeat.c.key == key
    if answer is None:
        connection.execute(delete(repeat).where(mine))
    else:
        connection.execute(update(repeat).where(mine).values(status=answer.status, kind=answer.kind, body=answer.body))
