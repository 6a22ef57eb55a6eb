"""The card of a bundle as Markdown and as a page to print, in English and in Chinese. Nothing is loaded from elsewhere."""

from collections.abc import Iterator
from html import escape

from handclasp.model.card import Card
from handclasp.model.text import Text
from handclasp.pki.export import ExportFile

LANGUAGES = ("en", "zh")

_WORDS = {
    "title": Text(en="Certificate of {name}: {device}", zh="{name} 的证书：{device}"),
    "files": Text(en="Files", zh="文件"),
    "steps": Text(en="What to do", zh="操作步骤"),
    "check": Text(en="How you see that it works", zh="如何确认生效"),
    "trouble": Text(en="When it does not", zh="不生效时"),
    "facts": Text(en="To compare", zh="核对"),
    "until": Text(en="good until", zh="有效期至"),
    "serial": Text(en="serial number", zh="序列号"),
    "root": Text(en="certificate authority", zh="证书颁发机构"),
    "sha256": Text(en="its SHA-256 fingerprint", zh="其 SHA-256 指纹"),
    "keep": Text(en="Keep in mind", zh="请注意"),
    "secret": Text(
        en="These files hold a private key: whoever has them and the password is {name}. Delete them when they are installed.",
        zh="这些文件含有私钥：谁拿到文件和密码，谁就是 {name}。安装后请删除。",
    ),
    "bare": Text(
        en="key.pem is not encrypted: whoever reads it is {name}. Keep its mode 0600, and never send it.",
        zh="key.pem 未加密：谁能读到它，谁就是 {name}。请保持权限 0600，不要发送它。",
    ),
    "lost": Text(
        en="Device lost, or somebody else saw the key: tell whoever runs the CA at once. They run: handclasp revoke {name}",
        zh="设备丢失或密钥外泄：立即通知 CA 管理员。管理员运行：handclasp revoke {name}",
    ),
    "remove": Text(en="To take it off the device: ", zh="从设备上移除："),
}

_STYLE = (
    "body{font:16px/1.5 system-ui,'Noto Sans CJK SC',sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem;"
    "color:#1b1b1b;background:#fff;overflow-wrap:anywhere}h1{font-size:1.4rem}"
    "h2{font-size:1.05rem;margin:1.4rem 0 .3rem;border-top:1px solid #bbb;padding-top:.6rem}"
    "li{margin:.35rem 0}pre{background:#f3f3f3;padding:.5rem .7rem;white-space:pre-wrap;"
    "margin:.3rem 0}dt{font-weight:600}dd{margin:0 0 .4rem}"
    "@media print{body{margin:0;max-width:none;font-size:11pt}h2,li,pre{break-inside:avoid}pre{border:1px solid #bbb}}"
    "@page{margin:18mm}"
)


def card_files(card: Card) -> Iterator[ExportFile]:
    """card.en.md, card.en.html and the same in Chinese."""
    for lang in LANGUAGES:
        yield ExportFile(name=f"card.{lang}.md", content=card_markdown(card, lang).encode(), mode=0o644)
        yield ExportFile(name=f"card.{lang}.html", content=card_html(card, lang).encode(), mode=0o644)


def card_markdown(card: Card, lang: str) -> str:
    """The card as Markdown."""
    lines = [f"# {_title(card, lang)}"]
    lines += [_heading("files", lang), *(f"- `{name}`" for name in card.files), _heading("steps", lang)]
    for number, step in enumerate(card.steps, start=1):
        lines.append(f"{number}. {step.text.in_language(lang)}")
        if step.code:
            lines += ["", "   ```", *(f"   {line}" for line in step.code.splitlines()), "   ```", ""]
    lines += [_heading("check", lang), card.check.in_language(lang)]
    if card.trouble:
        lines += [_heading("trouble", lang), *(f"- {text.in_language(lang)}" for text in card.trouble)]
    lines += [_heading("facts", lang), *(f"- {label}: `{value}`" for label, value in _facts(card, lang))]
    lines += [_heading("keep", lang), *(f"- {text}" for text in _remarks(card, lang))]
    return "\n".join(lines) + "\n"


def card_html(card: Card, lang: str) -> str:
    """The card as a page of its own, which prints on one or two sheets."""
    title = escape(_title(card, lang))
    steps = "".join(
        f"<li>{escape(step.text.in_language(lang))}{f'<pre>{escape(step.code)}</pre>' if step.code else ''}</li>"
        for step in card.steps
    )
    parts = [
        _section("files", lang, _list("ul", [f"<code>{escape(name)}</code>" for name in card.files])),
        _section("steps", lang, f"<ol>{steps}</ol>"),
        _section("check", lang, f"<p>{escape(card.check.in_language(lang))}</p>"),
    ]
    if card.trouble:
        parts.append(_section("trouble", lang, _list("ul", [escape(text.in_language(lang)) for text in card.trouble])))
    facts = "".join(
        f"<dt>{escape(label)}</dt><dd><code>{escape(value).replace(':', ':<wbr>')}</code></dd>"
        for label, value in _facts(card, lang)
    )
    parts.append(_section("facts", lang, f"<dl>{facts}</dl>"))
    parts.append(_section("keep", lang, _list("ul", [escape(text) for text in _remarks(card, lang)])))
    return (
        f'<!doctype html>\n<html lang="{lang}">\n<head>\n<meta charset="utf-8">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        '<meta name="viewport" content="width=device-width">\n'
        f"<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n"
        + "\n".join(parts)
        + "\n</main>\n</body>\n</html>\n"
    )


def _title(card: Card, lang: str) -> str:
    return _WORDS["title"].in_language(lang).format(name=card.name, device=card.device.in_language(lang))


def _heading(key: str, lang: str) -> str:
    return f"\n## {_WORDS[key].in_language(lang)}\n"


def _section(key: str, lang: str, inner: str) -> str:
    return f"<section>\n<h2>{escape(_WORDS[key].in_language(lang))}</h2>\n{inner}\n</section>"


def _list(kind: str, items: list[str]) -> str:
    return f"<{kind}>" + "".join(f"<li>{item}</li>" for item in items) + f"</{kind}>"


def _facts(card: Card, lang: str) -> list[tuple[str, str]]:
    values = {"until": f"{card.until:%Y-%m-%d}", "serial": card.serial, "root": card.root, "sha256": card.root_sha256}
    return [(_WORDS[key].in_language(lang), value) for key, value in values.items()]


def _remarks(card: Card, lang: str) -> list[str]:
    first = _WORDS["secret" if card.secret else "bare"].in_language(lang).format(name=card.name)
    lost = _WORDS["lost"].in_language(lang).format(name=f"'{card.name}'" if " " in card.name else card.name)
    return [first, lost, _WORDS["remove"].in_language(lang) + card.remove.in_language(lang)]
