"""What comes in as a depth map, and what does not. The maps are synthetic: see ``tests/depth_scenes.py``."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.vision import depth as depth_module
from adapters.vision.depth import TrueDepthReader
from adapters.vision.depth_png import DEPTH_BYTES
from adapters.vision.relief import measure
from application.ports.vision import Face
from domain.errors import DepthError
from tests.depth_scenes import Camera, Pose, Shot, encode_png, face, shoot

if TYPE_CHECKING:
    from numpy.typing import NDArray

READER = TrueDepthReader()
IMAGE = np.zeros((960, 1280, 3), np.uint8)
SHOT = shoot(face(), Pose(), Camera(), np.random.default_rng(4))
FACE = SHOT.picture(2.0)[1]


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int, height: int, pixels: bytes = b"", *, bits: int = 16, kind: int = 0) -> bytes:
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, kind, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(pixels)) + chunk(b"IEND", b"")


def refusal(payload: bytes, image: NDArray[np.uint8] = IMAGE) -> str:
    with pytest.raises(DepthError) as caught:
        READER.read(payload, image, FACE)
    assert caught.value.code == "invalid_depth"
    return str(caught.value)


def test_a_map_is_measured_where_its_picture_shows_the_face() -> None:
    found = READER.read(SHOT.png(), IMAGE, FACE)
    assert found == measure(SHOT.depth, SHOT.landmarks)
    assert found.relief > 0.3
    assert 55 < found.eye_distance_mm < 70


def test_a_portrait_map_belongs_to_a_portrait_picture() -> None:
    shot = shoot(face(), Pose(), Camera(480, 640), np.random.default_rng(4))
    image, found = shot.picture(2.0)
    assert READER.read(shot.png(), image, found).relief > 0.3
    assert "proportions" in refusal(shot.png())


def test_sides_rounded_by_a_pixel_are_the_same_proportions() -> None:
    assert READER.read(SHOT.png(), np.zeros((962, 1280, 3), np.uint8), FACE).relief > 0.3


@pytest.mark.parametrize(("width", "height"), [(640, 512), (640, 360), (480, 640)])
def test_other_proportions_than_the_pictures_are_refused(width: int, height: int) -> None:
    assert "proportions" in refusal(encode_png(np.full((height, width), 400, np.uint16)))


@pytest.mark.parametrize(("width", "height"), [(80, 60), (84, 63), (1028, 771), (1365, 1024)])
def test_a_map_with_too_few_or_too_many_measurements_is_refused(width: int, height: int) -> None:
    assert "64 to 1024" in refusal(encode_png(np.full((height, width), 400, np.uint16)))


def test_a_map_that_claims_to_be_huge_is_refused_before_it_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    def decoded(*_: Any) -> None:
        raise AssertionError("decoded")

    monkeypatch.setattr(depth_module, "decode", decoded)
    assert "64 to 1024" in refusal(png(2**31 - 1, 2**31 - 1))
    assert "bytes" in refusal(SHOT.png() + bytes(DEPTH_BYTES))


@pytest.mark.parametrize(
    "payload",
    [
        encode_png(np.full((480, 640), 40, np.uint8)),
        encode_png(np.full((480, 640, 3), 400, np.uint16)),
        encode_png(np.full((480, 640, 4), 400, np.uint16)),
        png(640, 480, bytes(480 * 1281), kind=4),
        b"\xff\xd8\xff\xe0" + bytes(100) + b"\xff\xd9",
        b"RIFF" + bytes(100),
        b"not a map",
        b"",
    ],
    ids=["8 bits", "colour", "colour and alpha", "grey and alpha", "JPEG", "RIFF", "text", "empty"],
)
def test_anything_but_a_grey_png_of_16_bits_is_refused(payload: bytes) -> None:
    assert "16-bit grey PNG" in refusal(payload)


@pytest.mark.parametrize("kept", [20, 30, 60, 5000, -12])
def test_a_map_cut_short_is_refused(kept: int) -> None:
    assert refusal(SHOT.png()[:kept])


ROWS = bytes(480 * 1281)


@pytest.mark.parametrize(
    "rows", [b"too few", ROWS[:-1], ROWS + b"\0", ROWS * 9], ids=["few", "one byte less", "one byte more", "nine maps"]
)
def test_a_map_that_inflates_to_another_size_than_it_states_is_refused(rows: bytes) -> None:
    assert "rows than it states" in refusal(png(640, 480, rows))


def test_a_map_that_inflates_to_more_than_it_states_is_given_up_at_its_last_row() -> None:
    noise = np.random.default_rng(3).bytes(500_000)
    damaged_after = zlib.compress(ROWS + noise)[:-400_000] + bytes(400_000)
    with pytest.raises(zlib.error):
        zlib.decompress(damaged_after)
    payload = png(640, 480)[:33] + chunk(b"IDAT", damaged_after) + chunk(b"IEND", b"")
    assert "more rows than it states" in refusal(payload)


@pytest.mark.parametrize(
    "chunks",
    [
        chunk(b"IDAT", b"no deflate stream"),
        chunk(b"IDAT", zlib.compress(ROWS))[:-1] + b"?",
        chunk(b"IDAT", zlib.compress(ROWS)[:-1]),
        chunk(b"IDAT", b"") * 3000 + chunk(b"IDAT", zlib.compress(ROWS)),
        b"\xff\xff\xff\xffIDAT",
        b"",
    ],
    ids=["not compressed", "checksum", "end of the stream", "very many chunks", "length", "no rows"],
)
def test_a_map_whose_chunks_are_damaged_is_refused(chunks: bytes) -> None:
    assert "damaged" in refusal(png(640, 480)[:33] + chunks + chunk(b"IEND", b""))


@pytest.mark.parametrize(
    "extra",
    [
        chunk(b"zTXt", b"note\0\0" + zlib.compress(bytes(10_000_000))),
        chunk(b"iCCP", b"note\0\0" + zlib.compress(bytes(10_000_000))),
        chunk(b"tRNS", b"\1\x90"),
        chunk(b"eXIf", b"II*\0" + bytes(100)),
        chunk(b"gAMA", struct.pack(">I", 100_000)),
    ],
    ids=["text", "profile", "transparency", "EXIF", "gamma"],
)
def test_what_else_a_png_carries_changes_nothing(extra: bytes) -> None:
    whole = SHOT.png()
    assert READER.read(whole[:33] + extra + whole[33:], IMAGE, FACE) == READER.read(whole, IMAGE, FACE)


def test_an_interlaced_map_is_refused() -> None:
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 640, 480, 16, 0, 0, 0, 1))
    assert "another kind" in refusal(b"\x89PNG\r\n\x1a\n" + head + png(640, 480, ROWS)[33:])


def test_a_map_of_nothing_but_holes_is_refused() -> None:
    assert "no distance" in refusal(encode_png(np.zeros((480, 640), np.uint16)))


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (np.full((480, 640), np.nan, np.float32), "no distance"),
        (np.zeros((480, 640), np.float32), "no distance"),
        (np.full((480, 640), np.inf, np.float32), "infinite"),
        (np.full((480, 640), -np.inf, np.float32), "infinite"),
        (np.full((480, 640), -1, np.float32), "negative"),
        (np.full((480, 640), 400, np.float64), "float32"),
        (np.full((480, 640), 400, np.uint16), "float32"),
        (np.full((480, 640, 1), 400, np.float32), "float32"),
        (np.full(480, 400, np.float32), "float32"),
        (np.zeros((0, 640), np.float32), "float32"),
    ],
    ids=["NaN", "holes", "infinite", "minus infinite", "negative", "float64", "uint16", "3-D", "1-D", "empty"],
)
def test_an_array_that_holds_no_distances_is_refused_with_a_word_why(values: Any, said: str) -> None:
    with pytest.raises(DepthError, match=said):
        measure(values, SHOT.landmarks)


def test_one_bad_distance_among_good_ones_is_enough() -> None:
    for bad in (np.inf, -np.inf, -0.5):
        depth = SHOT.depth.copy()
        depth[7, 9] = bad
        with pytest.raises(DepthError, match="infinite or negative"):
            measure(depth, SHOT.landmarks)


def test_holes_may_be_nan_or_zero() -> None:
    as_nan = np.where(SHOT.depth == 0, np.float32(np.nan), SHOT.depth)
    assert measure(as_nan, SHOT.landmarks).relief == measure(SHOT.depth, SHOT.landmarks).relief


@pytest.mark.parametrize(
    "landmarks",
    [
        np.zeros((5, 2), np.float32),
        np.full((5, 2), np.nan, np.float32),
        np.full((5, 2), 1e30, np.float32),
        SHOT.landmarks * np.float32(1e12),
        SHOT.landmarks + np.float32(5000),
        SHOT.landmarks[:, :1].repeat(2, axis=1),
        SHOT.landmarks * np.float32(0.05),
    ],
    ids=["one point", "NaN", "far", "vast", "outside", "one line", "tiny"],
)
def test_a_face_that_the_map_does_not_show_is_all_holes_and_no_error(landmarks: NDArray[np.float32]) -> None:
    found = measure(SHOT.depth, landmarks)
    assert np.isnan(found.relief)
    assert found.holes == 1.0


def test_the_landmarks_of_the_face_are_left_as_they_were() -> None:
    before = FACE.landmarks.copy()
    READER.read(SHOT.png(), IMAGE, FACE)
    assert np.array_equal(FACE.landmarks, before)


def test_working_copies_of_the_map_are_overwritten(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[NDArray[np.float32]] = []

    def remembering(depth: NDArray[np.float32], landmarks: NDArray[np.float32]) -> Any:
        seen.extend((depth, landmarks))
        return measure(depth, landmarks)

    monkeypatch.setattr(depth_module, "measure", remembering)
    READER.read(SHOT.png(), IMAGE, FACE)
    assert len(seen) == 2
    assert not any(array.any() for array in seen)


def test_two_maps_that_differ_anywhere_have_two_marks() -> None:
    other = SHOT.depth.copy()
    other[0, 0] += 1
    assert measure(SHOT.depth, SHOT.landmarks).mark == measure(SHOT.depth.copy(), SHOT.landmarks).mark
    assert measure(SHOT.depth, SHOT.landmarks).mark != measure(other, SHOT.landmarks).mark


@settings(deadline=None)
@given(st.integers(0, 400), st.binary(min_size=1, max_size=8), st.booleans())
def test_a_damaged_map_is_measured_or_refused_and_nothing_else(place: int, noise: bytes, cut: bool) -> None:
    small = shoot_small().png()
    where = place % len(small)
    damaged = small[:where] + noise + small[where + (0 if cut else len(noise)) :]
    try:
        READER.read(damaged, np.zeros((192, 256, 3), np.uint8), FACE)
    except DepthError as error:
        assert error.code == "invalid_depth"  # noqa: PT017 - either is right


@settings(deadline=None)
@given(st.binary(max_size=300) | st.binary(max_size=300).map(lambda rest: png(256, 192)[:33] + rest))
def test_bytes_of_any_kind_are_refused_and_nothing_else(payload: bytes) -> None:
    with pytest.raises(DepthError):
        READER.read(payload, np.zeros((192, 256, 3), np.uint8), FACE)


def shoot_small() -> Shot:
    return Shot(np.full((192, 256), 400, np.float32), SHOT.landmarks)


def test_a_face_outside_the_picture_is_no_error_either() -> None:
    outside = Face(FACE.box, FACE.landmarks - np.float32(3000), 0.9)
    assert READER.read(SHOT.png(), IMAGE, outside).holes == 1.0
