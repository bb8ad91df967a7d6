"""Stories of signing in."""

from __future__ import annotations

import pytest

from adapters.memory.vision import picture
from application import consent as consents
from domain.consent import AUTHENTICATION, ENROLLMENT
from domain.enrollment import Enrollment
from domain.errors import DepartmentUnknownError
from domain.session import Session
from tests.house import ICU, LAB, House, frames


def test_a_stranger_is_refused_and_offered_the_password(house: House) -> None:
    house.enroll("ana")

    outcome = house.sign_in("stranger")

    assert (outcome.success, outcome.code, outcome.next_step) == (False, "face_not_recognised", "password")
    assert outcome.admission is None
    assert house.last("attempt.refused.v1")["reason"] == "below_threshold"
    assert house.names()[-1] == "attempt.fallback_offered.v1"


def test_an_empty_gallery_admits_nobody(house: House) -> None:
    outcome = house.sign_in("ana")

    assert outcome.code == "face_not_recognised"
    assert house.last("attempt.refused.v1")["reason"] == "gallery_empty"


def test_a_success_is_an_attempt_and_a_session_in_one_commit(house: House) -> None:
    house.enroll("ana")
    before = house.store.position()

    outcome = house.sign_in("ana")

    assert house.names(before) == [
        "attempt.started.v1",
        "attempt.challenge_issued.v1",
        "attempt.evidence_assessed.v1",
        "attempt.succeeded.v1",
        "session.opened.v1",
    ]
    assert outcome.admission is not None
    session = house.store.get(Session, outcome.admission.session_id)
    assert (
        session.expires_at
        == outcome.admission.expires_at
        == house.clock.now() + (house.services.policies.session_lifetime)
    )
    assert house.services.tokens.verify(outcome.admission.access_token).session_id == session.id


def test_success_tells_the_client_little_and_the_officer_all(house: House) -> None:
    house.enroll("ana")

    outcome = house.sign_in("ana")

    match = house.last("attempt.succeeded.v1")["match"]
    assert outcome.confidence == match.similarity
    assert (match.gallery_size, match.claimed, match.runner_up) == (1, False, None)
    assert match.similarity >= match.threshold


def test_a_department_is_a_wall(house: House) -> None:
    house.enroll("ana", department=LAB)

    outcome = house.sign_in("ana", department=ICU)

    assert outcome.code == "face_not_recognised"
    assert house.last("attempt.refused.v1")["subject_id"] is None


def test_a_claim_does_not_open_another_department(house: House) -> None:
    house.enroll("ana", department=LAB)

    assert house.sign_in("ana", department=ICU, claim="ana.souza").code == "face_not_recognised"


def test_an_unknown_department_has_no_attempts(house: House) -> None:
    with pytest.raises(DepartmentUnknownError):
        house.attempt("morgue").start()

    assert house.names() == []


def test_a_right_claim_is_verified(house: House) -> None:
    enrolled = house.enroll("ana")
    house.enroll("bia")

    outcome = house.sign_in("ana", claim=" ANA.Souza ")

    assert outcome.admission is not None
    assert outcome.admission.subject_id == enrolled.subject_id
    assert house.last("attempt.succeeded.v1")["match"].claimed


@pytest.mark.parametrize(("claim", "reason"), [("bia.souza", "below_threshold"), ("nobody", "claim_not_found")])
def test_a_wrong_claim_admits_nobody_not_even_whom_the_face_belongs_to(house: House, claim: str, reason: str) -> None:
    house.enroll("ana")
    house.enroll("bia")

    outcome = house.sign_in("ana", claim=claim)

    assert outcome.code == "face_not_recognised"
    assert house.last("attempt.refused.v1")["reason"] == reason


def test_a_right_claim_is_found_in_a_large_gallery_whatever_the_order(house: House) -> None:
    for number in range(8):
        house.enroll(f"p{number}")

    assert house.sign_in("p3", claim="p3.souza").success


@pytest.mark.parametrize("ended", [[ENROLLMENT], [AUTHENTICATION], [ENROLLMENT, AUTHENTICATION]])
def test_without_either_consent_nobody_gets_in(house: House, ended: list[str]) -> None:
    enrolled = house.enroll("ana")
    consents.withdraw(house.services, enrolled.subject_id, reason="mine", act=house.act(), purposes=ended)

    outcome = house.sign_in("ana")

    assert (outcome.success, outcome.code) == (False, "face_not_recognised")


def test_consent_given_again_lets_the_person_in_again(house: House) -> None:
    subject_id = house.enroll("ana").subject_id
    consents.withdraw(house.services, subject_id, reason="mine", act=house.act(), purposes=[AUTHENTICATION])
    consents.grant(house.services, subject_id, notice_version="2026-11", act=house.act(), purposes=[AUTHENTICATION])

    assert house.sign_in("ana").success


def test_a_presentation_attack_is_refused_and_offered_the_password(house: House) -> None:
    house.enroll("ana")

    outcome = house.shown(frames("ana", [0.05] * 6)).decide()

    assert (outcome.code, outcome.next_step) == ("presentation_attack", "password")
    assert house.names()[-2:] == ["attempt.refused.v1", "attempt.fallback_offered.v1"]
    assert house.last("attempt.evidence_assessed.v1")["evidence"].pad_median == 0.05


