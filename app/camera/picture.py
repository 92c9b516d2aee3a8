"""Decodes still pictures as people have them: one way in for files, uploads and what cameras send."""

import io
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import BinaryIO

import cv2
import numpy as np
import pillow_heif
import simplejpeg
from PIL import Image, ImageOps, UnidentifiedImageError

from app.camera.jpeg import TOO_MANY_PIXELS, InvalidJpeg, check_jpeg, check_scans, check_size
from app.camera.video import MAX_PIXELS, MAX_SIDE
from app.language import Translatable

pillow_heif.register_heif_opener(thumbnails=False)

FORMATS = ("AVIF", "BMP", "GIF", "HEIF", "JPEG", "JPEG2000", "PNG", "PPM", "SUN", "TIFF", "WEBP", "TGA")
"""Pillow's names of what is read, TGA last: it has no mark. Others are rare or start programs (EPS)."""
ANIMATED = frozenset(("AVIF", "GIF", "PNG", "WEBP"))
"""Formats whose further frames are later moments. In TIFF they are pages, in MPO and HEIF other views."""
PLAYED = frozenset(("AVIF", "GIF"))
"""Those that FFmpeg plays; the others are refused."""
TILE_WIDTH, TILE_LENGTH = 322, 323  # tags of TIFF
ORIENTATION = 0x0112  # the EXIF tag

NO_PICTURE = Translatable(
    "This is not a picture, or in a format that Aula doesn't read. Save it as JPEG or PNG."
)
DAMAGED = Translatable("The picture is cut off or damaged. Copy it again.")
MOVES = Translatable("This picture moves. Save one frame of it as JPEG or PNG.")
BAD_JPEG = Translatable("The JPEG can't be decoded: it is damaged, or not of the size that it claims.")
NO_COLOURS = Translatable("The picture's numbers are not colours. Save it as JPEG or PNG.")

UNREADABLE = (
    ArithmeticError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
)
"""What Pillow's decoders raise at damaged data."""


def decode_picture(data: bytes) -> np.ndarray:
    """Decode a still picture upright: BGR uint8 (height, width, 3); transparent parts are white.

    Raises InvalidJpeg if it is none, too large, damaged or animated. Its size is checked before its decoding.
    """
    with _opened(io.BytesIO(data)) as picture:
        check_size(*picture.size, MAX_SIDE, MAX_PIXELS)
        # a tile is decoded whole, however small the picture
        if picture.format == "TIFF" and TILE_WIDTH in picture.tag_v2:
            check_size(picture.tag_v2[TILE_WIDTH], picture.tag_v2.get(TILE_LENGTH, 1), MAX_SIDE, MAX_PIXELS)
        if _is_animated(picture):
            raise InvalidJpeg(MOVES)
        if picture.format in ("JPEG", "MPO"):
            check_scans(data)
        try:
            picture.load()
            with suppress(*UNREADABLE):  # facts about a picture may be damaged while its pixels are not
                ImageOps.exif_transpose(picture, in_place=True)
            return cv2.cvtColor(np.asarray(_as_rgb(picture)), cv2.COLOR_RGB2BGR)
        except InvalidJpeg:
            raise
        except (*UNREADABLE, cv2.error):
            raise InvalidJpeg(DAMAGED) from None


def decode_jpeg(jpeg: bytes) -> np.ndarray:
    """Decode one of a camera's many JPEGs upright, fast: BGR uint8. Raises InvalidJpeg.

    A damaged one is refused; other decoders would give a part of it.
    """
    check_jpeg(jpeg)
    with _opened(io.BytesIO(jpeg), ("JPEG",)) as picture:
        is_upright_rgb = picture.mode != "CMYK" and _orientation(picture) == 1
    if not is_upright_rgb:
        return decode_picture(jpeg)
    try:
        return simplejpeg.decode_jpeg(jpeg, "BGR")
    except ValueError:
        raise InvalidJpeg(BAD_JPEG) from None


def holds_picture(file: BinaryIO) -> bool:
    """Whether a file holds a picture and nothing that is played. Reads little more than its header."""
    try:
        with _opened(file) as picture:
            return not (_is_animated(picture) and picture.format in PLAYED)
    except InvalidJpeg as error:
        return error.words is TOO_MANY_PIXELS


@contextmanager
def _opened(file: BinaryIO, formats: Sequence[str] = FORMATS) -> Iterator[Image.Image]:
    """Open a picture without decoding it. Raises InvalidJpeg if it is none or a bomb."""
    try:
        try:
            picture = Image.open(file, formats=formats)
        except (UnidentifiedImageError, *UNREADABLE):
            raise InvalidJpeg(NO_PICTURE) from None
        with picture:
            if picture.format == "TGA" and not _is_tga(file):
                raise InvalidJpeg(NO_PICTURE)
            yield picture
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise InvalidJpeg(TOO_MANY_PIXELS) from None


def _is_tga(file: BinaryIO) -> bool:
    """Whether the head of what Pillow takes for a TGA fits together."""
    file.seek(0)
    head = file.read(3)
    return (head[1] == 1) == (head[2] in (1, 9))


def _is_animated(picture: Image.Image) -> bool:
    with suppress(*UNREADABLE):
        return picture.format in ANIMATED and getattr(picture, "is_animated", False)
    return False


def _orientation(picture: Image.Image) -> int:
    with suppress(*UNREADABLE):
        return picture.getexif().get(ORIENTATION, 1)
    return 1


def _as_rgb(picture: Image.Image) -> Image.Image:
    """Convert any kind of colours to RGB, 8 bits each."""
    if picture.mode in ("F", "LAB"):
        raise InvalidJpeg(NO_COLOURS)
    if picture.mode.startswith("I"):  # grey with 16 bits, in some files kept in 32
        return Image.fromarray((np.asarray(picture).clip(0, 2**16 - 1) >> 8).astype(np.uint8)).convert("RGB")
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    layer = picture.convert("RGBA")
    paper = Image.new("RGB", picture.size, "white")
    paper.paste(layer, mask=layer.getchannel("A"))
    return paper
