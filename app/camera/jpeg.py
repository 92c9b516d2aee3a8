"""Checks pictures from outside by their bytes, before anything decodes them."""

import io
import re
from collections.abc import Iterator

from PIL import Image, UnidentifiedImageError

from app.language import Translatable

MAX_BYTES = 4 * 2**20
MAX_SIDE = 8192  # pixels
MAX_PIXELS = 2**24  # 4096 × 4096: decoded, 50 MB
MIN_SIDE = 16  # pixels; no face is smaller
MAX_SCANS = 50
"""A progressive JPEG has about ten. Every scan visits the whole picture, 15 ms each at MAX_PIXELS, even if it
is a few bytes long: thousands of them fit into 200 KB and take minutes to decode."""

NOT_A_JPEG = Translatable("This is not a JPEG.")
TOO_MANY_PIXELS = Translatable("The picture has far too many pixels. Make it smaller.")
TOO_LARGE = Translatable("The picture is larger than %(most)s MB.", most=MAX_BYTES // 2**20)

MARKER = re.compile(rb"\xff([^\x00\x01\xd0-\xd8\xff])")  # those that have a length, and the end of the image
START_OF_SCAN, END_OF_IMAGE = 0xDA, 0xD9


class InvalidJpeg(ValueError):
    """The JPEG, or picture in a file, can't be accepted."""

    def __init__(self, words: Translatable) -> None:
        super().__init__(str(words))
        self.words = words
        """Why, in a sentence for people."""


def check_jpeg(data: bytes) -> None:
    """Raise InvalidJpeg unless `data` is a JPEG of an allowed size, quick to decode and not cut off."""
    if len(data) > MAX_BYTES:
        raise InvalidJpeg(TOO_LARGE)
    check_size(*jpeg_size(data))
    check_scans(data)
    if END_OF_IMAGE not in _markers(data):
        raise InvalidJpeg(Translatable("The JPEG is cut off: its end is missing."))


def check_size(width: int, height: int, max_side: int = MAX_SIDE, max_pixels: int = MAX_PIXELS) -> None:
    """Raise InvalidJpeg unless a picture of this size, in pixels, may be decoded."""
    if max(width, height) > max_side or width * height > max_pixels or min(width, height) < MIN_SIDE:
        raise InvalidJpeg(
            Translatable(
                "The picture has %(width)s × %(height)s pixels. Each side may have %(least)s to %(most)s, "
                "the whole picture %(pixels)s million.",
                width=width,
                height=height,
                least=MIN_SIDE,
                most=max_side,
                pixels=max_pixels // 2**20,
            )
        )


def check_scans(data: bytes) -> None:
    """Raise InvalidJpeg if the JPEG `data` has more than MAX_SCANS scans."""
    if sum(marker == START_OF_SCAN for marker in _markers(data)) > MAX_SCANS:
        raise InvalidJpeg(
            Translatable(
                "The JPEG has more than %(most)s scans and would take too long to decode. "
                "Save it as a baseline JPEG.",
                most=MAX_SCANS,
            )
        )


def _markers(data: bytes) -> Iterator[int]:
    """Yield the markers up to END_OF_IMAGE, without those of a thumbnail inside of a segment.

    As decoders do, it skips what stands between a segment and the next marker (ITU-T T.81, B.1.1).
    """
    position = 2
    while found := MARKER.search(data, position):
        yield found[1][0]
        if found[1][0] == END_OF_IMAGE:
            return
        position = found.end() + max(2, int.from_bytes(data[found.end() : found.end() + 2]))


def jpeg_size(data: bytes) -> tuple[int, int]:
    """The width and height that the JPEG's header claims. Raises InvalidJpeg."""
    try:
        with Image.open(io.BytesIO(data), formats=["JPEG"]) as picture:
            return picture.size
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise InvalidJpeg(TOO_MANY_PIXELS) from None
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError):
        raise InvalidJpeg(NOT_A_JPEG) from None
