"""A day of a hospital, told to a receiver that another library wrote: everything once, in order, whoever crashes."""

from __future__ import annotations

import signal as signals
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from application import accounts, consent, erase
from application.account_passwords import set_password
from application.authenticate import Authentication
from application.outcome import Client
from application.sessions import revoke_sessions
from tests.house import ICU, frames
from tests.integration.signal_house import AUDIENCE, engine_process, house, wait_until
from tests.integration.trial import act, enroll
from tests.ssf_receiver import hanging, stored_then_died, stored_then_hangs

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from uuid import UUID

    from entrypoints.app import App
    from tests.ssf_receiver import Receiver

pytestmark = pytest.mark.database

WARDS, STAFF, ATTEMPTS = 4, 5, 500
NEVER_LOCKED = {
    "attempts_per_minute": 100_000,
    "lockout_failures": 100,
    "lockout_stop": 1000,
    "lockout_live_failures": 100,
    "lockout_live_stop": 1000,
    "lockout_address_multiple": 1000,
    "lockout_department_multiple": 1000,
}
"""Strangers and photographs are part of the day; this is not a test of what comes of too many of them."""
ATTACK = (0.01, 0.02, 0.01)
TOLD = {
    "session.opened.v1": "session-established",
    "session.revoked.v1": "session-revoked",
    "enrollment.activated.v1": "credential-change",
    "enrollment.revoked.v1": "credential-change",
    "enrollment.erased.v1": "credential-change",
    "account.password_set.v1": "credential-change",
    "account.suspended.v1": "account-disabled",
    "account.reinstated.v1": "account-enabled",
    "erasure.executed.v1": "account-purged",
}
"""What the receiver must hear of, written down here anew: CAEP 1.0 and RISC 1.0."""
CHANGES = {
    "enrollment.activated.v1": "create",
    "enrollment.revoked.v1": "revoke",
    "enrollment.erased.v1": "delete",
    "account.password_set.v1": "update",
}

Heard = tuple[str, str, str]
"""An event's type; its session, or what changed; and its transaction."""


class Ward:
    """Some people of a hospital and what they do, one attempt a turn; nobody else touches these people."""

    def __init__(self, app: App, number: int) -> None:
        self.app, self.number = app, number
        self.subjects: dict[str, UUID] = {}
        self.staff = [self.newcomer(place) for place in range(STAFF)]
        self.turns = 0
        self.outcomes: Counter[str] = Counter()

    def newcomer(self, place: int) -> str:
        name = f"ward{self.number}nurse{place}"
        self.subjects[name] = enroll(self.app, name)
        return name

    def work(self, turns: int) -> None:
        for _ in range(turns):
            self.turn(self.turns)
            self.turns += 1

    def turn(self, turn: int) -> None:
        services, name = self.app.services, self.staff[turn % STAFF]
        suspended, withdrawn, leaver = self.staff[0], self.staff[1], self.staff[2]
        match turn % 25:
            case 3:
                self.attempt(f"stranger{self.number}x{turn}", code="face_not_recognised")
            case 5:
                set_password(services, self.subjects[leaver], None, act=act(self.app))
                self.attempt(leaver)
            case 8:
                self.attempt(name, pads=ATTACK, code="presentation_attack")
            case 11:
                accounts.suspend(services, self.subjects[suspended], reason="investigation", act=act(self.app))
                self.attempt(suspended, code="face_not_recognised")
            case 14:
                self.attempt(suspended, code="face_not_recognised")
                accounts.reinstate(services, self.subjects[suspended], reason="investigation_over", act=act(self.app))
            case 17:
                consent.withdraw(services, self.subjects[withdrawn], reason="subject_request", act=act(self.app))
                self.attempt(withdrawn, code="face_not_recognised")
            case 20:
                assert enroll(self.app, withdrawn) == self.subjects[withdrawn]
                self.attempt(withdrawn)
            case 22:
                erase.erase(services, self.subjects[leaver], act=act(self.app))
                self.attempt(leaver, code="face_not_recognised")
                self.staff[2] = self.newcomer(STAFF + turn)
            case _:
                self.attempt(self.staff[3] if 11 <= turn % 25 < 20 and name in {suspended, withdrawn} else name)
        if turn % 10 == 9:
            services.projector.catch_up()
            revoke_sessions(services, {"subject_id": self.subjects[self.staff[4]]}, reason="logout", act=act(self.app))

    def attempt(self, face: str, *, pads: tuple[float, ...] = (0.98, 0.97, 0.99), code: str = "ok") -> None:
        origin = Client(f"192.0.2.{self.number}", "test")
        attempt = Authentication(self.app.services, department=ICU, mode="faceauth.v1", client=origin)
        attempt.start()
        for frame in frames(face, pads):
            attempt.take(frame)
        outcome = attempt.decide(last=True)
        assert (outcome.code, outcome.success) == (code, code == "ok")
        self.outcomes[code] += 1


