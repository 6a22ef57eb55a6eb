"""Markdown of the documentation to HTML: headings get addresses, links lead to pages of the site, code takes the focus."""

import posixpath
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markupsafe import Markup, escape

_COMMENT = re.compile(r"^<!--.*?-->\n?", re.DOTALL | re.MULTILINE)

# From the target of a link to its address in the site; None: it is not part of it.
Resolve = Callable[[str], str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A rendered text: its first heading, the rest as HTML, and the headings of the second level with their ids."""

    title: str
    body: Markup
    sections: tuple[tuple[str, str], ...]


def render(source: str, resolve: Resolve) -> Document:
    """The text as HTML. The first heading is taken out: the page shows it itself."""
    tokens = _parser().parse(_COMMENT.sub("", source))
    title, tokens = _without_title(tokens)
    sections = _name_headings(tokens)
    for token in tokens:
        for child in token.children or ():
            _lead(child, resolve)
    html: str = _parser().renderer.render(tokens, _parser().options, {})
    return Document(title=title, body=Markup(html), sections=sections)  # noqa: S704 - our own documents


def title_of(source: str) -> str:
    """The first heading as plain words."""
    return _without_title(_parser().parse(_COMMENT.sub("", source)))[0]


def lead_of(source: str) -> str:
    """The first paragraph behind the first heading, as plain words."""
    tokens = _without_title(_parser().parse(_COMMENT.sub("", source)))[1]
    places = (place for place, token in enumerate(tokens) if token.type == "paragraph_open" and not token.level)
    place = next(places, None)
    return "" if place is None else _plain(tokens[place + 1])


def links_of(source: str) -> tuple[str, ...]:
    """Targets of all links and pictures."""
    inline = (child for token in _parser().parse(_COMMENT.sub("", source)) for child in token.children or ())
    return tuple(str(child.attrGet("href") or child.attrGet("src")) for child in inline if child.type in {"link_open", "image"})


def resolver(folder: str, pages: Mapping[str, str], files: Sequence[str]) -> Resolve:
    """Addresses for links of a document in `folder` of docs/: pages by their source, files that are copied to assets/."""

    def resolve(target: str) -> str | None:
        if re.match(r"[a-z]+:", target) or target.startswith("#"):
            return target
        path, mark, anchor = target.partition("#")
        full = posixpath.normpath(posixpath.join(folder, path))
        if full in pages:
            return f"{pages[full]}.html{mark}{anchor}"
        return f"../assets/{posixpath.basename(full)}" if full in files else None

    return resolve


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": True}).enable("table")
    parser.add_render_rule("fence", _fence)
    parser.add_render_rule("table_open", _table_open)
    parser.add_render_rule("table_close", lambda *_: "</table></div>\n")
    return parser


def _without_title(tokens: list[Token]) -> tuple[str, list[Token]]:
    if tokens and tokens[0].type == "heading_open" and tokens[0].tag == "h1":
        return _plain(tokens[1]), tokens[3:]
    return "", tokens


def _plain(token: Token) -> str:
    parts = (" " if child.type == "softbreak" else child.content for child in token.children or ())
    return "".join(parts).strip()


def _name_headings(tokens: list[Token]) -> tuple[tuple[str, str], ...]:
    """Ids for headings, unique, as other readers of Markdown make them; those of the second level are returned."""
    used: set[str] = set()
    found: list[tuple[str, str]] = []
    for place, token in enumerate(tokens):
        if token.type == "heading_open":
            words = _plain(tokens[place + 1])
            name = base = re.sub(r"[^\w\- ]", "", words.lower()).strip().replace(" ", "-") or "section"
            while name in used:
                name = f"{base}-{len(used)}"
            used.add(name)
            token.attrSet("id", name)
            if token.tag == "h2":
                found.append((name, words))
    return tuple(found)


def _lead(token: Token, resolve: Resolve) -> None:
    """A link to a page of the site leads there; one to something that is not in the site becomes plain text."""
    name = {"link_open": "href", "image": "src"}.get(token.type)
    if name is None:
        return
    address = resolve(str(token.attrGet(name)))
    if address is not None:
        token.attrSet(name, address)
    else:
        token.attrs.pop(name)
        token.attrSet("class", "elsewhere")


def _fence(_: RendererHTML, tokens: Sequence[Token], place: int, *_rest: object) -> str:
    kind = tokens[place].info.split(" ")[0] or "text"
    return f'<pre tabindex="0" class="{escape(kind)}"><code>{escape(tokens[place].content)}</code></pre>\n'


def _table_open(*_: object) -> str:
    return '<div class="wide" tabindex="0"><table>\n'
