"""Texture as evidence: what recapturing does to a picture lowers it, what cameras do leaves it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest

from adapters.vision.spectrum import detail_share, moire_excess
from adapters.vision.texture import NAMES, Texture, face_region, gamut, highlights
from application.ports.vision import Face

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from application.ports.vision import Image


def skin(side: int = 160, seed: int = 1, noise: float = 2.0) -> Image:
    """Texture as rough as faces on webcams (power falls with the fourth power of frequency), in skin colours."""
    random = np.random.default_rng(seed)
    radius = np.hypot(np.fft.fftfreq(side)[:, np.newaxis], np.fft.fftfreq(side))
    radius[0, 0] = 1.0
    shape = np.fft.ifft2(np.fft.fft2(random.standard_normal((side, side))) / radius**2).real
    shape = 25 * shape / shape.std()
    tint = cv2.GaussianBlur(random.standard_normal((side, side)), (0, 0), side / 12)
    tint = 6 * tint / tint.std()
    colours = np.stack([110 + shape - tint, 140 + shape, 180 + shape + tint], axis=2)
    return np.clip(colours + random.normal(0, noise, colours.shape), 0, 255).astype(np.uint8)


def rastered(image: Image, *, amplitude: float = 4.0, pitch: float = 3.7, degrees: float = 32.0) -> Image:
    """The picture with a fine raster over it, as a screen leaves."""
    rows, columns = np.mgrid[: image.shape[0], : image.shape[1]]
    along = np.cos(np.radians(degrees)) * columns + np.sin(np.radians(degrees)) * rows
    waves = amplitude * np.sin(2 * np.pi * along / pitch)[..., np.newaxis]
    return np.asarray(np.clip(image + waves, 0, 255), np.uint8)


def grey(image: Image) -> NDArray[np.float32]:
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), np.float32)


def jpeg(image: Image, quality: int) -> Image:
    decoded = cv2.imdecode(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_COLOR)
    return np.asarray(decoded, np.uint8)


def face_in(image: Image) -> Face:
    height, width = image.shape[:2]
    points = np.array([[0.3, 0.4], [0.7, 0.4], [0.5, 0.6], [0.35, 0.8], [0.65, 0.8]], np.float32)
    return Face(np.array([0, 0, width, height], np.float32), points * np.array([width, height], np.float32), 0.9)


@pytest.mark.parametrize("seed", range(5))
def test_a_raster_shows_as_a_peak_and_its_absence_does_not(seed: int) -> None:
    plain = skin(seed=seed)

    assert moire_excess(grey(plain)) < 0.5
    assert moire_excess(grey(rastered(plain))) > 1.5


@pytest.mark.parametrize("degrees", [20, 45, 70, 110, 155])
def test_a_raster_shows_at_any_angle_off_the_axes(degrees: float) -> None:
    assert moire_excess(grey(rastered(skin(), degrees=degrees))) > 1.0


def test_a_stronger_raster_shows_more() -> None:
    faint, strong = (moire_excess(grey(rastered(skin(), amplitude=amplitude))) for amplitude in (2.5, 8.0))
    assert strong > faint + 1


@pytest.mark.parametrize("quality", [30, 50, 75, 95])
def test_the_blocks_of_jpeg_are_not_taken_for_a_raster(quality: int) -> None:
    assert moire_excess(grey(jpeg(skin(), quality))) < 0.5


def test_a_raster_survives_jpeg() -> None:
    assert moire_excess(grey(jpeg(rastered(skin(), amplitude=6), 85))) > 1.0


@pytest.mark.parametrize("gain", [0.5, 1.4])
def test_contrast_takes_no_part_in_detail(gain: float) -> None:
    plain = grey(skin(64))
    assert detail_share(plain * np.float32(gain)) == pytest.approx(detail_share(plain), abs=0.05)


def test_brightness_takes_no_part_in_detail_and_moire() -> None:
    plain = grey(skin())
    for measure in (detail_share, moire_excess):
        assert measure(plain + np.float32(20)) == pytest.approx(measure(plain), abs=1e-3)


def test_blur_lowers_detail() -> None:
    plain = skin(64)
    assert detail_share(grey(cv2.GaussianBlur(plain, (0, 0), 1.5))) < detail_share(grey(plain)) - 1  # type: ignore[arg-type]


def test_the_same_face_seen_from_nearer_has_the_same_detail() -> None:
    near = cv2.resize(skin(96, noise=0), (288, 288), interpolation=cv2.INTER_CUBIC)
    far = skin(96, noise=0)
    near_value, far_value = (Texture().measure(p, face_in(p))["detail"] for p in (np.asarray(near, np.uint8), far))
    assert near_value == pytest.approx(far_value, abs=0.3)


def test_less_colour_lowers_the_gamut_and_exposure_does_not() -> None:
    plain = skin(64, noise=0)
    pale = cv2.addWeighted(
        plain, 0.3, cv2.cvtColor(cv2.cvtColor(plain, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR), 0.7, 0
    )
    dim = (plain * 0.6).astype(np.uint8)

    assert gamut(np.asarray(pale, np.uint8)) < gamut(plain) - 0.5
    assert gamut(dim) == pytest.approx(gamut(plain), abs=0.15)


def test_small_white_glints_raise_strength_and_skewness_and_coloured_ones_do_not() -> None:
    plain = cv2.GaussianBlur(skin(64), (0, 0), 2)
    white, red = plain.copy(), plain.copy()
    for row, column in ((20, 20), (20, 44), (34, 32)):
        white[row : row + 3, column : column + 3] = 250
        red[row : row + 3, column : column + 3, 2] = 250

    strength, skew = highlights(np.asarray(plain, np.uint8))
    glint_strength, glint_skew = highlights(np.asarray(white, np.uint8))
    assert glint_strength > strength + 1
    assert glint_skew > skew + 1
    assert highlights(np.asarray(red, np.uint8)) == pytest.approx((strength, skew))


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((80, 80, 3), np.uint8),
        np.full((80, 80, 3), 255, np.uint8),
        np.full((3, 5, 3), 90, np.uint8),
        np.full((1, 1, 3), 90, np.uint8),
        np.random.default_rng(3).integers(0, 256, (90, 70, 3), np.uint8),
        skin(400),
    ],
    ids=["black", "white", "tiny", "one pixel", "noise", "large"],
)
def test_every_value_is_named_and_finite_whatever_is_shown(image: Image) -> None:
    measured = Texture().measure(image, face_in(image))

    assert tuple(measured) == NAMES == Texture().names
    assert all(np.isfinite(value) for value in measured.values())


@pytest.mark.parametrize(
    "box", [(-30, -30, 60, 60), (150, 150, 60, 60), (-100, -100, 20, 20), (400, 400, 50, 50), (10, 10, 0.2, 0.2)]
)
def test_a_face_that_leaves_the_picture_still_gives_finite_values(box: tuple[float, ...]) -> None:
    points = np.full((5, 2), box[1] + box[3] / 2, np.float32)
    face = Face(np.array(box, np.float32), points, 0.9)

    assert all(np.isfinite(value) for value in Texture().measure(skin(), face).values())


def test_the_picture_stays_and_the_copy_of_the_face_is_overwritten(monkeypatch: pytest.MonkeyPatch) -> None:
    picture, copies = skin(), []

    def watched(*arguments: Any) -> Image:
        copies.append(face_region(*arguments))
        return copies[-1]

    monkeypatch.setattr("adapters.vision.texture.face_region", watched)
    before = picture.copy()
    Texture().measure(picture, face_in(picture))

    np.testing.assert_array_equal(picture, before)
    assert len(copies) == 1
    assert not copies[0].any()
