"""A long document is written piece by piece, and says the same."""

import json

import pytest

from handclasp.present.as_json import document, pieces


@pytest.mark.parametrize("count", [0, 1, 2, 50])
def test_the_pieces_are_the_document(count: int) -> None:
    values = [{"name": f"n{number}\u202e", "none": None, "inner": {"list": [1, []]}, "empty": {}} for number in range(count)]
    text = "".join(pieces("list", "certificates", values))
    assert text == document("list", {"certificates": values}) + "\n"
    assert len(json.loads(text)["certificates"]) == count
