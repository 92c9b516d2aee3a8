"""Draws what people see: each face with its box and its expression in words, or the faces hidden.

Privacy areas are hatched, so that nobody takes them for a fault.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from app import fonts
from app.vision.emotion import EMOTIONS
from app.vision.frame import Box, Face
from app.vision.palette import COLOURS, DARK, UNCERTAIN, ink_on, rgb
from app.vision.privacy_area import FILL, PrivacyArea

PICTURE = "picture"
"""The key of the word for a picture of a face, such as a poster."""
ENGLISH_WORDS = {word: word for word in (*map(str, EMOTIONS), "uncertain")} | {PICTURE: "picture?"}

HIDDEN_BLOCKS = 6
"""A hidden face keeps 6 × 6 colours: too few to recognise the face, or to reconstruct it."""
FROSTED_WIDTH = 64
"""Colours across an image whose faces are hidden: a face of a tenth of its width keeps six of them."""
HIDDEN_MARGIN = 0.3
"""The pixelated area is larger than the box by this part of it on each side: the cascade's box cuts off
chin, ears and hair, and the head moves until its next detection."""
MIN_TEXT_SIZE = 13  # pixels; below it the letters break up in the JPEG
TEXT_SIZE = 1 / 42  # of the image's height
TEXT_SIZE_OF_FACE = 1 / 5  # of the box's width; a label is then about as wide as the head
CORNER_ARM = 0.22  # of the box's side: the length of each arm of a corner
CORNER_RADIUS = 0.6  # of the arm
SUBPIXEL_BITS = 4
HATCH_STEP = 1 / 40  # of the image's height, from stripe to stripe
HATCH = 70  # grey of a stripe, of 255


def annotate(
    image: np.ndarray,
    faces: Sequence[Face],
    hide_faces: bool = False,
    areas: Sequence[PrivacyArea] = (),
    words: Mapping[str, str] = ENGLISH_WORDS,
    pictures: Sequence[Box] = (),
) -> np.ndarray:
    """Give a copy of `image`, BGR uint8, with the faces marked and labelled in `words`, and `areas` hatched.

    `pictures` are outlined quietly: nobody is counted there.

    With `hide_faces` nobody can be recognised, detected or not. The cascade misses profiles and every second
    face of a crowd, so the whole image is frosted, and each detected face pixelated besides.
    """
    drawn = _frosted(image) if hide_faces else image.copy()
    if hide_faces:
        for box in (*(face.box for face in faces), *pictures):
            _pixelate(drawn, box)
    for area in areas:
        _hatch(drawn, area)
    for box in pictures:
        _outline(drawn, box)
        _draw_chip(drawn, box, words[PICTURE], UNCERTAIN)
    for face in faces:
        _draw_corners(drawn, face)
    for face in faces:  # last, so that no box crosses a label
        _draw_label(drawn, face, words)
    return drawn


def encode(image: np.ndarray, quality: int) -> bytes:
    """Encode `image` as a JPEG of `quality` 1 to 100, with its colours at half the resolution (4:2:0).

    Raises RuntimeError where libjpeg fails, as without memory; OpenCV gives half a picture then.
    """
    options = [
        cv2.IMWRITE_JPEG_QUALITY,
        quality,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420,
    ]
    is_encoded, jpeg = cv2.imencode(".jpg", image, options)
    if not is_encoded:
        raise RuntimeError(f"a picture of {image.shape} can't be encoded as a JPEG")
    return jpeg.tobytes()


def label(face: Face, words: Mapping[str, str] = ENGLISH_WORDS) -> str | None:
    """The text beside a face; None for one without scores."""
    if face.scores is None:
        return None
    if face.emotion is None:
        return words["uncertain"]
    return f"{words[face.emotion]} {100 * float(face.scores[EMOTIONS.index(face.emotion)]):.0f} %"


def _frosted(image: np.ndarray) -> np.ndarray:
    """The image as through frosted glass: FROSTED_WIDTH colours across, blended into each other."""
    height, width = image.shape[:2]
    small = cv2.resize(
        image, (FROSTED_WIDTH, max(1, FROSTED_WIDTH * height // width)), interpolation=cv2.INTER_AREA
    )
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)


def _pixelate(image: np.ndarray, box: Box) -> None:
    """Replace the face by a few large blocks of its mean colours."""
    margin_x, margin_y = round(HIDDEN_MARGIN * box.width), round(HIDDEN_MARGIN * box.height)
    around = Box(box.x - margin_x, box.y - margin_y, box.width + 2 * margin_x, box.height + 2 * margin_y)
    face = around.crop(image)
    if not face.size:
        return
    blocks = cv2.resize(face, (HIDDEN_BLOCKS, HIDDEN_BLOCKS), interpolation=cv2.INTER_AREA)
    face[:] = cv2.resize(blocks, face.shape[1::-1], interpolation=cv2.INTER_NEAREST)


def _hatch(image: np.ndarray, area: PrivacyArea) -> None:
    height, width = image.shape[:2]
    place = area.slices(height, width)
    image[place] = _hatching(height, width)[place]


@lru_cache(maxsize=1)
def _hatching(height: int, width: int) -> np.ndarray:
    """An image full of stripes, drawn once; each privacy area copies its part."""
    step = max(6, round(height * HATCH_STEP))
    rows, columns = np.ogrid[:height, :width]
    stripes = np.where((rows + columns) % step < step / 4, HATCH, FILL).astype(np.uint8)
    return np.repeat(stripes[..., np.newaxis], 3, axis=2)


def _colour(face: Face) -> str:
    return UNCERTAIN if face.emotion is None else COLOURS[face.emotion]


def _bgr(colour: str) -> tuple[int, int, int]:
    return rgb(colour)[::-1]


def _outline(image: np.ndarray, box: Box) -> None:
    corners = (box.x, box.y), (box.x + box.width - 1, box.y + box.height - 1)
    cv2.rectangle(image, *corners, _bgr(UNCERTAIN), 1, cv2.LINE_AA)


def _draw_corners(image: np.ndarray, face: Face) -> None:
    """Draw the box's four corners, rounded, with a thin dark edge that shows on any background."""
    thickness = max(2, round(image.shape[0] / 360))
    if face.scores is None:
        thickness = max(1, thickness // 2)
    corners = _corners(face.box)
    cv2.polylines(image, corners, False, _bgr(DARK), thickness + 2, cv2.LINE_AA, SUBPIXEL_BITS)
    cv2.polylines(image, corners, False, _bgr(_colour(face)), thickness, cv2.LINE_AA, SUBPIXEL_BITS)


def _corners(box: Box) -> list[np.ndarray]:
    """The corners of a box as open polylines, int32 (n, 2), with SUBPIXEL_BITS."""
    width, height = box.width - 1, box.height - 1
    arm = max(4.0, CORNER_ARM * min(width, height))
    points = np.vstack([[0, arm], CORNER_RADIUS * arm * (1 - _QUARTER), [arm, 0]])
    centre = np.array([box.x + width / 2, box.y + height / 2])
    from_centre = points - (width / 2, height / 2)
    mirrored = [from_centre * sides for sides in ((1, 1), (-1, 1), (-1, -1), (1, -1))]
    return [np.rint((centre + line) * 2**SUBPIXEL_BITS).astype(np.int32) for line in mirrored]


_ANGLES = np.linspace(0, np.pi / 2, 7)
_QUARTER = np.column_stack([np.cos(_ANGLES), np.sin(_ANGLES)])


class LabelChip(NamedTuple):
    """A drawn label, ready for alpha blending onto an image."""

    colour: np.ndarray
    """BGR times alpha, uint16 (height, width, 3)."""
    transparency: np.ndarray
    """255 minus alpha, uint16 (height, width, 1)."""


def _draw_label(image: np.ndarray, face: Face, words: Mapping[str, str]) -> None:
    text = label(face, words)
    if text is not None:
        _draw_chip(image, face.box, text, _colour(face))


def _draw_chip(image: np.ndarray, box: Box, text: str, colour: str) -> None:
    """Draw a label above a box, or below it if there is no room above."""
    height, width = image.shape[:2]
    chip = _chip(text, colour, _text_size(box, height))
    chip_height, chip_width = chip.transparency.shape[:2]
    if chip_height > height or chip_width > width:
        return
    gap = max(2, chip_height // 5)
    y = box.y - gap - chip_height
    if y < 0:
        y = box.y + box.height + gap
    x = min(max(0, box.x + (box.width - chip_width) // 2), width - chip_width)
    y = min(max(0, y), height - chip_height)
    below = image[y : y + chip_height, x : x + chip_width]
    below[:] = (below * chip.transparency + chip.colour) // 255


def _text_size(box: Box, height: int) -> int:
    """Pixels: in proportion to the image, and smaller for small faces. Even, so that few sizes are cached."""
    size = min(height * TEXT_SIZE, box.width * TEXT_SIZE_OF_FACE)
    return max(MIN_TEXT_SIZE, 2 * round(size / 2))


@lru_cache(maxsize=8)
def _font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(fonts.REGULAR, size)


@lru_cache(maxsize=512)
def _chip(text: str, colour: str, size: int) -> LabelChip:
    """Draw a label once, with Pillow: OpenCV's own letters are single strokes."""
    font = _font(size)
    width = round(font.getlength(text)) + size
    height = round(1.5 * size)
    oversize = 4  # antialiasing by hand: Pillow draws shapes without it
    mask = Image.new("L", (oversize * width, oversize * height))
    ImageDraw.Draw(mask).rounded_rectangle(
        (0, 0, mask.width - 1, mask.height - 1), radius=oversize * height * 0.32, fill=235
    )
    mask = mask.resize((width, height), Image.Resampling.BOX)
    chip = Image.new("RGB", (width, height), colour)
    ImageDraw.Draw(chip).text((width / 2, height / 2), text, fill=ink_on(colour), font=font, anchor="mm")
    alpha = np.asarray(mask, np.uint16)[..., np.newaxis]
    return LabelChip(np.asarray(chip, np.uint16)[..., ::-1] * alpha, 255 - alpha)
