"""Letters arrive: in order, after whatever outage, and a bad one does not keep the others."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from application.ports.signal_outbox import DEAD, DELIVERED, WAITING
from application.ports.signal_push import Answer, Push
from application.ports.signal_streams import DISABLED, PAUSED, POLL, WEBHOOK
from application.signals import polling, streams
from domain.device import Device
from domain.errors import SealBrokenError, StreamLimitError, StreamStateError
from domain.policies.resending import ResendPolicy
from tests.receivers import ENDPOINT, TAKEN
from tests.unit.signals.conftest import Post, token_of

REFUSED = Answer(fault="refused")


def jtis(post: Post) -> list[str]:
    return [token_of(push)["jti"] for push in post.push.sent]


def kinds(post: Post) -> list[str]:
    return [next(iter(token_of(push)["events"])).rsplit("/", 1)[1] for push in post.push.sent]


def test_what_happens_goes_out_once_with_the_receivers_credential(post: Post) -> None:
    stream = post.stream(secret="Bearer x")
    session = post.session()
    post.revoke(session)
    post.collect()
    post.deliver(stream)
    post.deliver(stream)

    assert kinds(post) == ["session-established", "session-revoked"]
    assert {push.url for push in post.push.sent} == {ENDPOINT}
    assert {push.headers["authorization"] for push in post.push.sent} == {"Bearer x"}
    assert post.faults == []


def test_a_secret_is_in_no_representation(post: Post) -> None:
    stream = post.stream(secret="Bearer x")
    post.session()
    post.collect()
    post.deliver(stream)

    assert "Bearer x" not in repr(post.push.sent) + repr(stream) + repr(streams.Wanted(POLL, secret="Bearer x"))


def test_what_happened_before_a_stream_began_is_not_told_on_it(post: Post) -> None:
    post.session()
    stream = post.stream()
    post.collect()

    assert post.house.services.signals.outbox.waiting(stream.stream_id) == 0


def test_a_letter_sent_again_says_the_same_in_the_same_words(post: Post) -> None:
    stream = post.stream()
    post.session()
    post.collect()
    post.push.answers += [Answer(500), REFUSED, TAKEN]
    for _ in range(3):
        post.deliver(stream)
        post.house.clock.advance(timedelta(minutes=5))

    assert len({push.body for push in post.push.sent}) == 1
    assert len(post.push.sent) == 3


def test_another_process_makes_the_same_letter_of_the_same_event(post: Post) -> None:
    stream = post.stream()
    post.session()
    post.collect()
    (first,) = post.house.services.signals.outbox.heads(stream.stream_id, now=post.house.clock.now(), limit=9)
    again = Post(post.house).collector._letters(post.house.store.read(0, 99))

    assert [letter.jti for letter in again] == [first.jti]


def test_an_hour_without_the_receiver_loses_nothing_and_asks_it_rarely(post: Post) -> None:
    stream = post.stream()
    post.push.usual = lambda _: REFUSED
    sessions = []
    for minute in range(60):
        sessions += [post.session() for _ in range(10)]
        if minute % 3 == 0:
            post.revoke(sessions[-1])
        post.collect()
        for _ in range(60):
            post.deliver(stream)
            post.house.clock.advance(timedelta(seconds=1))
    asked = len(post.push.sent)
    assert asked < 60

    post.push.usual = lambda _: TAKEN
    post.push.sent.clear()
    for _ in range(601):
        post.deliver(stream)
        post.house.clock.advance(timedelta(seconds=1))

    assert len(set(jtis(post))) == len(post.push.sent) == 620
    assert post.house.services.signals.outbox.counts(stream.stream_id) == {DELIVERED: 620}
    for session in sessions:
        about = [
            next(iter(token_of(push)["events"]))
            for push in post.push.sent
            if token_of(push)["sub_id"]["session"]["id"] == str(session.id)
        ]
        assert [kind.rsplit("/", 1)[1] for kind in about] in (
            ["session-established"],
            ["session-established", "session-revoked"],
        )


def test_one_letter_that_the_receiver_stumbles_over_keeps_only_its_subject(post: Post) -> None:
    stream = post.stream()
    ana = post.session()

    def stumbles(push: Push) -> Answer:
        return Answer(500) if str(ana.id).encode() in push.body else TAKEN

    post.push.usual = stumbles
    post.revoke(ana)
    post.collect()
    for _ in range(30):
        post.session()
        post.collect()
        post.deliver(stream)
        post.house.clock.advance(timedelta(seconds=20))

    assert post.house.services.signals.outbox.counts(stream.stream_id) == {DELIVERED: 30, WAITING: 2}


def test_what_fails_for_three_days_is_dead_and_its_subject_goes_on(post: Post) -> None:
    stream = post.stream()
    ana = post.session()
    post.push.usual = lambda push: Answer(500) if b"session-established" in push.body else TAKEN
    post.revoke(ana)
    post.collect()
    for _ in range(74):
        post.deliver(stream)
        post.house.clock.advance(timedelta(hours=1))
    post.deliver(stream)

    assert post.house.services.signals.outbox.counts(stream.stream_id) == {DEAD: 1, DELIVERED: 1}
    (dead,) = post.house.services.signals.outbox.dead(9)
    assert dead.error == "http_500"


@pytest.mark.parametrize("err", ["invalid_request", "invalid_issuer", "invalid_audience"])
def test_what_will_never_be_taken_is_dead_at_once(post: Post, err: str) -> None:
    stream = post.stream()
    post.session()
    post.collect()
    post.push.answers.append(Answer(400, err=err))
    post.deliver(stream)

    assert [letter.error for letter in post.house.services.signals.outbox.dead(9)] == [err]


@pytest.mark.parametrize("err", ["invalid_key", "authentication_failed", "access_denied", "unheard_of"])
def test_what_may_be_taken_tomorrow_is_tried_again(post: Post, err: str) -> None:
    stream = post.stream()
    post.session()
    post.collect()
    post.push.answers.append(Answer(400, err=err))
    post.deliver(stream)
    post.house.clock.advance(timedelta(minutes=1))
    post.deliver(stream)

    assert post.house.services.signals.outbox.counts(stream.stream_id) == {DELIVERED: 1}


def test_a_receiver_that_asks_for_time_gets_it(post: Post) -> None:
    stream = post.stream()
    post.session()
    post.collect()
    post.push.answers.append(Answer(503, retry_after_s=600))
    post.deliver(stream)
    post.house.clock.advance(timedelta(seconds=599))
    post.deliver(stream)
    assert len(post.push.sent) == 1
    post.house.clock.advance(timedelta(seconds=1))
    post.deliver(stream)
    assert len(post.push.sent) == 2


def test_waits_double_up_to_five_minutes_and_never_longer_than_an_hour() -> None:
    policy = ResendPolicy()

    assert [policy.wait(faults, 1.0).total_seconds() for faults in (1, 2, 3, 9, 10, 10_000)] == [1, 2, 4, 256, 300, 300]
    assert policy.wait(3, 0.0).total_seconds() == 2
    assert policy.wait(1, 1.0, timedelta(days=400)) == timedelta(hours=1)


def test_events_wait_while_a_stream_is_paused_and_are_dropped_while_it_is_disabled(post: Post) -> None:
    services = post.house.services
    stream = streams.set_status(services, post.stream(), PAUSED)
    post.session()
    post.collect()
    assert services.signals.outbox.waiting(stream.stream_id) == 1

    stream = streams.set_status(services, stream, DISABLED)
    post.session()
    assert services.signals.outbox.waiting(stream.stream_id) == 0
    with pytest.raises(StreamStateError):
        streams.verify(services, stream, None, post.house.act())
    stream = streams.set_status(services, stream, "enabled")
    post.collect()
    assert services.signals.outbox.waiting(stream.stream_id) == 0


def test_a_subject_taken_off_a_stream_is_not_spoken_of_until_it_is_back(post: Post) -> None:
    services, ana = post.house.services, uuid4()
    stream = post.stream()
    sub = services.signals.pairwise.subject(ana, stream.audience)
    streams.exclude(services, stream, sub)
    post.session(ana)
    post.session()
    post.collect()
    assert services.signals.outbox.waiting(stream.stream_id) == 1
    streams.include(services, stream, sub)
    post.session(ana)
    post.collect()
    assert services.signals.outbox.waiting(stream.stream_id) == 2


def test_a_stream_gets_only_what_it_asked_for(post: Post) -> None:
    revoked = "https://schemas.openid.net/secevent/caep/event-type/session-revoked"
    stream = post.stream(events=[revoked, "urn:unheard-of"])
    assert stream.events == (revoked,)
    post.revoke(post.session())
    post.collect()
    post.deliver(stream)

    assert kinds(post) == ["session-revoked"]


def test_an_event_whose_subject_cannot_be_read_is_reported_and_the_next_goes_out(post: Post) -> None:
    stream = post.stream()
    lost = post.session()
    post.revoke(lost)
    post.house.store._listenable._stored_events[0].__dict__["state"] = b"x" * 40
    post.session()
    post.collect()
    post.deliver(stream)

    assert kinds(post) == ["session-established"]
    assert [type(fault) for fault in post.faults] == [SealBrokenError]


def test_a_webhook_hears_of_devices_too(post: Post) -> None:
    stream, _ = streams.add_webhook(post.house.services, endpoint_url=ENDPOINT)
    device = Device.pair(UUID(int=5), department="icu", label="tablet", public_jwk="{}", act=post.house.act())
    post.house.store.save(device)
    post.collect()
    post.deliver(stream)

    (push,) = post.push.sent
    document = token_of(push)
    assert document["type"] == "br.faceauth.device.paired.v1"
    assert document["data"]["device_id"] == str(device.id)
    assert "subject" not in document
    assert stream.method == WEBHOOK


def test_an_endpoint_that_is_not_allowed_any_more_is_not_sent_to(post: Post) -> None:
    stream = post.stream()
    moved = post.house.services.signals.streams
    moved.replace(replace(stream, endpoint_url="https://elsewhere.test/"))
    post.session()
    post.collect()
    post.deliver(stream)

    assert post.push.sent == []
    assert post.house.services.signals.outbox.waiting(stream.stream_id) == 1


def test_a_poller_gets_the_oldest_of_each_subject_until_it_says_that_it_has_it(post: Post) -> None:
    services = post.house.services
    stream = post.stream(POLL)
    post.revoke(post.session())
    post.collect()
    first = polling.fetch(services, stream, at_most=10)
    assert len(first.sets) == 1
    assert first.more
    assert polling.fetch(services, stream, at_most=10).sets == first.sets

    (jti,) = first.sets
    polling.note(services, stream, acknowledged=[UUID(jti)], refused={})
    second = polling.fetch(services, stream, at_most=10)
    assert (len(second.sets), second.more) == (1, False)
    assert second.sets.keys() != first.sets.keys()

    (jti,) = second.sets
    polling.note(services, stream, acknowledged=[], refused={UUID(jti): "jwtAud"})
    assert polling.fetch(services, stream, at_most=10).sets == {}
    assert services.signals.outbox.counts(stream.stream_id) == {DELIVERED: 1, DEAD: 1}


def test_a_pushed_stream_cannot_be_fetched(post: Post) -> None:
    with pytest.raises(StreamStateError):
        polling.fetch(post.house.services, post.stream(), at_most=1)


def test_verification_events_come_with_their_state_and_do_not_pile_up(post: Post) -> None:
    services, stream = post.house.services, post.stream()
    for number in range(20):
        streams.verify(services, stream, f"state-{number}", post.house.act())
    with pytest.raises(StreamLimitError):
        streams.verify(services, stream, None, post.house.act())
    post.deliver(stream)

    claims = [token_of(push) for push in post.push.sent]
    assert {payload["state"] for one in claims for payload in one["events"].values()} >= {"state-0", "state-19"}
    assert {one["sub_id"]["id"] for one in claims} == {str(stream.stream_id)}


def test_letters_are_kept_for_a_week_and_dead_ones_for_a_season(post: Post) -> None:
    services, stream = post.house.services, post.stream()
    post.session()
    post.session()
    post.collect()
    post.push.answers.append(Answer(400, err="invalid_request"))
    post.deliver(stream)
    post.house.clock.advance(timedelta(days=8))
    assert streams.tidy(services) == 1
    assert services.signals.outbox.counts(stream.stream_id) == {DEAD: 1}
    post.house.clock.advance(timedelta(days=83))
    assert streams.tidy(services) == 1


def test_deleting_a_stream_destroys_its_secret(post: Post) -> None:
    stream = post.stream(secret="Bearer x")
    owner = f"stream:{stream.stream_id}"
    assert post.house.vault.has_key(owner)
    streams.delete(post.house.services, stream)
    assert not post.house.vault.has_key(owner)
