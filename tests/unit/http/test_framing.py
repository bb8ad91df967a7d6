"""What a binary message holds, and what it does not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrypoints.http.framing import (
    HEADER,
    LATEST_MS,
    MAGIC,
    PICTURE_LENGTH,
    WITH_DEPTH,
    Frame,
    FrameLimits,
    FramingError,
    unpack,
)

LIMITS = FrameLimits(picture_bytes=100, depth_bytes=50)


def framed(picture: bytes, depth: bytes | None = None, *, at_ms: int = 1_700_000_000_000, flags: int = 0) -> bytes:
    if depth is None:
        return HEADER.pack(MAGIC, at_ms, flags) + picture
    return HEADER.pack(MAGIC, at_ms, flags | WITH_DEPTH) + PICTURE_LENGTH.pack(len(picture)) + picture + depth


def refusal(payload: bytes) -> str:
    with pytest.raises(FramingError) as caught:
        unpack(payload, LIMITS)
    return caught.value.code


def test_a_message_without_a_header_is_a_picture() -> None:
    assert unpack(b"\xff\xd8\xffpicture", LIMITS) == Frame(b"\xff\xd8\xffpicture")


def test_a_header_says_when_the_picture_was_taken() -> None:
    assert unpack(framed(b"picture"), LIMITS) == Frame(b"picture", None, 1_700_000_000_000.0)


def test_a_capture_time_of_zero_says_nothing() -> None:
    assert unpack(framed(b"picture", at_ms=0), LIMITS).at_ms is None


def test_a_depth_map_follows_its_picture() -> None:
    assert unpack(framed(b"picture", b"map"), LIMITS) == Frame(b"picture", b"map", 1_700_000_000_000.0)


def test_picture_and_map_may_be_as_large_as_their_limits() -> None:
    payload = framed(bytes(100), bytes(50))
    assert len(payload) == LIMITS.message_bytes
    frame = unpack(payload, LIMITS)
    assert frame.depth is not None
    assert (len(frame.image), len(frame.depth)) == (100, 50)


@pytest.mark.parametrize(
    "payload",
    [bytes(101), framed(bytes(101)), framed(bytes(101), b"map"), framed(b"picture", bytes(51))],
    ids=["bare", "with a header", "with a map", "the map"],
)
def test_a_picture_or_map_over_its_limit_breaks_a_limit(payload: bytes) -> None:
    with pytest.raises(FramingError) as caught:
        unpack(payload, LIMITS)
    assert caught.value.code == "frame_too_large"
    assert caught.value.too_large


@pytest.mark.parametrize(
    "payload",
    [
        MAGIC,
        MAGIC + bytes(11),
        framed(b"picture", flags=2),
        framed(b"picture", flags=1 << 31),
        framed(b"picture", at_ms=LATEST_MS + 1),
        framed(b"picture", at_ms=2**64 - 1),
        framed(b"", flags=WITH_DEPTH),
        HEADER.pack(MAGIC, 1, WITH_DEPTH) + PICTURE_LENGTH.pack(8) + b"picture",
    ],
    ids=["magic", "short header", "flag 1", "flag 31", "next century", "no time", "no length", "length"],
)
def test_a_message_that_does_not_fit_together_is_an_invalid_frame_and_no_broken_limit(payload: bytes) -> None:
    with pytest.raises(FramingError) as caught:
        unpack(payload, LIMITS)
    assert caught.value.code == "invalid_frame"
    assert not caught.value.too_large


def test_a_map_that_was_announced_and_is_not_there_is_an_invalid_map() -> None:
    assert refusal(framed(b"picture", b"")) == "invalid_depth"


def test_a_length_that_could_never_be_true_breaks_the_limit_before_it_is_compared() -> None:
    assert refusal(HEADER.pack(MAGIC, 1, WITH_DEPTH) + PICTURE_LENGTH.pack(2**32 - 1) + b"x") == "frame_too_large"


def test_neither_frame_nor_error_show_what_was_sent() -> None:
    assert "secret" not in repr(unpack(framed(b"secret", b"secret map"), LIMITS))
    with pytest.raises(FramingError) as caught:
        unpack(framed(b"secret", flags=4), LIMITS)
    assert "secret" not in repr(caught.value)


@given(st.binary(max_size=200) | st.binary(max_size=200).map(lambda rest: MAGIC + rest))
def test_whatever_comes_is_a_frame_within_the_limits_or_a_refusal(payload: bytes) -> None:
    try:
        frame = unpack(payload, LIMITS)
    except FramingError as error:
        assert error.code in {"invalid_frame", "invalid_depth", "frame_too_large"}  # noqa: PT017 - either is right
    else:
        assert len(frame.image) <= LIMITS.picture_bytes
        assert frame.depth is None or 0 < len(frame.depth) <= LIMITS.depth_bytes


@given(st.binary(max_size=100), st.binary(min_size=1, max_size=50), st.integers(1, LATEST_MS))
def test_what_a_client_frames_is_what_comes_out(picture: bytes, depth: bytes, at_ms: int) -> None:
    assert unpack(framed(picture, depth, at_ms=at_ms), LIMITS) == Frame(picture, depth, float(at_ms))
