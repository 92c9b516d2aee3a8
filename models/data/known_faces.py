"""Drawn faces, nobody's photograph: the self-test that the program runs on the network when it loads it."""

import numpy as np

from app.demo.appearance import appearance_of
from app.demo.expression import EXPRESSIONS
from app.demo.face import draw_head
from app.demo.head import LEFT, TOP
from app.vision.crop import crop_faces
from app.vision.emotion import EMOTIONS, Emotion
from app.vision.frame import Box

UNIT = 40  # half a face's width in pixels: large enough that the crop is shrunk, as a real one is
BACKGROUND = 150  # grey level
# The frontal cascade's box on such a face, in units from the middle between the eyes.
BOX_LEFT, BOX_TOP, BOX_SIDE = -1.15, -0.85, 2.3


def known_faces() -> np.ndarray:
    """Draw the seven expressions, each on another student: uint8 (7, 48, 48), in the order of EMOTIONS."""
    return np.stack([draw_face(student, emotion) for student, emotion in enumerate(EMOTIONS)])


def draw_face(student: int, emotion: Emotion) -> np.ndarray:
    """Draw a student of the demo classroom, cropped as the cascade would: uint8 (48, 48)."""
    picture, box = draw_portrait(student, emotion, UNIT)
    return crop_faces(picture, [box])[0]


def draw_portrait(student: int, emotion: Emotion, unit: float) -> tuple[np.ndarray, Box]:
    """Draw a student's head in front of a plain wall, uint8 (height, width), and return its face box too."""
    left, top = round((BOX_LEFT - LEFT) * unit), round((BOX_TOP - TOP) * unit)
    side = round(BOX_SIDE * unit)
    return _grey(draw_head(appearance_of(student), EXPRESSIONS[emotion], unit)), Box(left, top, side, side)


def as_strip(faces: np.ndarray) -> np.ndarray:
    """Put faces (N, 48, 48) side by side: (48, 48 · N)."""
    return np.hstack(list(faces))


def _grey(head: np.ndarray) -> np.ndarray:
    """Put a drawn head, premultiplied with its alpha, in front of a plain wall; weights of ITU-R BT.601."""
    blue, green, red, alpha = np.moveaxis(head.astype(np.float32), -1, 0)
    shade = 0.114 * blue + 0.587 * green + 0.299 * red
    return np.clip(shade + BACKGROUND * (1 - alpha / 255), 0, 255).astype(np.uint8)
