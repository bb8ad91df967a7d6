"""What comes in as a picture, and what does not."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as Pillow

from adapters.vision.decoder import FRAME_BYTES, OpenCvDecoder
from adapters.vision.headers import MOST_SCANS, read_size
from domain.errors import ImageError, ImageTooLargeError, UnsupportedImageError

DECODER = OpenCvDecoder()
HEIC = b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + bytes(100)


def encoded(extension: str, width: int = 40, height: int = 30, **options: Any) -> bytes:
    """A picture with a red top half and a blue bottom half."""
    stream = io.BytesIO()
    picture = Pillow.new("RGB", (width, height), (0, 0, 255))
    picture.paste((255, 0, 0), (0, 0, width, height // 2))
    picture.save(stream, extension, **options)
    return stream.getvalue()


def png_header(width: int, height: int) -> bytes:
    body = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    end = b"\0\0\0\0IEND" + struct.pack(">I", zlib.crc32(b"IEND"))
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + body + struct.pack(">I", zlib.crc32(body)) + end


@pytest.mark.parametrize("extension", ["JPEG", "PNG", "WEBP"])
def test_jpeg_png_and_webp_are_decoded_to_bgr(extension: str) -> None:
    image = DECODER.decode(encoded(extension, quality=95) if extension != "PNG" else encoded(extension))
    assert image.shape == (30, 40, 3)
    assert image.dtype == np.uint8
    assert image[3, 20, 2] > 200
    assert image[27, 20, 0] > 200


def test_content_decides_and_not_a_name_so_a_png_called_jpg_is_a_png() -> None:
    assert DECODER.decode(encoded("PNG")).shape == (30, 40, 3)


def test_orientation_is_applied() -> None:
    exif = Pillow.Exif()
    exif[0x0112] = 6
    image = DECODER.decode(encoded("JPEG", exif=exif, quality=95))
    assert image.shape == (40, 30, 3)
    assert image[20, 27, 2] > 200


@pytest.mark.parametrize("mode", ["L", "RGBA", "I;16", "CMYK"])
def test_grey_alpha_deep_and_print_pictures_become_plain_bgr(mode: str) -> None:
    stream = io.BytesIO()
    Pillow.new(mode, (20, 10)).save(stream, "JPEG" if mode == "CMYK" else "PNG")
    image = DECODER.decode(stream.getvalue())
    assert image.shape == (10, 20, 3)
    assert image.dtype == np.uint8


def test_a_progressive_jpeg_is_decoded() -> None:
    assert DECODER.decode(encoded("JPEG", progressive=True)).shape == (30, 40, 3)


def test_one_pixel_is_a_picture() -> None:
    assert DECODER.decode(encoded("PNG", 1, 1)).shape == (1, 1, 3)


@pytest.mark.parametrize("payload", [b"", b"hello, this is text", b"\x00" * 64, b"RIFF", b"\xff\xd8\xff"])
def test_what_is_no_picture_is_refused(payload: bytes) -> None:
    with pytest.raises(ImageError) as caught:
        DECODER.decode(payload)
    assert caught.value.code == "invalid_image"


@pytest.mark.parametrize("payload", [HEIC, b"GIF89a" + bytes(30), encoded("BMP"), encoded("TIFF"), encoded("AVIF")])
def test_other_formats_are_called_unsupported(payload: bytes) -> None:
    with pytest.raises(UnsupportedImageError):
        DECODER.decode(payload)


@pytest.mark.parametrize("extension", ["JPEG", "PNG", "WEBP"])
def test_a_truncated_picture_is_refused_wherever_it_is_cut(extension: str) -> None:
    whole = encoded(extension, 64, 64)
    for length in range(0, len(whole) - 2, 5):
        with pytest.raises(ImageError):
            DECODER.decode(whole[:length])


def test_a_preview_inside_a_truncated_jpeg_does_not_make_it_whole() -> None:
    preview = encoded("JPEG", 8, 8)
    whole = encoded("JPEG", 64, 64)
    marked = whole[:2] + b"\xff\xe1" + struct.pack(">H", len(preview) + 2) + preview + whole[2:]
    assert DECODER.decode(marked).shape == (64, 64, 3)
    with pytest.raises(ImageError, match="truncated"):
        DECODER.decode(marked[:-20])


@pytest.mark.parametrize(("width", "height"), [(20_000, 20_000), (4097, 1), (1, 4097), (2**31, 2**31)])
def test_too_many_pixels_are_refused_from_the_header_alone(width: int, height: int) -> None:
    with pytest.raises(ImageTooLargeError, match="4096 pixels"):
        DECODER.decode(png_header(width, height))


def test_a_picture_without_pixels_is_refused() -> None:
    with pytest.raises(ImageError):
        DECODER.decode(png_header(0, 10))


def test_too_many_bytes_are_refused_and_the_limit_is_a_parameter() -> None:
    payload = encoded("JPEG") + bytes(FRAME_BYTES)
    with pytest.raises(ImageTooLargeError, match="bytes"):
        DECODER.decode(payload)
    assert OpenCvDecoder(max_bytes=2 * FRAME_BYTES).decode(payload).shape == (30, 40, 3)


def test_damage_inside_a_picture_is_an_image_error_or_a_picture_never_a_crash() -> None:
    whole = bytearray(encoded("JPEG", 64, 64, quality=95))
    for position in range(20, len(whole) - 2, 11):
        damaged = whole.copy()
        damaged[position] ^= 0xFF
        try:
            assert DECODER.decode(bytes(damaged)).dtype == np.uint8
        except ImageError:
            continue


@pytest.mark.parametrize("extension", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("size", [(1, 1), (17, 400), (1000, 3)])
def test_the_size_read_from_the_header_is_the_size_decoded(extension: str, size: tuple[int, int]) -> None:
    for options in ({}, {"lossless": True}) if extension == "WEBP" else ({},):
        header = read_size(encoded(extension, *size, **options))
        assert (header.width, header.height) == size


def test_a_webp_with_metadata_says_its_size_too() -> None:
    header = read_size(encoded("WEBP", 33, 44, exif=Pillow.Exif().tobytes() + bytes(8), icc_profile=b"profile"))
    assert (header.width, header.height) == (33, 44)


@given(start=st.sampled_from([b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF\x10\0\0\0WEBPVP8X"]), tail=st.binary())
def test_arbitrary_bytes_raise_nothing_but_image_errors(start: bytes, tail: bytes) -> None:
    try:
        DECODER.decode(start + tail)
    except ImageError:
        return


def test_a_picture_of_many_scans_is_refused_before_it_costs_minutes() -> None:
    progressive = encoded("JPEG", progressive=True)
    scan = progressive[progressive.rfind(b"\xff\xda") : -2]
    assert DECODER.decode(progressive).shape == (30, 40, 3)

    with pytest.raises(ImageError, match="scans"):
        DECODER.decode(progressive[:-2] + scan * (MOST_SCANS + 1) + progressive[-2:])


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_moving_pictures_are_no_frames(kind: str) -> None:
    stream = io.BytesIO()
    first, *others = [Pillow.new("RGB", (32, 32), (shade, 0, 0)) for shade in (0, 90, 180)]
    first.save(stream, kind, save_all=True, append_images=others)

    with pytest.raises(UnsupportedImageError):
        DECODER.decode(stream.getvalue())
