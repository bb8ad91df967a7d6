"""The console's page of the log: what it says, what it does, and what it refuses in words."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from application import checkpoints, verification_result
from application.signed_documents import CHECKPOINT, opened
from application.verification_result import Fault
from domain.roles import EVERYWHERE
from entrypoints.http.console import verification
from entrypoints.http.console.codes import CODES
from tests.house import ICU
from tests.unit.http.console import visitor, words

if TYPE_CHECKING:
    from tests.unit.http.console import Visitor
    from tests.unit.http.edge import Edge

PATH = "/console/verification"
VERDICTS = {verification_result.SOUND, verification_result.TAMPERED}
KINDS = sorted(
    value
    for name, value in vars(verification_result).items()
    if name.isupper() and isinstance(value, str) and value not in VERDICTS
)


def officer(edge: Edge) -> Visitor:
    return visitor(edge, "encarregado", EVERYWHERE)


def checkpoint(edge: Edge) -> None:
    checkpoints.make(edge.house.services, at=edge.house.clock.now())


def test_a_history_that_was_never_verified_says_so_and_a_button_verifies_it(edge: Edge) -> None:
    edge.enroll("ana")
    come = officer(edge)
    assert "Nunca foi verificado" in words(come.get(PATH))

    done = come.post(PATH, {"run": "log"})

    assert (done.status_code, done.headers["location"]) == (303, f"{PATH}?done=verified")
    page = words(come.get(done.headers["location"]))
    assert "O histórico é o que foi escrito" in page
    assert "íntegra" in page
    entry = edge.house.last("journal.recorded.v1")
    assert (entry["kind"], entry["outcome"]) == ("history.verified", "done")
    assert edge.house.services.notary.key_id in page


def test_the_next_press_looks_only_at_what_is_new(edge: Edge) -> None:
    edge.enroll("ana")
    come = officer(edge)
    for _ in range(2):
        come.post(PATH, {"run": "log"})

    assert "só o que é novo" in words(come.get(PATH))


def test_an_old_verdict_asks_for_a_new_one(edge: Edge) -> None:
    edge.enroll("ana")
    officer(edge).post(PATH, {"run": "log"})
    edge.house.clock.advance(timedelta(days=8))

    assert "mais de 7 dias" in words(officer(edge).get(PATH))


def test_a_changed_event_is_found_and_named_with_its_place(edge: Edge) -> None:
    edge.enroll("ana")
    store: Any = edge.house.store
    event = store._listenable._stored_events[4]
    object.__setattr__(event, "state", event.state[:-1] + bytes([event.state[-1] ^ 1]))
    come = officer(edge)

    page = words(come.get(come.post(PATH, {"run": "log"}).headers["location"]))

    assert "A última verificação encontrou adulteração" in page
    assert "evento alterado depois de gravado evento 5" in page
    assert "1 ao todo; mostradas: 1" in page
    assert "A última verificação encontrou adulteração" in words(come.get("/console"))


def test_every_kind_of_fault_is_told_in_words_with_its_place_and_as_text(edge: Edge) -> None:
    edge.enroll("ana")
    result = {
        "verdict": "tampered",
        "mode": "full",
        "at": edge.house.clock.now().isoformat(),
        "events": 9,
        "seconds": 0.1,
        "notes": ["<b>note</b>"],
        "fault_count": 12,
        "faults": [
            Fault(kind, "<script>x</script>", position=3, leaf=4, until_leaf=7, checkpoint=2).document()
            for kind in KINDS
        ],
    }
    edge.house.services.log_memory.remember({"result": result})

    answer = officer(edge).get(PATH)
    page = words(answer)

    assert "encontrou adulteração" in page
    assert "evento 3; folhas 4 a 6 do registro; ponto de controle 2" in page
    assert all(CODES[kind][0] in page for kind in KINDS)
    assert "<script>x" not in answer.text
    assert "<b>note" not in answer.text


def test_every_kind_of_fault_has_words() -> None:
    assert len(KINDS) == 12
    assert all(kind in CODES for kind in KINDS)


def test_a_fault_without_a_place_is_shown_without_one() -> None:
    assert verification.placed({"kind": "event_changed", "detail": "x"})["places"] == []
    (leaves,) = verification.placed({"kind": "log_rebuilt", "detail": "x", "leaf": 0, "until_leaf": 0})["places"]
    assert leaves == ("place_leaves", {"first": 0, "last": 0})


def test_checkpoints_are_listed_and_given_one_by_one_and_all(edge: Edge) -> None:
    edge.enroll("ana")
    for _ in range(23):
        edge.house.attempt().start()
        checkpoint(edge)
    come = officer(edge)

    page = come.get(PATH)
    older = come.get(PATH, before="4")
    one = come.get(f"{PATH}/checkpoints/7")
    every = come.get(f"{PATH}/checkpoints")

    assert 'href="?before=4"' in page.text
    assert 'checkpoints/23"' in page.text
    assert 'checkpoints/3"' in older.text
    assert 'rel="next"' not in older.text
    assert opened(edge.house.services.notary, CHECKPOINT, one.json())["number"] == 7
    assert 'attachment; filename="faceauth-checkpoint-7.json"' in one.headers["content-disposition"]
    assert len(every.json()["checkpoints"]) == 23
    assert come.get(f"{PATH}/checkpoints/24").status_code == 404


def test_a_checkpoint_that_was_changed_is_shown_as_such(edge: Edge) -> None:
    edge.enroll("ana")
    checkpoint(edge)
    log: Any = edge.house.services.log
    number, envelope = log.newest_checkpoint()
    forged = json.dumps(json.loads(envelope) | {"payload": "e30"}).encode()
    log.checkpoints_kept[number] = forged

    page = words(officer(edge).get(PATH))

    assert "alterado: não confere" in page
    assert "O registro foi alterado por outra mão" in page


def test_a_proof_is_found_and_given(edge: Edge) -> None:
    edge.enroll("ana")
    checkpoint(edge)
    come = officer(edge)

    page = come.get(PATH, position="2")
    proof = come.get(f"{PATH}/proof", position="2")

    assert f'href="{PATH}/proof?position=2"' in page.text
    assert proof.json()["entry"]["position"] == 2
    assert proof.headers["content-disposition"] == 'attachment; filename="faceauth-proof-2.json"'


@pytest.mark.parametrize("position", ["x", "-1", "0", "9999999999999999", "<script>alert(1)</script>"])
def test_a_position_that_is_none_is_told_at_its_field(edge: Edge, position: str) -> None:
    answer = officer(edge).get(PATH, position=position)

    assert answer.status_code == 422
    assert 'href="#position"' in answer.text
    assert "<script>alert" not in answer.text
    assert officer(edge).get(f"{PATH}/proof", position=position).status_code == 422


def test_an_event_that_is_not_there_or_not_covered_is_told_apart(edge: Edge) -> None:
    edge.enroll("ana")
    come = officer(edge)
    assert "Não há evento nessa posição" in words(come.get(PATH, position="2"))
    checkpoint(edge)
    newest = edge.house.store.position()
    edge.house.attempt().start()

    assert "Nenhum ponto de controle cobre" in words(come.get(PATH, position=str(newest + 1)))
    assert come.get(f"{PATH}/proof", position="900000").status_code == 404


@pytest.mark.parametrize("run", ["", "x", "<script>alert(1)</script>"])
def test_only_what_there_is_can_be_run(edge: Edge, run: str) -> None:
    answer = officer(edge).post(PATH, {"run": run})

    assert answer.status_code == 422
    assert "<script>alert" not in answer.text
    assert "history.verified" not in str(edge.house.names())


def test_a_verification_that_takes_too_long_stops_and_says_so(edge: Edge, monkeypatch: pytest.MonkeyPatch) -> None:
    edge.enroll("ana")
    monkeypatch.setattr(verification, "MOST_SECONDS", -1.0)

    answer = officer(edge).post(PATH, {"run": "log"})

    assert answer.status_code == 409
    assert "faceauth audit verify" in words(answer)
    assert "journal.recorded.v1" not in edge.house.names()


def test_two_at_once_do_not_run(edge: Edge) -> None:
    with edge.house.services.store.mutex(verification.MUTEX):
        answer = officer(edge).post(PATH, {"run": "log"})

    assert answer.status_code == 409
    assert "Já há uma em curso" in words(answer)


def test_views_are_compared_with_the_history(edge: Edge) -> None:
    edge.enroll("ana")
    come = officer(edge)
    assert "linha por linha" in words(come.post(PATH, {"run": "views"}))
    models: Any = edge.house.services.read_models
    table = next(value for value in vars(models).values() if isinstance(value, dict) and "enrollment_rows" in value)
    rows = table["enrollment_rows"]
    row = next(iter(rows._rows.values()))
    row[rows.columns.index("department")] = "elsewhere"

    page = words(come.post(PATH, {"run": "views"}))

    assert "não são as que o histórico dá" in page
    assert "enrollment_rows" in page


def test_an_officer_of_one_department_sees_none_of_it_and_no_way_to_it(edge: Edge) -> None:
    come = visitor(edge, department=ICU)

    assert come.get(PATH).status_code == 403
    assert f'href="{PATH}"' not in come.get("/console/people").text
    assert f'href="{PATH}"' in officer(edge).get("/console/people").text


def test_an_anchor_that_refuses_is_seen(edge: Edge) -> None:
    found: dict[str, Any] = {
        "tail": {"sound": True, "suspect_since": None},
        "verification": {"verdict": "sound", "at": edge.house.clock.now().isoformat()},
        "anchors": [{"error": "unavailable"}],
        "checkpoint": None,
        "checkpoints": 0,
    }

    assert verification.finding(found, edge.house.clock.now()) == ("warn", "finding_anchors")
    assert verification.finding(found | {"tail": None}, edge.house.clock.now()) == ("bad", "finding_log_changed")
