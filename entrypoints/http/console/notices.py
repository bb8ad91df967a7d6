"""The privacy notices: versions, which is in force, and their texts as people read them."""

from __future__ import annotations

from markupsafe import Markup

from adapters.reports.markdown import render_markdown
from application import notice as notices
from entrypoints.http.console.page import Look, Page, Shown


class NoticesPage(Page):
    """Every version there ever was, the newest first."""

    path = "/console/notices"
    title = "notices"
    template = "notices.html"
    section = "notices"
    in_nav = True

    def show(self, look: Look) -> Shown:
        """Return the versions."""
        known = notices.known(look.services)
        return {
            "rows": [{"notice": notice, "published": published} for notice, published in reversed(known)],
            "in_force": notices.in_force(look.services).version,
        }


class NoticePage(Page):
    """One version with both of its texts."""

    path = "/console/notices/{version}"
    title = "notice"
    template = "notice.html"
    section = "notices"

    def show(self, look: Look) -> Shown:
        """Return the notice. Its texts are Markdown of the house's own; tags in them are shown as text."""
        version = str(look.path["version"])
        notice = notices.of_version(look.services, version)
        published = next(found for each, found in notices.known(look.services) if each.version == version)
        return {
            "notice": notice,
            "published": published,
            "in_force": notices.in_force(look.services).version == version,
            "texts": [
                ("pt-BR", Markup(render_markdown(notice.pt_br))),  # noqa: S704 - rendered without raw HTML
                ("en", Markup(render_markdown(notice.en))),  # noqa: S704
            ],
        }