def test_two_live_frames_never_excuse_a_later_fake_one(house: House) -> None:
    house.enroll("ana")
    attempt = house.shown(frames("ana", [0.99, 0.99, 0.02]))

    assert attempt.decide(last=True).code == "presentation_attack"
    assert house.last("attempt.refused.v1")["reason"] == "latest_frame_below_threshold"


def test_the_frame_that_is_embedded_is_a_live_one(house: House) -> None:
    house.enroll("ana")
    shown = [
        picture("ana", take=100, pad=0.9, quality=0.5),
        picture("ana", take=101, pad=0.05, quality=1.0),
        picture("ana", take=102, pad=0.9, quality=0.6),
    ]

    assert house.shown(shown).decide().success
    evidence = house.last("attempt.evidence_assessed.v1")["evidence"]
    assert (evidence.pad_decision, evidence.quality_decision, evidence.pad_lowest) == (0.9, 0.6, 0.05)


def test_the_best_live_frame_is_embedded_whichever_came_first(house: House) -> None:
    house.enroll("ana")
    shown = [picture("ana", take=100 + i, quality=q) for i, q in enumerate([0.5, 0.9, 0.7])]

    house.shown(shown).decide()

    assert house.last("attempt.evidence_assessed.v1")["evidence"].quality_decision == 0.9


def test_guidance_follows_each_frame_and_ends_with_the_last_needed_one(house: House) -> None:
    attempt = house.attempt()
    attempt.start()

    reports = [
        attempt.take(payload)
        for payload in [
            b"\xff\xd8 truncated",
            picture("ana", reason="too_dark"),
            picture("ana", faces=0),
            *frames("ana"),
        ]
    ]

    assert [report.guidance for report in reports] == [
        "invalid_image",
        "too_dark",
        "no_face",
        "hold_still",
        "hold_still",
        None,
    ]
    assert [(report.step, report.of) for report in reports] == [(0, 3), (0, 3), (0, 3), (1, 3), (2, 3), (3, 3)]
    assert [report.finished for report in reports] == [False] * 5 + [True]


def test_frames_are_counted_by_what_became_of_them(house: House) -> None:
    house.enroll("ana")
    attempt = house.shown([b"", b"garbage", picture("ana", reason="blurred"), *frames("ana")])
    attempt.note_dropped()

    attempt.decide()

    evidence = house.last("attempt.evidence_assessed.v1")["evidence"]
    assert (evidence.frames_received, evidence.frames_judged, evidence.frames_usable) == (6, 4, 3)
    assert evidence.frames_dropped == 1
    assert evidence.reasons == {"blurred": 1, "invalid_image": 2}


@pytest.mark.parametrize(
    ("shown", "code", "reason"),
    [
        ([], "quality_too_low", "no_frames"),
        ([b"garbage"] * 5, "quality_too_low", "no_frames"),
        ([picture("ana", reason="blurred", take=take) for take in range(4)], "quality_too_low", "blurred"),
        (frames("ana")[:2], "liveness_failed", "too_few_usable_frames"),
    ],
)
def test_too_little_to_decide_on_is_refused_and_may_be_tried_again(
    house: House, shown: list[bytes], code: str, reason: str
) -> None:
    house.enroll("ana")

    outcome = house.shown(shown).decide(last=True)

    assert (outcome.success, outcome.code, outcome.next_step) == (False, code, "retry")
    assert house.last("attempt.refused.v1")["reason"] == reason


def test_time_that_runs_out_is_a_refusal_of_its_own(house: House) -> None:
    house.enroll("ana")

    assert house.shown(frames("ana")[:2]).decide(timeout=True).code == "timeout"


def test_time_that_runs_out_does_not_hide_an_attack(house: House) -> None:
    house.enroll("ana")

    assert house.shown(frames("ana", [0.05] * 3)).decide(timeout=True).code == "presentation_attack"


def test_deciding_before_there_is_evidence_admits_nobody(house: House) -> None:
    house.enroll("ana")

    assert not house.shown(frames("ana")[:1]).decide().success


def test_an_attempt_is_decided_once(house: House) -> None:
    house.enroll("ana")
    attempt = house.shown(frames("ana"))
    attempt.decide()
    before = house.store.position()

    again = attempt.decide()

    assert not again.success
    assert house.store.position() == before


def test_everything_an_attempt_causes_names_the_attempt(house: House) -> None:
    house.enroll("ana")
    before = house.store.position()
    attempt = house.shown(frames("ana"))
    attempt.decide()

    acts = [event.fields["act"] for event in house.store.read(before)]

    assert {act.causation_id for act in acts} == {attempt.attempt_id}
    assert len({act.correlation_id for act in acts}) == 1
    assert {(act.actor, act.channel) for act in acts} == {("anonymous", "ws")}


def test_an_enrolment_suspended_by_an_administrator_does_not_serve_until_reinstated(house: House) -> None:
    enrollment = house.store.get(Enrollment, house.enroll("ana").enrollment_id)
    enrollment.suspend(reason="leave", act=house.act())
    house.gallery.catch_up(house.store.save(enrollment))
    while_suspended = house.sign_in("ana")
    enrollment.reinstate(act=house.act())
    house.gallery.catch_up(house.store.save(enrollment))

    assert not while_suspended.success
    assert house.sign_in("ana").success
