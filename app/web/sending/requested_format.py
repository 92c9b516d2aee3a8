"""How wide and how fine a browser's pictures are to be: as the faces in them need it."""

from dataclasses import dataclass

USUAL_WIDTH = 1280
LARGEST_WIDTH = 1920
SMALL, LARGE = 72, 96
"""Pixels of a face in a picture of USUAL_WIDTH. Below the first, twice the least that is read, the larger
picture is wanted, above the second no more; the gap keeps it from going to and fro."""
NOBODY_SECONDS = 10.0  # without any face, after which there may be ones too small to be found
QUALITY = ((60, 0.9), (120, 0.8))
"""The JPEG quality for faces under so many pixels: so that 97 to 99 % keep the expression that is read of the
picture itself (measured, benchmarks/NOTES.md). Small ones lose more in its blocks of eight."""
LEAST_QUALITY = 0.7


@dataclass(frozen=True, slots=True)
class RequestedFormat:
    """What a picture is to be."""

    width: int
    """Pixels, at most."""
    quality: float
    """Of the JPEG, 0 to 1."""


class FormatChooser:
    """What one sender is asked for, picture by picture; it begins with the best, until faces are seen."""

    def __init__(self) -> None:
        self._width = LARGEST_WIDTH
        self._seen_at: float | None = None

    def next(self, face_width: float | None, monotonic: float) -> RequestedFormat:
        """`face_width` is that of the smaller faces seen last, as a part of the picture's; None for none."""
        if face_width is None:
            if self._seen_at is not None and monotonic - self._seen_at > NOBODY_SECONDS:
                self._width = LARGEST_WIDTH
            return RequestedFormat(self._width, QUALITY[0][1])
        self._seen_at = monotonic
        if face_width * USUAL_WIDTH < SMALL:
            self._width = LARGEST_WIDTH
        elif face_width * USUAL_WIDTH > LARGE:
            self._width = USUAL_WIDTH
        pixels = face_width * self._width
        return RequestedFormat(
            self._width, next((fine for below, fine in QUALITY if pixels < below), LEAST_QUALITY)
        )
