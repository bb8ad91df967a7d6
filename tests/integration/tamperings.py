"""What a superuser can do to the table of events with one hand: ten kinds, each at a place left to chance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from application.verification_result import CHANGED, INSERTED, REMOVED, REORDERED, TAIL_CUT

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    import psycopg

BY_POSITION: Final = " WHERE notification_id = %(at)s"


@dataclass
class Hand:
    """A connection with the triggers off, and chance."""

    connection: psycopg.Connection[Any]
    chance: random.Random

    def positions(self) -> list[int]:
        rows = self.connection.execute("SELECT notification_id FROM stored_events ORDER BY 1").fetchall()
        return [position for (position,) in rows]

    def one(self) -> int:
        return self.chance.choice(self.positions()[:-10])

    def do(self, query: str, **values: Any) -> None:
        self.connection.execute(query.encode(), values)


Done = tuple[set[int], str]
"""The places that have to be named, and as what."""


def state(hand: Hand) -> Done:
    at = hand.one()
    ((size,),) = hand.connection.execute(
        "SELECT octet_length(state) FROM stored_events WHERE notification_id = %s", (at,)
    ).fetchall()
    change = "UPDATE stored_events SET state = set_byte(state, %(byte)s, get_byte(state, %(byte)s) # %(bit)s)"
    hand.do(change + BY_POSITION, at=at, byte=hand.chance.randrange(size), bit=1 << hand.chance.randrange(8))
    return {at}, CHANGED


def column(change: str) -> Callable[[Hand], Done]:
    def changed(hand: Hand) -> Done:
        at = hand.one()
        hand.do(f"UPDATE stored_events SET {change}{BY_POSITION}", at=at)  # noqa: S608 - fixed words
        return {at}, CHANGED

    return changed


def moved(hand: Hand) -> Done:
    at, to = hand.one(), hand.positions()[-1] + hand.chance.randrange(1, 50)
    hand.do("UPDATE stored_events SET notification_id = %(to)s" + BY_POSITION, at=at, to=to)  # noqa: S608
    return {to}, REORDERED


def deleted(hand: Hand) -> Done:
    at = hand.one()
    hand.do("DELETE FROM stored_events" + BY_POSITION, at=at)  # noqa: S608
    return {at}, REMOVED


def inserted(made_of: str) -> Callable[[Hand], Done]:
    def insert(hand: Hand) -> Done:
        hand.do(
            "INSERT INTO stored_events (originator_id, originator_version, topic, state) "  # noqa: S608 - fixed words
            f"SELECT gen_random_uuid(), 1, topic, {made_of} FROM stored_events{BY_POSITION}",
            at=hand.one(),
        )
        return {hand.positions()[-1]}, INSERTED

    return insert


def swapped(hand: Hand) -> Done:
    at, other = hand.chance.sample(hand.positions()[:-10], 2)
    for given, to in ((at, -1), (other, at), (-1, other)):
        hand.do("UPDATE stored_events SET notification_id = %(to)s" + BY_POSITION, at=given, to=to)  # noqa: S608
    return {at, other}, REORDERED


def cut(hand: Hand) -> Done:
    places = hand.positions()
    kept = places[-hand.chance.randrange(1, 9)]
    hand.do("DELETE FROM stored_events WHERE notification_id >= %(kept)s", kept=kept)
    return {place for place in places if place >= kept}, TAIL_CUT


TAMPERINGS: Final[dict[str, Callable[[Hand], Done]]] = {
    "a bit of the state": state,
    "the topic": column("topic = topic || '2'"),
    "the stream": column("originator_id = gen_random_uuid()"),
    "the version": column("originator_version = originator_version + 9"),
    "the position": moved,
    "delete": deleted,
    "insert a copy": inserted("state"),
    "insert a forgery": inserted("sha256(state) || state"),
    "swap": swapped,
    "cut the tail": cut,
}
