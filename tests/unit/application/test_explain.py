"""Why an attempt ended as it did, in words, from events alone."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest

from application import consent as consents
from application import erase
from application.explain import explain, people_of
from application.rules import rules_in_force
from domain.errors import NotFoundError
from domain.policies.matching import MatchingPolicy
from domain.policies.scores import ScoreDistribution
from tests.house import ICU, LAB, House, frames, person
from tests.on_postgres import damage
from tests.unit.application.passwording import by_both, by_password


def explained(house: House, place: int = -1) -> dict[str, Any]:
    """The newest attempt explained, or the one at that place."""
    house.services.projector.catch_up()
    rows = house.services.read_models.rows("auth_log_rows")
    return explain(house.services, sorted(rows, key=lambda row: row["started_at"])[place]["attempt_id"])


def check(document: dict[str, Any], name: str) -> dict[str, Any]:
    (found,) = [check for check in document["checks"] if check["check"] == name]
    return dict(found)


def test_a_success_says_what_was_asked_seen_compared_and_allowed(house: House) -> None:
    ana = house.enroll("ana")
    house.sign_in("ana")

    document = explained(house)

    assert document["admitted"] is True
    assert document["subject_id"] == str(ana.subject_id)
    assert [each["check"] for each in document["checks"]] == [
        "mode", "rules", "lockout", "device", "frames", "liveness", "quality", "similarity", "consent", "template",
    ]  # fmt: skip
    assert [each["passed"] for each in document["checks"]] == [
        None, None, True, None, None, True, True, True, True, None,
    ]  # fmt: skip
    assert check(document, "rules")["facts"] == rules_in_force(house.services)
    assert check(document, "liveness")["facts"]["threshold"] == f"{house.judge.pad_threshold:g}"
    assert check(document, "similarity")["facts"]["gallery_size"] == 1
    consent = check(document, "consent")["facts"]["authentication"]
    assert (consent["in_force"], consent["channel"], consent["notice_version"]) == (True, "http", "2026-11")
    template = check(document, "template")["facts"]
    assert template["data_key"] == f"subject:{ana.subject_id}"
    assert template["transform"] not in {"", "not_recorded"}
    assert document["told"]["code"] == "ok"
    assert [line["event"] for line in document["afterwards"]] == ["session.opened.v1"]
    assert json.loads(json.dumps(document)) == document


def test_every_sentence_is_in_both_languages(house: House) -> None:
    house.enroll("ana")
    house.sign_in("ana")
    document = explained(house)

    for words in (document["verdict"], *document["checks"], document["told"], *document["afterwards"]):
        assert words["pt-BR"]
        assert words["en"]
        assert words["pt-BR"] != words["en"]


def test_a_stranger_is_refused_by_the_number_that_did_it(house: House) -> None:
    house.enroll("ana")
    house.sign_in("stranger")

    document = explained(house)

    similarity = check(document, "similarity")
    assert (document["admitted"], similarity["passed"]) == (False, False)
    assert similarity["facts"]["similarity"] < similarity["facts"]["threshold"]
    assert f"{similarity['facts']['similarity']}" in similarity["pt-BR"]
    assert "abaixo do limiar" in document["verdict"]["pt-BR"]
    assert document["told"]["code"] == "face_not_recognised"
    assert document["told"]["next_step"] == "password"
    assert document["told"]["other_way"] == "password"


def test_an_attack_names_scores_and_threshold(house: House) -> None:
    house.shown(frames("ana", [0.01] * 6)).decide()

    document = explained(house)

    liveness = check(document, "liveness")
    assert liveness["passed"] is False
    assert liveness["facts"]["pad_median"] < float(liveness["facts"]["threshold"])
    assert "pessoa viva" in document["verdict"]["pt-BR"]


def test_a_face_too_like_another_is_refused_for_the_margin(house: House) -> None:
    house.enroll("ana")
    house.sign_in("ana")
    policy = replace(house.services.policies, matching=replace(house.services.policies.matching, margin=0.05))
    assert rules_in_force(replace(house.services, policies=policy)) == rules_in_force(house.services)
    stricter = replace(house.services.policies, matching=replace(house.services.policies.matching, margin=0.2))
    changed = rules_in_force(replace(house.services, policies=stricter))

    assert changed["matching"] != rules_in_force(house.services)["matching"]
    assert changed["evidence"] == rules_in_force(house.services)["evidence"]


def test_a_measured_threshold_says_how_often_a_stranger_passes(house: House) -> None:
    model = house.judge.model
    scores = ScoreDistribution(model, [(0.01, 0.2), (0.0001, 0.3)], 0.02, 0.0, 10.0)
    measured = replace(house.services.policies, matching=MatchingPolicy(distributions={model: scores}))
    house = replace(house, services=replace(house.services, policies=measured))
    house.enroll("ana")
    house.sign_in("ana")
    house.sign_in("ana", claim="ana.souza")

    assert "0.1 %" in check(explained(house, 0), "similarity")["en"]
    assert "1 in 10,000" in check(explained(house), "similarity")["en"]


def test_withdrawn_consent_shows_as_it_stood_at_that_moment(house: House) -> None:
    ana = house.enroll("ana")
    house.sign_in("ana")
    consents.withdraw(house.services, ana.subject_id, reason="mine", act=house.act())

    document = explained(house)

    assert check(document, "consent")["passed"] is True
    assert [line["event"] for line in document["afterwards"]] == ["session.opened.v1", "session.revoked.v1"]


def test_a_password_beside_the_face_is_part_of_it(house: House) -> None:
    house.enroll("ana")
    by_both(house)

    assert check(explained(house), "second_factor")["pt-BR"]


def test_a_sign_in_by_password_is_explained_too(house: House) -> None:
    by_password(house)

    documents = [explained(house, place) for place in range(len(house.rows("auth_log_rows")))]

    assert {each["admitted"] for each in documents} >= {True}
    assert all(each["verdict"]["pt-BR"] for each in documents)


def test_what_older_versions_did_not_record_says_so(house: House) -> None:
    house.enroll("ana")
    attempt = house.attempt()
    attempt.start()
    challenged = house.store.stream(attempt.attempt_id)[1]
    old = replace(challenged, fields={**challenged.fields, "rules": None})

    class Old:
        """The store as an older version left it."""

        def __getattr__(self, name: str) -> Any:
            return getattr(house.store, name)

        def stream(self, aggregate_id: UUID) -> list[Any]:
            return [old if each.position == old.position else each for each in house.store.stream(aggregate_id)]

    document = explain(replace(house.services, store=Old()), attempt.attempt_id)

    assert "matching" in document["not_recorded"]
    assert check(document, "rules")["facts"]["matching"] == "not_recorded"
    assert document["verdict"]["en"] == "Not decided yet"


def test_an_attempt_with_rows_that_cannot_be_read_shows_them_raw(house: House) -> None:
    house.enroll("ana")
    house.sign_in("ana")
    damage(house, house.store.position() - 2, topic="attempt.dreamt.v9")

    document = explained(house)

    (raw,) = document["unreadable"]
    assert (raw["topic"], raw["bytes"] > 0) == ("attempt.dreamt.v9", True)
    assert document["admitted"] is True


def test_an_attempt_of_somebody_erased_still_says_why(house: House) -> None:
    ana = house.enroll("ana")
    house.sign_in("ana")
    before = explained(house)
    erase.erase(house.services, ana.subject_id, act=house.act(), now=True)

    after = explained(house)

    assert after["verdict"] == before["verdict"]
    assert check(after, "template") == check(before, "template")
    assert person("ana").username not in json.dumps(after)


def test_whose_an_attempt_is_depends_on_who_may_see_it(house: House) -> None:
    ana = house.enroll("ana")
    attempt = house.shown(frames("ana"))
    attempt.decide()

    assert people_of(house.services, attempt.attempt_id, ICU) == {ana.subject_id}
    for attempt_id, department in ((attempt.attempt_id, LAB), (uuid4(), None)):
        with pytest.raises(NotFoundError, match="no such attempt"):
            people_of(house.services, attempt_id, department)


def test_what_is_no_attempt_is_not_explained(house: House) -> None:
    ana = house.enroll("ana")

    for one in (uuid4(), ana.enrollment_id):
        with pytest.raises(NotFoundError):
            explain(house.services, one)
