"""The knowledge base as files: pages in each language, Markdown, JSON, lists for programs. Nothing is written here."""
