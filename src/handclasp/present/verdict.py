"""A verdict as text: what nginx will answer, the errors in order, and the path drawn."""

from handclasp.model.verdict import PathStep, RejectedIssuer, Source, Verdict
from handclasp.present.visible import visible


def verdict_fields(verdict: Verdict) -> dict[str, object]:
    """The JSON form (docs: predict, doctor)."""
    reported = verdict.reported
    return {
        "side": verdict.side.value,
        "status": verdict.status,
        "title": verdict.title,
        "verify": verdict.verify,
        "reported": {"number": reported.number, "symbol": reported.symbol, "text": reported.text, "depth": reported.depth}
        if reported
        else None,
        "errors": [
            {"number": item.number, "symbol": item.symbol, "text": item.text, "depth": item.depth, "subject": item.subject}
            for item in verdict.errors
        ],
        "path": [
            {
                "depth": step.depth,
                "source": step.source.value,
                "subject": step.certificate.subject_text,
                "issuer": step.certificate.issuer_text,
                "serial": f"{step.certificate.serial:X}",
                "not_after": step.certificate.not_after,
                "fingerprint": step.certificate.fingerprint,
            }
            for step in verdict.path
        ],
        "start": verdict.start,
        "alert": verdict.alert,
        "closed": verdict.closed,
        "log": verdict.log,
    }


def outcome(verdict: Verdict) -> str:
    """One line: what the peer sees."""
    if verdict.start is not None:
        return f"nginx refuses to start: {visible(verdict.start)}"
    if verdict.alert:
        return f"no HTTP answer: TLS alert {verdict.alert}"
    if verdict.closed:
        return "nginx closes the connection without a word"
    if verdict.title:
        return verdict.title
    return str(verdict.status) if verdict.status is not None else "accepted"


def verdict_text(verdict: Verdict, *, drawn: bool) -> str:
    """The verdict for people; `drawn` adds the path and what was rejected on the way."""
    lines = [outcome(verdict)]
    if verdict.verify is not None:
        lines.append(f"  $ssl_client_verify  {visible(verdict.verify)}")
    if verdict.log:
        lines.append(f"  nginx logs          {visible(verdict.log)}")
    lines += [
        f"  raised              {item.number} {item.text}, depth {item.depth}: {visible(item.subject)}"
        for item in verdict.errors
    ]
    if drawn and verdict.path:
        lines += ["", *path_lines(verdict.path, verdict.rejected)]
    return "\n".join(lines)


def path_lines(path: tuple[PathStep, ...], rejected: tuple[RejectedIssuer, ...] = ()) -> list[str]:
    """The path, leaf first, one certificate per line, with the candidates that were not taken under the gap they failed at."""
    lines: list[str] = []
    for step in path:
        origin = "sent by the peer" if step.source is Source.PRESENTED else "trust store"
        lines.append(
            f"  {'  ' * step.depth}{step.depth}  {visible(step.certificate.subject_text) or '(empty subject)'}   [{origin}]"
        )
    top = path[-1] if path else None
    if top and not top.certificate.self_issued:
        lines.append(f"  {'  ' * (top.depth + 1)}?  {visible(top.certificate.issuer_text)}   [not found]")
    lines += [f"     not taken above {item.depth}: {visible(item.candidate.subject_text)}: {item.reason}" for item in rejected]
    return lines