def happened(app: App) -> Mapping[str, list[Heard]]:
    """What the receiver must have heard, by pairwise subject: read from the history, without our mapping."""
    owners: dict[UUID, UUID] = {}
    found: dict[str, list[Heard]] = defaultdict(list)
    after = 0
    while events := app.services.store.read(after, 500):
        for event in events:
            if "subject_id" in event.fields:
                owners.setdefault(event.aggregate_id, event.fields["subject_id"])
            if event.name not in TOLD:
                continue
            detail = str(event.aggregate_id) if event.name.startswith("session.") else CHANGES.get(event.name, "")
            subject = app.services.signals.pairwise.subject(owners[event.aggregate_id], AUDIENCE)
            found[subject].append((TOLD[event.name], detail, str(event.fields["act"].correlation_id)))
        after = events[-1].position
    return found


def heard(receiver: Receiver) -> Mapping[str, list[Heard]]:
    """What the receiver kept, each jti once, in the order in which it first came."""
    found: dict[str, list[Heard]] = defaultdict(list)
    with receiver.lock:
        kept = list(receiver.seen.values())
    for claims in kept:
        ((kind, payload),) = claims["events"].items()
        subject: dict[str, Any] = claims["sub_id"]
        session = subject["session"]["id"] if "session" in subject else payload.get("change_type", "")
        found[subject.get("user", subject)["sub"]].append((kind.rpartition("/")[2], session, claims["txn"]))
    return found


@pytest.mark.timeout(290)
def test_every_event_of_500_attempts_arrives_once_and_in_order_through_four_crashes(tmp_path: Path, dsn: str) -> None:
    with house(tmp_path, dsn, **NEVER_LOCKED) as (app, receiver, stream), ThreadPoolExecutor(WARDS) as hospital:
        wards = list(hospital.map(lambda number: Ward(app, number), range(WARDS)))
        outbox = app.services.signals.outbox

        def turns(count: int) -> None:
            list(hospital.map(lambda ward: ward.work(count), wards))

        with engine_process(app, receiver.host) as doomed:
            for _ in range(3):
                turns(25)
                receiver.faults.append(stored_then_died)
                turns(3)
                wait_until(lambda: receiver.faults == [])
                receiver.crash()
                turns(4)
                receiver.start()
            receiver.faults += [stored_then_hangs, hanging]
            turns(15)
            wait_until(lambda: receiver.faults == [])
            doomed.send_signal(signals.SIGKILL)
            doomed.wait()
        turns(5)
        with engine_process(app, receiver.host):
            turns(9)
            expected = happened(app)
            total = sum(map(len, expected.values()))
            wait_until(lambda: len(receiver.seen) >= total and outbox.waiting(stream.stream_id) == 0, 90)

        outcomes = sum((ward.outcomes for ward in wards), Counter[str]())
        assert outcomes.total() == ATTEMPTS
        assert outcomes["ok"] == ATTEMPTS * 19 // 25
        assert receiver.errors == []
        assert heard(receiver) == expected
        assert sum(copies - 1 for copies in receiver.copies.values()) >= 4, "each crash had a letter in its hands"
        assert outbox.dead(10) == []
        kinds = Counter(kind for events in expected.values() for kind, _, _ in events)
        assert kinds["session-established"] == outcomes["ok"]
        assert kinds["account-disabled"] == kinds["account-enabled"] == kinds["account-purged"] == WARDS * 5
        assert kinds["credential-change"] > WARDS * (STAFF + 5 * len(CHANGES))
        assert kinds["session-revoked"] > WARDS * 5
