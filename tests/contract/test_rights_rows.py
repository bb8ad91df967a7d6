"""The rows of requests, viewings and lockouts are the same in memory and in PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from application.projecting import Projector
from domain.act import Act
from domain.lockout import Lockout
from domain.request import Request
from domain.viewing import Viewing

if TYPE_CHECKING:
    from tests.contract.serving import Ground

NOW = datetime(2030, 1, 1, 8, 0, tzinfo=UTC)
SUBJECT = UUID(int=2)


def act(at: datetime = NOW) -> Act:
    return Act("token:officer", "http", at, UUID(int=9))


def request(number: int, **given: Any) -> Request:
    asked: dict[str, Any] = {"subject_id": SUBJECT, "department": "icu", "kind": "statement", "act": act()} | given
    return Request.receive(UUID(int=number), **asked)


def test_rows_tell_how_each_request_stands(ground: Ground) -> None:
    answered, refused, late = request(1), request(2, kind="review", attempt_id=UUID(int=7)), request(3)
    answered.begin("correct", act=act())
    answered.answer("corrected", document_sha256="ab" * 32, act=act())
    refused.refuse(reason="no_automated_decision", act=act())
    late.warn(act=act(NOW + timedelta(days=30)))
    ground.store.save(answered, refused, late, Viewing.record(UUID(int=4), SUBJECT, what="statement", act=act()))
    Projector(ground.store, ground.read_models).catch_up()

    rows = {row["request_id"].int: row for row in ground.read_models.rows("request_rows", {"subject_id": SUBJECT})}

    assert {number: (row["status"], row["outcome"], row["warned"]) for number, row in rows.items()} == {
        1: ("answered", "corrected", ""),
        2: ("refused", "no_automated_decision", ""),
        3: ("open", None, "overdue"),
    }
    assert (rows[1]["begun"], rows[1]["document_sha256"]) == ("correct", "ab" * 32)
    assert (rows[2]["legal_basis"], rows[2]["attempt_id"]) == ("lgpd_art_20", UUID(int=7))
    assert rows[3]["due_at"] == NOW + timedelta(days=15)
    (viewing,) = ground.read_models.rows("viewing_rows")
    assert {name: viewing[name] for name in ("what", "viewed_by", "channel", "viewed_at")} == {
        "what": "statement",
        "viewed_by": "token:officer",
        "channel": "http",
        "viewed_at": NOW,
    }


def test_a_lockout_is_one_row_from_the_first_wait_to_its_end(ground: Ground) -> None:
    facts: dict[str, Any] = {
        "method": "face",
        "scope": "claim",
        "department": "icu",
        "place": "",
        "device_id": None,
        "until": NOW,
    }
    lockout = Lockout(
        episode=UUID(int=5), lockout_id=UUID(int=6), subject_id=SUBJECT, failures=5, act=act(), timestamp=NOW, **facts
    )
    lockout.extend(failures=6, until=None, refused=1, act=act())
    lockout.release(reason="review", act=act(NOW + timedelta(hours=1)))
    ground.store.save(lockout)
    Projector(ground.store, ground.read_models).catch_up()

    (row,) = ground.read_models.rows("lockout_rows", {"subject_id": SUBJECT})

    assert (row["status"], row["failures"], row["until"], row["ended_reason"]) == ("released", 6, None, "review")
    assert (row["imposed_at"], row["ended_at"]) == (NOW, NOW + timedelta(hours=1))
