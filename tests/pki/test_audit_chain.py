"""The digest of an event is that of its canonical JSON, whatever stands in it."""

import hashlib
import json
from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from handclasp.pki.audit_chain import canonical, digest_of

TEXT = st.text(max_size=20)
MOMENTS = st.datetimes(timezones=st.sampled_from((UTC, timezone(timedelta(hours=5, minutes=30)))))


@given(st.integers(min_value=1), MOMENTS, TEXT, TEXT, TEXT, st.dictionaries(TEXT, TEXT, max_size=4), TEXT)
def test_the_digest_is_of_the_canonical_json(
    sequence: int, at: datetime, actor: str, action: str, subject: str, details: dict[str, str], previous: str
) -> None:
    fields = {
        "sequence": sequence, "at": at.astimezone(UTC).isoformat(timespec="microseconds"), "actor": actor, "action": action,
        "subject": subject, "details": details, "previous": previous,
    }  # fmt: skip
    content = json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    digest = digest_of(
        sequence=sequence, at=at, actor=actor, action=action, subject=subject, details=canonical(details), previous=previous
    )
    assert digest == hashlib.sha256(content.encode()).hexdigest()


def test_details_that_are_not_ours_have_a_digest_too() -> None:
    forged: dict[str, str] = json.loads('{"serial": 5, "a": ["b", null]}')
    assert json.loads(canonical(forged)) == forged
