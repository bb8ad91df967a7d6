"""Review of a refusal by a person: everything the decision used for the officer, plain words for who was refused."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID, uuid4

import pytest

from application import consent as consents
from application import lockout, reviewing
from application import requests as desk
from application.lockout import FACE, Origin
from application.projections.changes import Amend
from application.requests import Asked
from domain.errors import InvalidInputError, NotFoundError, RequestStateError
from domain.request import Request
from tests.house import ADDRESS, ICU, LAB, House, frames


def anywhere(_department: str) -> bool:
    return True


def icu_only(department: str) -> bool:
    return department == ICU


def refused(house: House, face: str = "stranger", **where: Any) -> UUID:
    attempt = house.shown(frames(face), **where)
    assert not attempt.decide().success
    return attempt.attempt_id


def review_of(house: House, attempt_id: UUID, subject_id: UUID) -> Request:
    act = house.act(f"subject:{subject_id}")
    return desk.open_request(
        house.services, subject_id, Asked("review", attempt_id=attempt_id), department=ICU, act=act
    )


def decided(house: House, request: Request, decision: str, reason: str, **more: Any) -> Request:
    act = house.act("token:officer")
    return reviewing.decide(house.services, request.id, decision, reason=reason, reaches=anywhere, act=act, **more)


def test_the_officer_sees_scores_thresholds_policy_consent_and_what_the_client_was_told(house: House) -> None:
    ana = house.enroll("ana")
    request = review_of(house, refused(house, claim="ana.souza"), ana.subject_id)

    seen = reviewing.evidence(house.services, request.id, reaches=anywhere, act=house.act("token:officer"))

    assert seen["match"]["similarity"] < seen["match"]["threshold"]
    assert seen["match"]["claimed"] is True
    assert seen["evidence"]["frames_judged"] == 3
    assert seen["attempt"]["reason_in_words"]["en"] == "the similarity to the nearest person stayed below the threshold"
    assert seen["attempt"]["client_was_told"]["en"] == "the face was not recognised in this department"
    assert seen["attempt"]["linked_to_the_person"] is False
    assert {purpose: then["in_force"] for purpose, then in seen["consents_then"].items()} == {
        "enrollment": True,
        "authentication": True,
    }
    json.dumps(seen)
    viewing = house.last("viewing.recorded.v1")
    assert (viewing["what"], viewing["subject_id"], viewing["act"].actor) == ("review", ana.subject_id, "token:officer")


def test_consent_is_shown_as_it_was_then_not_as_it_is_now(house: House) -> None:
    ana = house.enroll("ana")
    attempt_id = refused(house)
    house.clock.advance(house.services.policies.session_idle)
    consents.withdraw(house.services, ana.subject_id, reason="mine", act=house.act())
    request = review_of(house, attempt_id, ana.subject_id)

    seen = reviewing.evidence(house.services, request.id, reaches=anywhere, act=house.act())

    assert all(then["in_force"] for then in seen["consents_then"].values())


def test_an_attempt_of_somebody_else_is_like_one_that_never_was(house: House) -> None:
    ana, bia = house.enroll("ana"), house.enroll("bia")
    consents.withdraw(house.services, bia.subject_id, reason="mine", purposes=["authentication"], act=house.act())
    of_bia = refused(house, "bia")
    undecided = house.shown([]).attempt_id
    house.sign_in("ana")
    (succeeded,) = house.rows("auth_log_rows", success=True)

    said = set()
    for attempt_id in (of_bia, uuid4(), undecided, succeeded["attempt_id"]):
        with pytest.raises(NotFoundError) as caught:
            review_of(house, attempt_id, ana.subject_id)
        said.add(str(caught.value))
    assert said == {"no such refused attempt"}
    assert review_of(house, of_bia, bia.subject_id).attempt_id == of_bia


def test_an_attempt_that_a_password_linked_to_somebody_else_since_is_not_shown(house: House) -> None:
    ana, bia = house.enroll("ana"), house.enroll("bia")
    request = review_of(house, refused(house), ana.subject_id)
    models: Any = house.services.read_models
    table = models._tables["auth_log_rows"]
    (key,) = table.keys()
    table.apply(Amend("auth_log_rows", {"attempt_id": key}, {"subject_id": bia.subject_id}))

    with pytest.raises(NotFoundError):
        reviewing.evidence(house.services, request.id, reaches=anywhere, act=house.act())
    assert "viewing.recorded.v1" not in house.names()


def test_an_attempt_over_the_wall_is_reviewed_by_somebody_who_reaches_it(house: House) -> None:
    ana = house.enroll("ana")
    request = review_of(house, refused(house, department=LAB), ana.subject_id)

    with pytest.raises(NotFoundError):
        reviewing.evidence(house.services, request.id, reaches=icu_only, act=house.act())
    seen = reviewing.evidence(house.services, request.id, reaches=anywhere, act=house.act())
    assert seen["attempt"]["department"] == LAB


def test_what_is_upheld_is_told_in_plain_words_without_a_number(house: House) -> None:
    ana = house.enroll("ana")
    request = decided(house, review_of(house, refused(house), ana.subject_id), "upheld", "pictures_unusable")

    document = desk.document(house.services, request)

    assert (document["state"], document["outcome"], document["measures"]) == ("answered", "upheld", [])
    assert document["answer"].splitlines() == [
        "uma pessoa reviu a decisão e a manteve; as imagens não serviam.",
        "a person reviewed the decision and upheld it; the pictures could not be used.",
    ]
    assert not any(letter.isdigit() for letter in document["answer"])


def test_what_is_overturned_ends_the_lockout_in_that_persons_name_and_no_other(house: House) -> None:
    ana, bia = house.enroll("ana"), house.enroll("bia")
    attempt_id = refused(house)
    for who in (ana, bia):
        for _ in range(5):
            lockout.failed(house.services, Origin(FACE, ICU, ADDRESS, subject_id=who.subject_id), act=house.act())
    request = review_of(house, attempt_id, ana.subject_id)

    decided(house, request, "overturned", "lockout_wrong", measures=["unlock", "password"])

    left = {counted.subject_id for counted, _ in house.services.lockouts.locked(department=None, limit=9)}
    assert ana.subject_id not in left
    assert bia.subject_id in left
    released = house.last("lockout.released.v1")
    assert (released["reason"], released["act"].causation_id) == ("review", request.id)
    assert desk.find(house.services, request.id).measures == ["unlock", "password"]


@pytest.mark.parametrize(
    ("decision", "reason", "measures"),
    [
        ("upheld", "false_rejection", []),
        ("overturned", "decision_correct", ["password"]),
        ("overturned", "false_rejection", []),
        ("overturned", "false_rejection", ["a raise"]),
        ("upheld", "decision_correct", ["unlock"]),
        ("perhaps", "decision_correct", []),
    ],
)
def test_a_decision_that_does_not_add_up_is_none(house: House, decision: str, reason: str, measures: list[str]) -> None:
    request = review_of(house, refused(house), house.enroll("ana").subject_id)

    with pytest.raises(InvalidInputError):
        decided(house, request, decision, reason, measures=measures)
    assert not desk.find(house.services, request.id).closed


def test_a_review_is_decided_once_and_nothing_else_is_a_review(house: House) -> None:
    ana = house.enroll("ana")
    request = review_of(house, refused(house), ana.subject_id)
    decided(house, request, "upheld", "decision_correct")
    other = desk.open_request(house.services, ana.subject_id, Asked("access"), department=ICU, act=house.act())

    with pytest.raises(RequestStateError):
        decided(house, request, "upheld", "decision_correct")
    with pytest.raises(NotFoundError):
        decided(house, other, "upheld", "decision_correct")
