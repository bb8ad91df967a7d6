"""Markdown of notices to HTML: text only. No raw HTML, no picture, and no link that leads anywhere but the web."""

from __future__ import annotations

from typing import Final

from markdown_it import MarkdownIt

_SCHEMES: Final = ("https://", "mailto:")


class _Careful(MarkdownIt):
    """CommonMark with tables, whose links are https or mailto."""

    def validateLink(self, url: str) -> bool:  # noqa: N802 - the library's name
        """Say whether that address may stand in a link; else the link stays as text."""
        return url.lower().startswith(_SCHEMES)


def render_markdown(text: str) -> str:
    """Return an HTML fragment of Markdown; tags in the text are shown as text, pictures are left as text."""
    parser = _Careful("commonmark", {"html": False, "linkify": False}).enable("table").disable("image")
    return str(parser.render(text))
