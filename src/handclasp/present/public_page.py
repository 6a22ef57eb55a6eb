"""The page that strangers see: which CAs there are, their fingerprints, where their files lie. No script, nothing foreign."""

from collections.abc import Iterable
from html import escape
from typing import Protocol


class Shown(Protocol):
    """What the page says of one CA."""

    @property
    def label(self) -> str:
        """Its name in paths."""

    @property
    def subject(self) -> str:
        """RFC 4514."""

    @property
    def sha256(self) -> str:
        """Fingerprint."""

    @property
    def sha1(self) -> str:
        """Fingerprint."""


_WORDS = {
    "en": {
        "title": "Certificate authority",
        "advice": "Compare the fingerprint over another channel before you trust a certificate from this page.",
        "certificate": "certificate",
        "crl": "revocation list",
        "all": "all CA certificates",
        "lists": "all revocation lists",
    },
    "zh": {
        "title": "证书颁发机构",
        "advice": "在信任本页的证书之前，请通过其他渠道核对指纹。",
        "certificate": "证书",
        "crl": "吊销列表",
        "all": "全部 CA 证书",
        "lists": "全部吊销列表",
    },
}

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:48rem;margin:2rem auto;padding:0 1rem;color:#1b1b1b;background:#fff}"
    "code{overflow-wrap:anywhere}section{border-top:1px solid #ccc;padding:.5rem 0}"
)


def public_page(authorities: Iterable[Shown], lang: str) -> str:
    """One HTML document; every foreign text is escaped."""
    words = _WORDS.get(lang, _WORDS["en"])
    sections = "".join(_section(one, words) for one in authorities)
    title = escape(words["title"])
    return (
        f'<!DOCTYPE html><html lang="{lang if lang in _WORDS else "en"}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{title}</title><style>{_STYLE}</style></head>'
        f"<body><main><h1>{title}</h1><p>{escape(words['advice'])}</p>{sections}"
        f'<p><a href="ca/chain.pem">{escape(words["all"])}</a> · <a href="crl/all.pem">{escape(words["lists"])}</a></p>'
        "</main></body></html>\n"
    )


def _section(one: Shown, words: dict[str, str]) -> str:
    label = escape(one.label, quote=True)
    return (
        f"<section><h2>{escape(one.subject)}</h2>"
        f"<p>SHA-256 <code>{one.sha256}</code><br>SHA-1 <code>{one.sha1}</code></p>"
        f'<p><a href="ca/{label}.crt">{escape(words["certificate"])}</a> · '
        f'<a href="crl/{label}.crl">{escape(words["crl"])}</a></p></section>'
    )
