"""Pages of the documentation: the texts of docs/, and the page that leads to them."""

from collections.abc import Iterator
from functools import cache

from handclasp.present.kb import guide, markdown
from handclasp.present.kb.guide import KINDS
from handclasp.present.kb.html import Page


def doc_pages(page: Page, version: str) -> Iterator[tuple[str, bytes]]:
    """Path and content: pages and their Markdown, and the page that leads to them."""
    about = page.plain("docs-about")
    yield "docs.html", page.html("docs", version=version, name="docs", title=page.plain("docs"), description=about)
    for item in guide.guides():
        text, lang = guide.source(item, page.lang)
        drawn = markdown.render(text, markdown.resolver(item.folder, _addresses(), tuple(guide.pictures())))
        yield (
            f"{item.page}.html",
            page.html(
                "doc",
                version=version,
                name=item.page,
                title=drawn.title,
                description=markdown.lead_of(text) or drawn.title,
                kind=KINDS[item.kind],
                foreign=lang != page.lang,
                sections=drawn.sections,
                body=drawn.body,
            ),
        )
        yield f"{item.page}.md", text.encode()


@cache
def _addresses() -> dict[str, str]:
    """Pages by the path of their text below docs/."""
    return {f"{item.name}.md": item.page for item in guide.guides()}
