"""handclasp doctor."""

import sys
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click

from handclasp.cli.evidence_options import AbsolutePath, evidence_options
from handclasp.cli.frame import Frame, framed

if TYPE_CHECKING:
    from handclasp.app.proven import Proven
    from handclasp.app.sandbox import SandboxTools
    from handclasp.diagnose.triage import Triage
    from handclasp.model.evidence import Evidence
    from handclasp.model.probe import ClientIdentity
    from handclasp.wiring import World


_MOST_EXAMPLES = 50
_NOW = timedelta(days=1)


@click.command("doctor")
@evidence_options
@click.option("--client-key", type=AbsolutePath(), help="The client's private key: proofs then use its own certificate.")
@click.option("--log", "logs", multiple=True, type=AbsolutePath(), help="An error log, - for standard input; repeatable.")
@click.option("--line", "lines", multiple=True, metavar="TEXT", help="A line of the error log; repeatable.")
@click.option("--url", help="A live address: asked with and without certificate and SNI, over TLS 1.2 and 1.3.")
@click.option("--connect", metavar="HOST:PORT", help="Connect there; SNI and Host stay those of --url.")
@click.option("--answer", metavar="TITLE", help="What the visitor was shown: 400 No required SSL certificate was sent; or 200.")
@click.option("--save", type=AbsolutePath(), help="Write all evidence, without secrets, to one file: a bug report.")
@click.option("--evidence", "saved", type=AbsolutePath(), help="Read the evidence from such a file.")
@click.option("--prove/--no-prove", default=True, show_default=True, help="Try the remedies on a sandboxed copy.")
@click.option("--fix", is_flag=True, help="Show the safe remedies as one patch.")
@click.option("--agree", multiple=True, metavar="ID", help="With --fix: this remedy too, after a look; repeatable.")
@click.option("--apply", is_flag=True, help="With --fix: change the files, reload that nginx, knock, or put all back.")
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
    fix: bool,
    agree: tuple[str, ...],
    apply: bool,
    **options: Any,
) -> int:
    r"""Find out why a handshake fails, or why one succeeds that should not, and prove the remedy.

    Give what you have: a configuration (or the output of nginx -T), what the client sends, log lines. Remedies are tried on a
    copy of the configuration on loopback; the running nginx is not touched but by --fix --apply. Exit code 1: something is
    wrong.

    \b
    Examples:
      handclasp doctor --config /etc/nginx/nginx.conf --server api.example.test --client-cert alice/chain.pem
      handclasp doctor --config nginx.conf --upstream --upstream-chain backend.pem
      handclasp doctor --config nginx.conf --answer '400 No required SSL certificate was sent'
      handclasp doctor --url https://api.example.test/ --client-cert alice/chain.pem --client-key alice/key.pem
      handclasp doctor --config nginx.conf --request 'OPTIONS https://api.example.test/orders' --client-cert ''
      handclasp doctor --config nginx.conf --client-cert revoked.pem --expect refused --answer 200
      handclasp doctor --config /etc/nginx/nginx.conf --client-cert alice/chain.pem --fix --apply
      handclasp doctor --line 'client SSL certificate verify error: (2:unable to get issuer certificate) ...'
    """
    from handclasp.model.errors import UsageError
    from handclasp.wiring import World

    world = World(frame.home, nginx_path=options["nginx_path"])
    if (agree or apply) and not fix:
        raise UsageError("--agree and --apply go with --fix")
    if connect and not url:
        raise UsageError("--connect goes with --url")
    if client_key and not (options["client_cert"] or saved):
        raise UsageError("--client-key goes with --client-cert")
    alone = not (lines or options["config"] or url)
    triage, told = _triage(frame, world, logs, alone=alone) if logs and not saved else (None, ())
    # Only now: most of this was loaded while workers counted the logs.
    from handclasp.app.live import look
    from handclasp.cli.fixing import fix_it, target
    from handclasp.model.finding import Severity
    from handclasp.present.triage import triage_fields

    instance = target(world, options, saved=saved) if apply else None
    evidence = _evidence(frame, world, options, (*lines, *told), saved=saved, elsewhere=bool(url))
    key = _client_key(world, client_key, evidence) if client_key else None
    if url:
        evidence = replace(evidence, seen=look(world.probe, url, _identity(evidence, key), connect=connect))
    if save:
        from handclasp.app.evidence_file import dump

        world.files.write(save, dump(evidence), mode=0o600)
    tools = _tools(frame, world, evidence, options) if prove else None
    proven = _examined(evidence, tools, key)
    fields = _told(frame, proven, triage)
    left = proven.diagnosis
    if fix:
        agreed = frozenset(agree).__contains__
        fixed = fix_it(frame, world, evidence, proven, key=key, prove=prove, agreed=agreed, instance=instance)
        fields["fix"], left = fixed.fields, fixed.left
    if frame.json:
        frame.document("doctor", fields | ({"triage": triage_fields(triage)} if triage else {}))
    return 1 if any(finding.severity is Severity.ERROR for finding in left.findings) else 0


