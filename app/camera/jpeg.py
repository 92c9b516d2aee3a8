"""Checks JPEGs from outside by their first and last bytes, before anything decodes them."""

import io

from PIL import Image, UnidentifiedImageError

from app.language import Translatable

MAX_BYTES = 4 * 2**20
MAX_SIDE = 8192  # pixels
MAX_PIXELS = 2**24  # 4096 × 4096: decoded, 50 MB
MIN_SIDE = 16  # pixels; no face is smaller

TOO_LARGE = Translatable("The picture is larger than %(most)s MB.", most=MAX_BYTES // 2**20)


class InvalidJpeg(ValueError):
    """The JPEG can't be accepted."""

    def __init__(self, words: Translatable) -> None:
        super().__init__(str(words))
        self.words = words
        """Why, in a sentence for people."""


def check_jpeg(data: bytes) -> None:
    """Raise InvalidJpeg unless `data` begins as a JPEG of an allowed size and ends as one."""
    if len(data) > MAX_BYTES:
        raise InvalidJpeg(TOO_LARGE)
    check_size(*_size(data))
    if not data.rstrip(b"\0").endswith(b"\xff\xd9"):
        raise InvalidJpeg(Translatable("The JPEG is cut off: its end is missing."))


def check_size(width: int, height: int) -> None:
    """Raise InvalidJpeg unless a picture of this size may be decoded."""
    if max(width, height) > MAX_SIDE or width * height > MAX_PIXELS or min(width, height) < MIN_SIDE:
        raise InvalidJpeg(
            Translatable(
                "The picture has %(width)s × %(height)s pixels. Each side may have %(least)s to %(most)s, "
                "the whole picture %(pixels)s million.",
                width=width,
                height=height,
                least=MIN_SIDE,
                most=MAX_SIDE,
                pixels=MAX_PIXELS // 2**20,
            )
        )


def _size(data: bytes) -> tuple[int, int]:
    """The width and height that the JPEG's header claims."""
    try:
        with Image.open(io.BytesIO(data), formats=["JPEG"]) as picture:
            return picture.size
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        raise InvalidJpeg(Translatable("This is not a JPEG.")) from None
