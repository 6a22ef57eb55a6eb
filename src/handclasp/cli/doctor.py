"""handclasp doctor."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from handclasp.cli.evidence_options import AbsolutePath, evidence_options
from handclasp.cli.frame import Frame, framed

if TYPE_CHECKING:
    from handclasp.model.evidence import Evidence
    from handclasp.model.probe import ClientIdentity
    from handclasp.model.verdict import Side
    from handclasp.wiring import World


@click.command("doctor")
@evidence_options
@click.option("--client-key", type=AbsolutePath(), help="The client's private key: proofs then use its own certificate.")
@click.option("--log", "logs", multiple=True, type=AbsolutePath(), help="An error log, - for standard input; repeatable.")
@click.option("--line", "lines", multiple=True, metavar="TEXT", help="A line of the error log; repeatable.")
@click.option("--url", help="A live address: asked with and without certificate and SNI, over TLS 1.2 and 1.3.")
@click.option("--connect", metavar="HOST:PORT", help="Connect there; SNI and Host stay those of --url.")
@click.option("--answer", metavar="TITLE", help="What the visitor was shown: 400 No required SSL certificate was sent.")
@click.option("--save", type=AbsolutePath(), help="Write all evidence, without secrets, to one file: a bug report.")
@click.option("--evidence", "saved", type=AbsolutePath(), help="Read the evidence from such a file.")
@click.option("--prove/--no-prove", default=True, show_default=True, help="Try the remedies on a sandboxed copy.")
@framed
def command(
    frame: Frame,
    *,
    client_key: str | None,
    logs: tuple[str, ...],
    lines: tuple[str, ...],
    url: str | None,
    connect: str | None,
    save: str | None,
    saved: str | None,
    prove: bool,
    **options: Any,
) -> int:
    r"""Find out why a handshake fails, or why one succeeds that should not, and prove the remedy.

    Give what you have: a configuration (or the output of nginx -T), what the client sends, log lines. Remedies are tried on a
    copy of the configuration on loopback; the running nginx is not touched. Exit code 1: something is wrong.

    \b
    Examples:
      handclasp doctor --config /etc/nginx/nginx.conf --server api.example.test --client-cert alice/chain.pem
      handclasp doctor --config nginx.conf --upstream --upstream-chain backend.pem
      handclasp doctor --url https://api.example.test/ --client-cert alice/chain.pem --client-key alice/key.pem
      handclasp doctor --line 'client SSL certificate verify error: (2:unable to get issuer certificate) ...'
    """
    from handclasp.app.doctor import examine
    from handclasp.app.evidence_file import dump, load
    from handclasp.app.live import look
    from handclasp.cli.gathering import evidence_of
    from handclasp.cli.paint import painter
    from handclasp.model.finding import Severity
    from handclasp.present.diagnosis import diagnosis_text
    from handclasp.present.diagnosis_data import diagnosis_fields
    from handclasp.wiring import World

    world = World(frame.home, nginx_path=options["nginx_path"])
    if saved:
        evidence = load(world.files.read(saved), where=saved)
    else:
        lines = (*lines, *_logged(logs, alone=not (lines or options["config"] or url)))
        evidence = evidence_of(frame, options, lines=lines, need_config=not (lines or url), live=True)
    key = _client_key(world, client_key, evidence) if client_key else None
    if url:
        evidence = replace(evidence, seen=look(world.probe, url, _identity(evidence, key), connect=connect))
    if save:
        world.files.write(save, dump(evidence), mode=0o600)
    tools = world.sandbox_tools if prove and evidence.root else None
    proven = examine(evidence, tools, client_key=key, side=_side(options, evidence, saved))
    if frame.json:
        frame.document("doctor", diagnosis_fields(proven.diagnosis, frame.lang, notes=proven.notes))
    else:
        frame.out(diagnosis_text(proven.diagnosis, frame.lang, painter(color=frame.color)))
        if proven.failed:
            frame.hint(proven.failed.in_language(frame.lang))
    return 1 if any(finding.severity is Severity.ERROR for finding in proven.diagnosis.findings) else 0


def _identity(evidence: "Evidence", key: bytes | None) -> "ClientIdentity | None":
    """The client in question, when both its chain and its key were given."""
    from handclasp.model.probe import ClientIdentity

    return ClientIdentity(certificate_chain=evidence.presented, private_key=key) if evidence.presented and key else None


def _side(options: dict[str, Any], evidence: "Evidence", saved: str | None) -> "Side | None":
    """The side that was asked for; None when nobody said."""
    from handclasp.model.verdict import Side

    if saved:
        return evidence.side
    return Side.UPSTREAM if options["upstream"] else None


def _logged(paths: tuple[str, ...], *, alone: bool) -> list[str]:
    """The lines of the logs that a diagnosis can use; InputError when there is none and they are `alone`."""
    from handclasp.diagnose.log_line import INTERESTING
    from handclasp.model.errors import InputError

    found: list[str] = []
    for path in paths:
        text = sys.stdin.read() if path == "-" else _read_log(path)
        found += [line for line in text.splitlines() if INTERESTING.search(line)]
    if paths and alone and not found:
        raise InputError(
            "no line of this log tells of a handshake",
            where=", ".join(paths),
            hint="nginx logs why it refused a client at level info only: error_log FILE info;",
        )
    return found


def _read_log(path: str) -> str:
    """A log, however large."""
    from handclasp.model.errors import InputError

    try:
        return Path(path).read_text("utf-8", errors="replace")
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=path, hint="check the path") from error


def _client_key(world: "World", path: str, evidence: "Evidence") -> bytes:
    """The private key in a file; InputError when it is none, or not the client's."""
    from handclasp.model.errors import InputError
    from handclasp.pki.read import certificates_from_bytes, spki_of_private_key_pem

    content = world.files.read(path)
    held = spki_of_private_key_pem(content, where=path)
    sent = certificates_from_bytes(evidence.presented, where="--client-cert") if evidence.presented else ()
    if sent and sent[0].spki != held:
        raise InputError("is not the key of the client's certificate", where=path, hint="give the key of --client-cert")
    return content
