"""What is handed over about one person: the full statement, who looked at their data, the receipt of consents."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from application import erase as erasing
from application import receipts, statement
from application.statement import Surroundings
from entrypoints.http import whom
from entrypoints.http.console.files import HandedFile, json_file, pdf_file
from entrypoints.http.console.filters import ROWS, Filters
from entrypoints.http.console.guard import OFFICERS
from entrypoints.http.console.page import Look, Page, Shown
from entrypoints.http.console.requests import worded
from entrypoints.http.console.rights_strings import LOOKED_AT

FORMATS: Final = ("json", "pdf")


class StatementPage(Page):
    """The full statement as a file, signed: ``?format=json`` or ``pdf``."""

    path = "/console/people/{subject_id:uuid}/statement"
    title = "statement"
    template = "error.html"
    section = "people"
    roles = OFFICERS

    def show(self, look: Look) -> Shown | HandedFile:
        """Return the file; recorded as a view."""
        subject_id: UUID = look.path["subject_id"]
        about = whom.somebody(look.app, look.principal, subject_id)
        printed = look.query.get("format") == "pdf"
        look.viewing(subject_id, "statement")
        if about.erased:
            proof = erasing.as_document(erasing.standing(look.services, subject_id))
            document = statement.erased(subject_id, proof, look.services.clock.now())
        else:
            document = statement.full(look.services, subject_id, Surroundings(look.app.settings.idp_issuer))
        envelope = statement.signed_statement(look.services, document)
        return pdf_file("statement", envelope, look.act.at) if printed else json_file("statement", envelope)


class ReceiptPage(Page):
    """The signed receipt of a person's consents, ended ones too, as a file."""

    path = "/console/people/{subject_id:uuid}/consents/receipt"
    title = "receipt"
    template = "error.html"
    section = "people"

    def show(self, look: Look) -> Shown | HandedFile:
        """Return the file; recorded as a view."""
        subject_id: UUID = look.path["subject_id"]
        look.check_subject(subject_id)
        issued = receipts.receipt(look.services, subject_id)
        look.viewing(subject_id, "consent_receipt")
        return json_file("consent-receipt", issued)


class ViewingsPage(Page):
    """Who looked at one person's data, what and when: as the person sees it."""

    path = "/console/people/{subject_id:uuid}/viewings"
    title = "viewings"
    template = "viewings.html"
    section = "people"
    roles = OFFICERS

    def show(self, look: Look) -> Shown:
        """Return a page of viewings; recorded as one itself."""
        subject_id: UUID = look.path["subject_id"]
        look.check_subject(subject_id)
        filters = Filters(look)
        page = filters.page()
        shown: Shown = {"filters": filters, "errors": filters.errors, "subject_id": subject_id, "rows": None}
        if filters.errors:
            return shown
        look.viewing(subject_id, "viewings")
        seen = dict(worded(LOOKED_AT, look.language))
        found, skip = statement.viewings(look.services, subject_id), (page - 1) * ROWS
        return shown | {
            "rows": [row | {"seen": seen.get(row["what"], row["what"])} for row in found[skip : skip + ROWS]],
            "number": page,
            "paging": filters.paging(page, more=len(found) > skip + ROWS),
        }
