"""What a JPEG from outside may be, told from its first bytes before anybody decodes it."""

import io

from PIL import Image, UnidentifiedImageError

MOST_BYTES = 4 * 2**20
LONGEST_SIDE = 8192  # pixels
MOST_PIXELS = 2**24  # 4096 × 4096: decoded, 50 MB
LEAST_SIDE = 16  # pixels; no face is smaller


class BadPicture(ValueError):
    """What was sent is no picture that is taken; the message says why, in a sentence for people."""


def check_jpeg(data: bytes) -> None:
    """Raise BadPicture unless `data` begins as a JPEG of a bearable size and ends as one."""
    if len(data) > MOST_BYTES:
        raise BadPicture(f"The picture is larger than {MOST_BYTES // 2**20} MB.")
    check_size(*_size(data))
    if not data.rstrip(b"\0").endswith(b"\xff\xd9"):
        raise BadPicture("The JPEG is cut off: its end is missing.")


def check_size(width: int, height: int) -> None:
    """Raise BadPicture unless a picture of so many pixels may be decoded."""
    if max(width, height) > LONGEST_SIDE or width * height > MOST_PIXELS or min(width, height) < LEAST_SIDE:
        raise BadPicture(
            f"The picture has {width} × {height} pixels. Its sides may have {LEAST_SIDE} to {LONGEST_SIDE}, "
            f"together {MOST_PIXELS // 2**20} million."
        )


def _size(data: bytes) -> tuple[int, int]:
    """Width and height that the JPEG's header claims; nothing is decoded."""
    try:
        with Image.open(io.BytesIO(data), formats=["JPEG"]) as picture:
            return picture.size
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        raise BadPicture("This is not a JPEG.") from None