def _tools(frame: Frame, world: "World", evidence: "Evidence", options: dict[str, Any]) -> "SandboxTools | None":
    """What remedies are tried with; None where there is no configuration to try them on, or no clock to try them by."""
    if evidence.root and options["at"] and abs(options["at"] - world.clock.now()) > _NOW:
        frame.hint("nothing was tried: nginx goes by the clock of today, whatever --at says")
        return None
    return world.sandbox_tools if evidence.root else None


def _examined(evidence: "Evidence", tools: "SandboxTools | None", key: bytes | None) -> "Proven":
    """The diagnosis; InputError when nothing that was given tells of a handshake."""
    from handclasp.app.doctor import examine
    from handclasp.app.sides import side_asked
    from handclasp.diagnose.lines import failure_in, refusal_in
    from handclasp.model.errors import InputError

    proven = examine(evidence, tools, client_key=key, side=side_asked(evidence))
    if not (evidence.root or evidence.seen or proven.diagnosis.findings):
        if refusal := refusal_in(evidence.log_lines):
            raise InputError(
                f"nginx refused a certificate for a reason that has no known cause: {refusal}",
                hint="give the configuration and the certificates too: --config, --client-cert or --upstream-chain",
            )
        if failure := failure_in(evidence.log_lines):
            raise InputError(
                f"a TLS connection failed for a reason that has no known cause: {failure}",
                hint="give the lines around it, the configuration (--config), or the live address (--url)",
            )
        raise InputError(
            "no line that was given tells of a handshake",
            hint="give lines as they stand in nginx's error log at level info, or the configuration: --config",
        )
    return proven


def _evidence(
    frame: Frame, world: "World", options: dict[str, Any], lines: tuple[str, ...], *, saved: str | None, elsewhere: bool
) -> "Evidence":
    """What was saved, or what the options name; without lines and a live address `elsewhere` a configuration is needed."""
    from handclasp.cli.gathering import evidence_of

    if saved:
        from handclasp.app.evidence_file import load

        return load(world.files.read(saved), where=saved)
    return evidence_of(frame, options, lines=lines, need_config=not (lines or elsewhere), live=True)


def _told(frame: Frame, proven: "Proven", triage: "Triage | None") -> dict[str, Any]:
    """Print the diagnosis, unless it goes into a document; its fields."""
    from handclasp.cli.paint import painter
    from handclasp.present.diagnosis import diagnosis_text
    from handclasp.present.diagnosis_data import diagnosis_fields
    from handclasp.present.triage import triage_text

    if not frame.json:
        if triage:
            frame.out(triage_text(triage, frame.lang) + "\n")
        frame.out(diagnosis_text(proven.diagnosis, frame.lang, painter(color=frame.color)))
        if proven.failed:
            frame.hint(proven.failed.in_language(frame.lang))
    return diagnosis_fields(proven.diagnosis, frame.lang, notes=proven.notes)


def _identity(evidence: "Evidence", key: bytes | None) -> "ClientIdentity | None":
    """The client in question, when both its chain and its key were given."""
    from handclasp.model.probe import ClientIdentity

    return ClientIdentity(certificate_chain=evidence.presented, private_key=key) if evidence.presented and key else None


def _triage(frame: Frame, world: "World", paths: tuple[str, ...], *, alone: bool) -> tuple["Triage | None", tuple[str, ...]]:
    """What these logs hold about TLS, and lines of it; InputError when there is nothing and they are `alone`."""
    from handclasp.app.count_logs import as_pasted, count_logs
    from handclasp.model.errors import InputError

    if "-" in paths and sys.stderr.isatty():
        frame.hint("reading the log from standard input; Ctrl-C ends it and shows what was found")
    counted = count_logs(paths, world.logs, world.workers, meanwhile=_load)
    from handclasp.diagnose.triage import triage

    found = triage(counted)
    if found.groups:
        return found, found.examples[:_MOST_EXAMPLES]
    pasted = as_pasted(paths, world.logs)
    if alone and pasted is None:
        raise InputError(
            "no line of this log tells of a handshake",
            where=", ".join(paths),
            hint="nginx logs why it refused a client at level info only: error_log FILE info;",
        )
    return (None, (pasted,)) if pasted else (found, ())


def _load() -> None:
    """What is needed after the logs are counted, and takes a fifth of a second to load."""
    import handclasp.app.doctor
    import handclasp.cli.gathering
    import handclasp.diagnose.triage
    import handclasp.present.diagnosis  # noqa: F401


def _client_key(world: "World", path: str, evidence: "Evidence") -> bytes:
    """The private key in a file; InputError when it is none, or not the client's."""
    from handclasp.model.errors import InputError
    from handclasp.pki.private_key import spki_of_private_key_pem
    from handclasp.pki.read import certificates_from_bytes

    content = world.files.read(path)
    held = spki_of_private_key_pem(content, where=path)
    sent = certificates_from_bytes(evidence.presented, where="--client-cert") if evidence.presented else ()
    if sent and sent[0].spki != held:
        raise InputError("is not the key of the client's certificate", where=path, hint="give the key of --client-cert")
    return content
