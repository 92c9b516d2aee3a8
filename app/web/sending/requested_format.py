"""Chooses width and JPEG quality of a browser's frames, by the size of the faces in them."""

from dataclasses import dataclass

DEFAULT_WIDTH = 1280
MAX_WIDTH = 1920
SMALL_FACE, LARGE_FACE = 72, 96
"""Widths in pixels of a face in a frame of DEFAULT_WIDTH. Below the first, which is twice the smallest that
is classified, MAX_WIDTH is requested; above the second, DEFAULT_WIDTH. In between the width stays the same,
so it does not go back and forth."""
NO_FACE_SECONDS = 10.0  # after this long without a face, there may be some that are too small to be found
QUALITY_STEPS = ((60, 0.9), (120, 0.8))
"""JPEG quality for faces below a width in pixels. At these, 97 to 99 % of the faces keep the expression that
they have in the original (benchmarks/NOTES.md). JPEG's blocks of eight pixels cost small faces more."""
MIN_QUALITY = 0.7


@dataclass(frozen=True, slots=True)
class RequestedFormat:
    """What a frame should be like."""

    width: int
    """Pixels, at most."""
    quality: float
    """JPEG quality, 0 to 1."""


class FormatChooser:
    """Chooses the format of one sender's frames; starts with the best, until a face is found."""

    def __init__(self) -> None:
        self._width = MAX_WIDTH
        self._face_at: float | None = None

    def choose(self, face_width: float | None, monotonic_seconds: float) -> RequestedFormat:
        """Choose the format of the next frame.

        `face_width` is the lower quartile of the faces' widths, as a fraction of the frame's; None for none.
        """
        if face_width is None:
            if self._face_at is not None and monotonic_seconds - self._face_at > NO_FACE_SECONDS:
                self._width = MAX_WIDTH
            return RequestedFormat(self._width, QUALITY_STEPS[0][1])
        self._face_at = monotonic_seconds
        if face_width * DEFAULT_WIDTH < SMALL_FACE:
            self._width = MAX_WIDTH
        elif face_width * DEFAULT_WIDTH > LARGE_FACE:
            self._width = DEFAULT_WIDTH
        pixels = face_width * self._width
        quality = next((quality for below, quality in QUALITY_STEPS if pixels < below), MIN_QUALITY)
        return RequestedFormat(self._width, quality)
