"""Pictures as people have them: each kind is decoded as it is meant, or one sentence says why not."""

import io
import struct
import zlib
from datetime import UTC, datetime

import cv2
import numpy as np
import pytest
from PIL import Image, ImageOps

from app.camera.files import is_picture, read_picture
from app.camera.jpeg import InvalidJpeg
from app.camera.picture import ORIENTATION, decode_jpeg, decode_picture
from app.demo import Classroom

SIZE = (640, 480)
MORNING = datetime(2026, 11, 21, 10, tzinfo=UTC)


@pytest.fixture(scope="module")
def drawn() -> Image.Image:
    """The drawn classroom, upright, with colours that a mix-up of red and blue would change."""
    return Image.fromarray(Classroom(8, SIZE).draw(MORNING)[..., ::-1].copy())


def saved(picture: Image.Image, format_: str, **options) -> bytes:
    file = io.BytesIO()
    picture.save(file, format_, **options)
    return file.getvalue()


def rotated_back(picture: Image.Image, orientation: int) -> tuple[Image.Image, Image.Exif]:
    """The picture as a camera stores it that notes this orientation."""
    exif = Image.Exif()
    exif[ORIENTATION] = {6: 8, 8: 6}.get(orientation, orientation)
    turned = picture.copy()
    turned.info["exif"] = exif.tobytes()
    turned = ImageOps.exif_transpose(turned)
    exif[ORIENTATION] = orientation
    return turned, exif


def sixteen_bits(picture: Image.Image) -> bytes:
    _, png = cv2.imencode(".png", np.asarray(picture)[..., ::-1].astype(np.uint16) * 257)
    return png.tobytes()


def off(picture: Image.Image, data: bytes) -> float:
    """How far the decoded picture lies from the right one: mean difference in grey levels."""
    decoded = decode_picture(data)[..., ::-1]
    assert decoded.shape == (picture.height, picture.width, 3)
    return float(np.abs(decoded.astype(int) - np.asarray(picture.convert("RGB"))).mean())


EVERY_KIND = {
    "PNG": lambda picture: saved(picture, "PNG"),
    "TIFF": lambda picture: saved(picture, "TIFF", compression="tiff_lzw"),
    "GIF": lambda picture: saved(picture.quantize(256), "GIF"),
    "TGA": lambda picture: saved(picture, "TGA", compression="tga_rle"),
    "BMP": lambda picture: saved(picture, "BMP"),
    "WebP": lambda picture: saved(picture, "WEBP", quality=90),
    "HEIC": lambda picture: saved(picture, "HEIF", quality=90),
    "AVIF": lambda picture: saved(picture, "AVIF", quality=90),
    "JPEG 2000": lambda picture: saved(picture, "JPEG2000"),
    "PNG with 16 bits": sixteen_bits,
    "JPEG in CMYK": lambda picture: saved(picture.convert("CMYK"), "JPEG", quality=95),
    "PNG with a palette": lambda picture: saved(picture.quantize(256), "PNG"),
    "PNG with alpha": lambda picture: saved(picture.convert("RGBA"), "PNG"),
}


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_every_kind_of_picture_is_decoded_as_it_is_meant(drawn, kind):
    assert off(drawn, EVERY_KIND[kind](drawn)) < 6


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "TIFF", "WEBP", "HEIF", "AVIF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_is_turned_as_its_camera_noted(drawn, format_, orientation):
    small = drawn.reduce(4)
    turned, exif = rotated_back(small, orientation)
    assert off(small, saved(turned, format_, exif=exif.tobytes(), quality=90)) < 5


def test_a_browsers_jpeg_is_turned_and_its_cmyk_converted_too(drawn):
    turned, exif = rotated_back(drawn, 6)
    for jpeg in (
        saved(drawn, "JPEG"),
        saved(turned, "JPEG", exif=exif.tobytes()),
        saved(drawn.convert("CMYK"), "JPEG"),
    ):
        assert np.abs(decode_jpeg(jpeg).astype(int) - np.asarray(drawn)[..., ::-1]).mean() < 6


@pytest.mark.parametrize("mode", ["I;16", "L", "1"])
def test_grey_pictures_keep_their_brightness(drawn, mode):
    grey = drawn.convert("L")
    stored = (
        Image.fromarray(np.asarray(grey).astype(np.uint16) * 257) if mode == "I;16" else grey.convert(mode)
    )
    assert abs(decode_picture(saved(stored, "PNG")).mean() - np.asarray(grey).mean()) < 2


def test_transparent_parts_are_white():
    clear = Image.new("RGBA", (64, 64), (0, 0, 0, 0))
    assert decode_picture(saved(clear, "PNG")).min() == 255


def test_bytes_after_the_end_of_a_jpeg_are_ignored(drawn):
    jpeg = saved(drawn, "JPEG") + b"a film of two seconds" * 1000
    assert off(drawn, jpeg) < 5
    assert decode_jpeg(jpeg).shape == (SIZE[1], SIZE[0], 3)


def test_a_jpeg_without_its_end_is_cut_off(drawn):
    jpeg = saved(drawn, "JPEG")
    with pytest.raises(InvalidJpeg, match="cut off"):
        decode_picture(jpeg[: len(jpeg) // 2])
    with pytest.raises(InvalidJpeg, match="cut off"):
        decode_jpeg(jpeg[:-2])


def png_bomb(width: int, height: int) -> bytes:
    """A PNG of a few kilobytes, all black, that claims this size."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(10**6)))


@pytest.mark.parametrize("size", [(10_000, 10_000), (60_000, 60_000), (20_000, 16)])
def test_a_bomb_is_refused_before_it_is_decoded(size):
    with pytest.raises(InvalidJpeg, match="pixels"):
        decode_picture(png_bomb(*size))


@pytest.mark.parametrize("data", [b"", b"This is no picture.\n" * 50, b"%!PS-Adobe-3.0 EPSF-3.0\n" * 9])
def test_what_is_no_picture_is_told_so(data):
    with pytest.raises(InvalidJpeg, match="not a picture"):
        decode_picture(data)


@pytest.mark.parametrize("format_", ["GIF", "PNG", "WEBP", "AVIF"])
def test_a_picture_that_moves_is_no_still_picture(drawn, format_, tmp_path):
    other = ImageOps.mirror(drawn)
    data = saved(drawn, format_, save_all=True, append_images=[other, drawn], duration=200)
    with pytest.raises(InvalidJpeg, match="moves"):
        decode_picture(data)
    path = tmp_path / "a"
    path.write_bytes(data)
    assert is_picture(path) == (format_ in ("PNG", "WEBP"))  # which FFmpeg can't play: they are refused
    path.write_bytes(saved(drawn, format_))
    assert is_picture(path)
    assert read_picture(path).shape == (SIZE[1], SIZE[0], 3)


def test_pages_of_a_tiff_are_no_film(drawn):
    assert off(drawn, saved(drawn, "TIFF", save_all=True, append_images=[ImageOps.mirror(drawn)])) < 5


@pytest.mark.parametrize("head", [b"\x00\x00\x01\xba", b"\x00\x00\x01\xb3", b"\x00\x00\x01\x20ftypisom"])
def test_a_video_is_not_taken_for_a_targa(head, tmp_path):
    path = tmp_path / "a.mpg"
    path.write_bytes(head.ljust(16, b"\x01") + b"\x08\x00" + bytes(1000))
    assert not is_picture(path)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_damaged_exif_does_not_spoil_the_picture(drawn):
    assert off(drawn, saved(drawn, "JPEG", exif=b"Exif\0\0MM\0*\xff\xff\xff\xffrubbish")) < 5
