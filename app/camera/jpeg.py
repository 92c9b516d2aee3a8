"""What a JPEG from outside may be, told from its first bytes before anybody decodes it."""

import io

from PIL import Image, UnidentifiedImageError

from app.language import Words

MOST_BYTES = 4 * 2**20
LONGEST_SIDE = 8192  # pixels
MOST_PIXELS = 2**24  # 4096 × 4096: decoded, 50 MB
LEAST_SIDE = 16  # pixels; no face is smaller

TOO_LARGE = Words("The picture is larger than %(most)s MB.", most=MOST_BYTES // 2**20)


class InvalidJpeg(ValueError):
    """What was sent is no picture that is taken."""

    def __init__(self, words: Words):
        super().__init__(str(words))
        self.words = words
        """Why, in a sentence for people."""


def check_jpeg(data: bytes) -> None:
    """Raise BadPicture unless `data` begins as a JPEG of a bearable size and ends as one."""
    if len(data) > MOST_BYTES:
        raise InvalidJpeg(TOO_LARGE)
    check_size(*_size(data))
    if not data.rstrip(b"\0").endswith(b"\xff\xd9"):
        raise InvalidJpeg(Words("The JPEG is cut off: its end is missing."))


def check_size(width: int, height: int) -> None:
    """Raise BadPicture unless a picture of so many pixels may be decoded."""
    if max(width, height) > LONGEST_SIDE or width * height > MOST_PIXELS or min(width, height) < LEAST_SIDE:
        raise InvalidJpeg(
            Words(
                "The picture has %(width)s × %(height)s pixels. Its sides may have %(least)s to %(most)s, "
                "together %(pixels)s million.",
                width=width,
                height=height,
                least=LEAST_SIDE,
                most=LONGEST_SIDE,
                pixels=MOST_PIXELS // 2**20,
            )
        )


def _size(data: bytes) -> tuple[int, int]:
    """Width and height that the JPEG's header claims; nothing is decoded."""
    try:
        with Image.open(io.BytesIO(data), formats=["JPEG"]) as picture:
            return picture.size
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        raise InvalidJpeg(Words("This is not a JPEG.")) from None
