"""Who knocked and what came back, for readers of another language than the one in which proofs are recorded.

The name of a probe and what it saw are kept in English (journal, history, JSON). nginx's own words stay nginx's.
"""

import re

_Words = tuple[tuple[re.Pattern[str], str], ...]


def _table(*rows: tuple[str, str]) -> _Words:
    return tuple((re.compile(english), other) for english, other in rows)


# What is found is replaced where it stands, one row after the other; a name is what is left.
_NAMES: dict[str, _Words] = {
    "zh": _table(
        (r", forged headers with (.+)'s certificate, on a copy$", r"，伪造请求头，持 \1 的证书，在副本上"),
        (r", forged headers without certificate, on a copy$", "，伪造请求头，不出示证书，在副本上"),
        (r", (TLSv1\.[23])$", r"，\1"),
        (r" (?:\(revoked\)) ?(?=fresh|resumed|，)", "（已吊销）"),
        (r" (?:\(expired\)) ?(?=fresh|resumed|，)", "（已过期）"),
        (r" ?fresh(?=，TLS)", "，新握手"),
        (r" ?resumed(?=，TLS)", "，恢复会话"),
        (r" without SNI(?=，TLS)", "，不带 SNI"),
        (r", not on the list(?=，TLS)", "，不在名单上"),
        (r", of the (\S+) CA(?=，TLS)", r"，属于 \1 CA"),
        (r", certificate of another CA(?=，)", "，其他 CA 的证书"),
        (r", no certificate(?=，TLS)", "，不出示证书"),
        (r"^([^,，]+), ", r"\1，"),
        (r"^no certificate$", "不出示证书"),
        (r"^certificate of another CA$", "其他 CA 的证书"),
        (r"^the client in question$", "所涉及的客户端"),
    ),
}
_SEEN: dict[str, _Words] = {
    "zh": _table(
        (r", by nginx (\S+) of this machine$", r"，由本机的 nginx \1 测得"),
        (r" \(resumed\)$", "（恢复的会话）"),
        (r"^no answer: alert (.+)", r"没有应答：警报 \1"),
        (r"^no answer: ", "没有应答："),
        (r"^no session was given that could be resumed", "没有得到可恢复的会话"),
        (r"^let through, and the service did not answer \((\d+)\)", r"已放行，但服务没有应答（\1）"),
        (r"^let through", "已放行"),
        (r"^cut off", "连接被切断"),
    ),
}


def probe_name(name: str, lang: str) -> str:
    """The name of a probe."""
    return _replaced(name, _NAMES.get(lang, ()))


def seen_words(seen: str, lang: str) -> str:
    """What it saw."""
    return _replaced(seen, _SEEN.get(lang, ()))


def _replaced(text: str, table: _Words) -> str:
    for pattern, other in table:
        text = pattern.sub(other, text)
    return text
