"""The first lines a person reads: names as they are written, and whether there is a fault at all."""

from pathlib import Path

import pytest

from handclasp.app.doctor import examine
from handclasp.lab.mint import PAST, name
from handclasp.model.finding import Confidence, Diagnosis, Finding, Severity, Where
from handclasp.model.text import Text
from handclasp.present.diagnosis import diagnosis_text
from handclasp.present.visible import readable
from tests.diagnose.rules.workshop import ANSWER, ASKS, Workshop
from tests.diagnose.scenes import blank_pem

SOUND = "no fault was found"


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("CN=J\\C3\\BCrgen", "CN=Jürgen"),
        ("CN=\\E5\\BC\\A0\\E4\\B8\\89,O=acme", "CN=张三,O=acme"),
        ("CN=a\\,b", "CN=a\\,b"),
        ("CN=\\E5\\BC", "CN=\\E5\\BC"),  # cut: no letter
        ("CN=\\E2\\80\\AEtxt", "CN=\\u{202e}txt"),  # would turn the line round
        ("C:\\Certs\\Default", "C:\\Certs\\Default"),
    ],
)
def test_names_are_shown_with_their_letters_and_no_tricks(written: str, shown: str) -> None:
    assert readable(written) == shown


def _asked(folder: Path, common_name: str) -> Workshop:
    shop = Workshop(folder)
    shop.draft.leaf.subject = name(("CN", common_name))
    return shop.http(f"    server {{ {ASKS}\n        {ANSWER}\n    }}\n").sends()


def test_a_chain_and_its_fault_are_told_in_letters(tmp_path: Path) -> None:
    shop = _asked(tmp_path, "张三")
    shop.draft.leaf.not_after = PAST
    shop.put("peer.pem", blank_pem(shop.draft.leaf))
    text = diagnosis_text(examine(shop.evidence(), None).diagnosis, "en")
    assert "CN=张三 expired" in text.splitlines()[0]
    assert "\\E5" not in text
    assert SOUND not in text


def test_who_gets_in_is_told_so_before_any_advice(tmp_path: Path) -> None:
    shop = _asked(tmp_path, "alice")
    shop.main((tmp_path / "nginx.conf").read_text().replace("error.log info", "error.log error"))
    diagnosis = examine(shop.evidence(), None).diagnosis
    assert [finding.cause for finding in diagnosis.findings] == ["error-log-level-hides-reason"]
    assert diagnosis_text(diagnosis, "en").startswith(f"✓ {SOUND}")


def test_a_name_that_a_configuration_compares_is_shown_as_nginx_has_it() -> None:
    text = Text(en="the map says CN=J\\C3\\BCrgen", zh="")
    finding = Finding(
        cause="authz-dn-format", severity=Severity.ERROR, confidence=Confidence.CERTAIN, summary=text, where=Where(),
        evidence=(),
    )  # fmt: skip
    assert "J\\C3\\BCrgen" in diagnosis_text(Diagnosis(verdict=None, findings=(finding,)), "en")
