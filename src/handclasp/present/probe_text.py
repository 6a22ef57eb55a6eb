"""What a probe saw, for people and for programs."""

from collections.abc import Iterable
from typing import Any

from handclasp.model.probe import ProbeResult
from handclasp.pki.read import certificate_from_der
from handclasp.present.visible import readable, visible


def chain_json(chain: Iterable[bytes]) -> list[dict[str, Any]]:
    """Subject, issuer and expiry of each certificate (DER), leaf first; one that cannot be read says so."""
    return [_certificate(der) for der in chain]


def _certificate(der: bytes) -> dict[str, Any]:
    try:
        read = certificate_from_der(der)
    except Exception as error:  # noqa: BLE001 - a stranger's certificate may be broken in any way; the rest is still worth showing
        return {"subject": None, "issuer": None, "not_after": None, "fingerprint": None, "error": str(error)}
    return {
        "subject": read.subject_text,
        "issuer": read.issuer_text,
        "not_before": read.not_before,
        "not_after": read.not_after,
        "fingerprint": read.fingerprint,
        "names": [name.value for name in read.subject_alt_name or ()],
    }


def result_json(seen: ProbeResult | None) -> dict[str, Any] | None:
    """One handshake; without the session, which is a secret."""
    if seen is None:
        return None
    return {
        "certificate_requested": seen.certificate_requested,
        "advertised_cas": list(seen.advertised_cas),
        "tls": seen.tls,
        "cipher": seen.cipher,
        "presented_chain": chain_json(seen.presented_chain),
        "chain_error": seen.chain_error,
        "resumed": seen.resumed,
        "session": seen.session is not None,
        "status": seen.status,
        "title": seen.title,
        "error": seen.error,
        "alert": seen.alert,
        "seconds": round(seen.seconds, 4),
    }


def answer_text(seen: ProbeResult) -> str:
    """The answer in one line: "200", "400 The SSL certificate error", "no answer: alert certificate_required (116)"."""
    if seen.status is not None:
        title = visible(seen.title or "")
        said = title if title.startswith(str(seen.status)) else f"{seen.status} {title}".strip()
    else:
        said = f"no answer: alert {seen.alert}" if seen.alert else f"no answer: {visible(seen.error or 'closed')}"
    return f"{said} ({'resumed session' if seen.resumed else 'fresh handshake'})" if seen.tls else said


def handshake_lines(seen: ProbeResult) -> list[str]:
    """Protocol, what was presented and what is accepted, one fact per line."""
    lines = [f"protocol            {seen.tls}, {seen.cipher}" if seen.tls else "protocol            none: the handshake failed"]
    for number, item in enumerate(chain_json(seen.presented_chain)):
        head = "server presents     " if number == 0 else " " * 20
        lines.append(f"{head}{number}: {visible(str(item['subject'] or item.get('error')))}")
        if item["subject"] is not None:
            lines.append(
                f"{' ' * 23}issued by {visible(str(item['issuer']))}, good until {item['not_after']:%Y-%m-%d %H:%M} UTC"
            )
    if seen.chain_error:
        lines.append(f"server certificate  not trusted: {seen.chain_error}")
    if seen.certificate_requested:
        lines += [f"accepted CAs        {readable(name)}" for name in seen.advertised_cas] or ["accepted CAs        none named"]
    return lines
