"""Files of passwords, ticket keys and parameters: whether they are there is evidence, what is secret in them is not."""

from pathlib import Path

import pytest

from handclasp.adapters.file_tree import PosixFileTree
from handclasp.adapters.system_clock import SystemClock
from handclasp.app.evidence import Given, gather
from handclasp.model.evidence import Evidence
from handclasp.nginxconf.start_faults import evidence_faults
from handclasp.verdict.predict import Stage

_SECRET = b"s3cret, and forty-eight octets long as nginx asks"[:48]
_PARAMETERS = b"-----BEGIN DH PARAMETERS-----\nMAYCAQUCAQI=\n-----END DH PARAMETERS-----\n"


def _gathered(folder: Path, lines: str) -> Evidence:
    (folder / "ticket.key").write_bytes(_SECRET)
    (folder / "passwords").write_bytes(_SECRET)
    (folder / "dh.pem").write_bytes(_PARAMETERS)
    config = folder / "nginx.conf"
    config.write_text(f"events {{ }}\nhttp {{ server {{ listen 8443; ssl_reject_handshake on;\n{lines}\n}} }}\n")
    given = Given(config=str(config), nginx_version="1.22.1", engine="3.0")
    return gather(given, PosixFileTree(), now=SystemClock().now(), build=None)


def _words(evidence: Evidence) -> list[str]:
    stage = Stage(evidence)
    faults = evidence_faults(evidence, stage.tree, stage.config, stage.version, stage.openssl)
    return [fault.message for fault in faults]


def test_what_is_secret_does_not_become_evidence(tmp_path: Path) -> None:
    evidence = _gathered(tmp_path, "ssl_session_ticket_key ticket.key; ssl_password_file passwords; ssl_dhparam dh.pem;")
    assert _words(evidence) == []
    assert set(evidence.files) == {f"{tmp_path}/nginx.conf"}


def test_of_what_nginx_cannot_use_only_the_length_does(tmp_path: Path) -> None:
    evidence = _gathered(tmp_path, "ssl_session_ticket_key passwords; ssl_dhparam ticket.key;")
    assert evidence.files[f"{tmp_path}/ticket.key"] == bytes(48)
    assert all(_SECRET not in content for content in evidence.files.values() if content)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("ssl_password_file no;", 'open() "{}/no" failed (2: No such file or directory) in {}/nginx.conf:3'),
        ("ssl_session_ticket_key no;", 'open() "{}/no" failed (2: No such file or directory) in {}/nginx.conf:4'),
        ("ssl_session_ticket_key dh.pem;", '"{}/dh.pem" must be 48 or 80 bytes in {}/nginx.conf:4'),
        ("ssl_dhparam no;", 'BIO_new_file("{}/no") failed'),
        ("ssl_dhparam ticket.key;", 'PEM_read_bio_DHparams("{}/ticket.key") failed'),
    ],
)
def test_files_that_nginx_cannot_use_are_told(tmp_path: Path, line: str, words: str) -> None:
    (first, *_) = _words(_gathered(tmp_path, line))
    assert first.startswith(words.format(tmp_path, tmp_path))
