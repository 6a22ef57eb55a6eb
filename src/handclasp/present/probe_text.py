"""What a probe saw, for people and for programs."""

from collections.abc import Iterable
from typing import Any, Protocol

from handclasp.model.probe import ProbeResult
from handclasp.model.text import Text
from handclasp.pki.read import certificate_from_der
from handclasp.present.columns import pad
from handclasp.present.proof_words import seen_words
from handclasp.present.visible import readable, visible

WITHOUT = Text(en="without one", zh="不出示证书")
WITH_YOURS = Text(en="with yours", zh="出示您的证书")
_ASKED = Text(en="certificate asked", zh="请求客户端证书")
_PROTOCOL = Text(en="protocol", zh="协议")
_PRESENTS = Text(en="server presents", zh="服务器出示")
_SERVER = Text(en="server certificate", zh="服务器证书")
_ACCEPTED = Text(en="accepted CAs", zh="接受的 CA")
_YES = Text(en="yes", zh="是")
_NO = Text(en="no", zh="否")
_NOT_RESUMED = Text(en="not in a resumed handshake", zh="恢复会话时不请求")
_FAILED = Text(en="none: the handshake failed", zh="无：握手失败")
_ISSUED = Text(en="issued by {issuer}, good until {until}", zh="签发者 {issuer}，有效期至 {until}")
_DISTRUSTED = Text(en="not trusted: {why}", zh="不受信任：{why}")
_NONE_NAMED = Text(en="none named", zh="未列出")
_RESUMED = Text(en=" (resumed session)", zh="（恢复的会话）")
_FRESH = Text(en=" (fresh handshake)", zh="（新握手）")
_WIDE = 20


class _Probed(Protocol):
    @property
    def requested(self) -> bool: ...
    @property
    def client(self) -> ProbeResult: ...


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


def answer_text(seen: ProbeResult, lang: str) -> str:
    """The answer in one line: "200", "400 The SSL certificate error", "no answer: alert certificate_required (116)"."""
    if seen.status is not None:
        title = visible(seen.title or "")
        said = title if title.startswith(str(seen.status)) else f"{seen.status} {title}".strip()
    else:
        said = f"no answer: alert {seen.alert}" if seen.alert else f"no answer: {visible(seen.error or 'closed')}"
        said = seen_words(said, lang)
    return said + (_RESUMED if seen.resumed else _FRESH).in_language(lang) if seen.tls else said


def asked_line(probed: _Probed, lang: str) -> str:
    """Whether the server asked for a certificate."""
    if probed.requested:
        return fact(_ASKED, _YES.in_language(lang), lang)
    return fact(_ASKED, (_NOT_RESUMED if probed.client.resumed else _NO).in_language(lang), lang)


def handshake_lines(seen: ProbeResult, lang: str) -> list[str]:
    """Protocol, what was presented and what is accepted, one fact per line."""
    lines = [fact(_PROTOCOL, f"{seen.tls}, {seen.cipher}" if seen.tls else _FAILED.in_language(lang), lang)]
    for number, item in enumerate(chain_json(seen.presented_chain)):
        subject = f"{number}: {visible(str(item['subject'] or item.get('error')))}"
        lines.append(fact(_PRESENTS, subject, lang) if number == 0 else " " * _WIDE + subject)
        if item["subject"] is not None:
            issuer, until = visible(str(item["issuer"])), f"{item['not_after']:%Y-%m-%d %H:%M} UTC"
            lines.append(" " * (_WIDE + 3) + _ISSUED.in_language(lang).format(issuer=issuer, until=until))
    if seen.chain_error:
        lines.append(fact(_SERVER, _DISTRUSTED.in_language(lang).format(why=seen.chain_error), lang))
    if seen.certificate_requested:
        named = [readable(name) for name in seen.advertised_cas] or [_NONE_NAMED.in_language(lang)]
        lines += [fact(_ACCEPTED, name, lang) for name in named]
    return lines


def fact(label: Text, value: str, lang: str) -> str:
    """One fact beside its label."""
    return pad(label.in_language(lang), _WIDE) + value
