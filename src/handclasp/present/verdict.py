"""A verdict as text: what nginx will answer, the errors in order, and the path drawn."""

from handclasp.model.text import Text
from handclasp.model.verdict import PathStep, RejectedIssuer, Source, Verdict
from handclasp.present.visible import readable, visible


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
        "otherwise": [{"status": one.status, "depends_on": list(one.depends_on)} for one in verdict.otherwise],
    }


_WORDS = {
    "start": Text(en="nginx refuses to start: {words}", zh="nginx 拒绝启动：{words}"),
    "alert": Text(en="no HTTP answer: TLS alert {words}", zh="没有 HTTP 应答：TLS 警报 {words}"),
    "closed": Text(en="nginx closes the connection without a word", zh="nginx 不作任何应答就关闭连接"),
    "accepted": Text(en="accepted", zh="接受"),
    Source.PRESENTED: Text(en="sent by the peer", zh="对端发送"),
    Source.STORE: Text(en="trust store", zh="信任库"),
    "empty": Text(en="(empty subject)", zh="（主体为空）"),
    "missing": Text(en="not found", zh="没有找到"),
    "passed": Text(en="not taken above {depth}: {subject}: {reason}", zh="{depth} 之上未采用：{subject}：{reason}"),
}


# Why path building passed an issuer over (verdict.issued, verdict.build).
_REASONS = {
    "its name is not the issuer's name": "名称与签发者名称不同",
    "an extension cannot be parsed": "有扩展无法解析",
    "its key is of another algorithm than the signature": "密钥算法与签名算法不同",
    "its key usage does not include certificate signing": "密钥用法不含证书签名",
    "the authority key identifier names another key": "授权密钥标识符指向另一个密钥",
    "the authority key identifier names another serial number": "授权密钥标识符指向另一个序列号",
    "the authority key identifier names another issuer's issuer": "授权密钥标识符指向另一个签发者的签发者",
    "it is in the path already": "已在路径中",
    "of the same name as the self-signed certificate, but not the same": "与该自签名证书同名，但不是同一张",
}


def outcome(verdict: Verdict, lang: str = "en") -> str:
    """One line: what the peer sees."""
    told = (("start", verdict.start), ("alert", verdict.alert))
    for key, words in told:
        if words:
            return _WORDS[key].in_language(lang).format(words=visible(words))
    if verdict.closed:
        return _WORDS["closed"].in_language(lang)
    if verdict.title:
        return verdict.title
    return str(verdict.status) if verdict.status is not None else _WORDS["accepted"].in_language(lang)


def verdict_text(verdict: Verdict, *, drawn: bool) -> str:
    """The verdict for people; `drawn` adds the path and what was rejected on the way."""
    lines = [outcome(verdict)]
    if verdict.verify is not None:
        lines.append(f"  $ssl_client_verify  {visible(verdict.verify)}")
    if verdict.log:
        lines.append(f"  nginx logs          {visible(verdict.log)}")
    lines += [f"  or {one.status}, depending on  {visible(', '.join(one.depends_on))}" for one in verdict.otherwise]
    lines += [
        f"  raised              {item.number} {item.text}, depth {item.depth}: {visible(item.subject)}"
        for item in verdict.errors
    ]
    if drawn and verdict.path:
        lines += ["", *path_lines(verdict.path, verdict.rejected)]
    return "\n".join(lines)


def path_lines(path: tuple[PathStep, ...], rejected: tuple[RejectedIssuer, ...] = (), lang: str = "en") -> list[str]:
    """The path, leaf first, one certificate per line, with the candidates that were not taken under the gap they failed at."""
    lines: list[str] = []
    for step in path:
        origin = _WORDS[step.source].in_language(lang)
        subject = readable(step.certificate.subject_text) or _WORDS["empty"].in_language(lang)
        lines.append(f"  {'  ' * step.depth}{step.depth}  {subject}   [{origin}]")
    top = path[-1] if path else None
    if top and not top.certificate.self_issued:
        lines.append(
            f"  {'  ' * (top.depth + 1)}?  {readable(top.certificate.issuer_text)}   [{_WORDS['missing'].in_language(lang)}]"
        )
    for item in rejected:
        words = {
            "depth": item.depth,
            "subject": readable(item.candidate.subject_text),
            "reason": Text(en=item.reason, zh=_REASONS.get(item.reason, item.reason)).in_language(lang),
        }
        lines.append("     " + _WORDS["passed"].in_language(lang).format(**words))
    return lines
