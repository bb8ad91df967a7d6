"""Requests for the table of roles: the console's pages about requests, consents and notices."""

from __future__ import annotations

from typing import TYPE_CHECKING

from application.notice import BUILT_IN
from tests.unit.http.role_requests import Ask

if TYPE_CHECKING:
    from tests.unit.http.role_requests import Target


def erased_in_path(target: Target, _who: str) -> Ask:
    return Ask({"subject_id": target.erased_id})


def taking_in(target: Target, _who: str) -> Ask:
    return Ask(form={"who": target.subject_id, "request_kind": "access", "identity_check": "badge"})


def taking_in_by_username(target: Target, _who: str) -> Ask:
    return Ask(form={"who": target.username, "request_kind": "access", "identity_check": "badge"})


def request_in_path(target: Target, _who: str) -> Ask:
    return Ask({"request_id": target.request_id})


def answering(target: Target, _who: str) -> Ask:
    return Ask({"request_id": target.request_id}, form={"action": "answer"})


def refusing(target: Target, _who: str) -> Ask:
    return Ask({"request_id": target.request_id}, form={"action": "refuse", "refusal": "fact_prevents"})


def review_in_path(target: Target, _who: str) -> Ask:
    return Ask({"request_id": target.review_id})


def deciding(target: Target, _who: str) -> Ask:
    return Ask({"request_id": target.review_id}, form={"decision": "upheld:decision_correct"})


def inviting(target: Target, _who: str) -> Ask:
    return Ask(form={"person_is": "existing", "who": target.subject_id})


def inviting_by_username(target: Target, _who: str) -> Ask:
    return Ask(form={"person_is": "existing", "who": target.username})


def notice_in_path(_target: Target, _who: str) -> Ask:
    return Ask({"version": BUILT_IN.version})
