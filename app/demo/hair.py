"""Hair: each style is a silhouette, painted behind the head and, except over the face, in front of it."""

import math
from dataclasses import dataclass

import numpy as np

from app.demo.appearance import Appearance
from app.demo.head import Head
from app.demo.paint import Canvas, gaussian, mix, ramp, rgb


@dataclass(frozen=True, slots=True)
class HairStyle:
    """A hairstyle. Lengths are in units of half a face's width, from the point between the eyes."""

    top: float
    """How high it stands; the skull reaches 1.42."""
    below: tuple[tuple[float, float], ...]
    """The silhouette from the eyes down: pairs of a depth and half the width there, the first at depth 0."""
    hairline: float
    """How far above the eyes the forehead ends."""
    sides: float
    """How far down the hair beside the face reaches."""
    temple: float
    """Half the width of the face that the hair leaves free."""
    parting: float = 0.0
    """How far the hairline dips to one side, above 0 to the image's left."""
    curls: float = 0.0
    """How bumpy the silhouette is."""
    bun: bool = False
    wrap: bool = False
    """Cloth, not hair: it closes below the chin."""


STYLES = {
    "crop": HairStyle(1.52, ((0, 1.04), (0.5, 0.9), (0.7, 0.6)), 0.84, -0.02, 0.86),
    "side": HairStyle(1.66, ((0, 1.07), (0.5, 0.9), (0.7, 0.6)), 0.82, 0.02, 0.87, parting=0.16),
    "curls": HairStyle(1.74, ((0, 1.16), (0.5, 0.95), (0.7, 0.6)), 0.8, 0.0, 0.84, curls=0.05),
    "afro": HairStyle(1.86, ((0, 1.46), (0.5, 1.36), (0.9, 1.05), (1.1, 0.7)), 0.84, 0.7, 0.88, curls=0.03),
    "long": HairStyle(1.6, ((0, 1.12), (0.7, 1.14), (1.4, 1.22), (2.2, 1.16)), 0.9, 2.1, 0.82, parting=0.1),
    "waves": HairStyle(
        1.66,
        ((0, 1.2), (0.7, 1.24), (1.3, 1.34), (1.95, 1.2)),
        0.9,
        1.8,
        0.83,
        parting=-0.12,
        curls=0.03,
    ),
    "bob": HairStyle(1.6, ((0, 1.16), (0.6, 1.22), (1.0, 1.16), (1.15, 1.0)), 0.56, 1.1, 0.84),
    "bun": HairStyle(1.5, ((0, 1.03), (0.5, 0.8), (0.7, 0.5)), 0.88, -0.05, 0.88, bun=True),
    "scarf": HairStyle(
        1.58, ((0, 1.14), (0.6, 1.12), (1.2, 1.06), (1.7, 1.22), (2.3, 1.5)), 0.74, 2.3, 0.84, wrap=True
    ),
}


def draw_behind(head: Head, person: Appearance, yaw: float) -> None:
    """Paint the hair behind the head: the whole silhouette, in shadow, and a bun."""
    style, canvas = STYLES[person.style], head.canvas
    if style.bun:
        knot = np.hypot(canvas.x / 0.44, (canvas.y + 1.58) / 0.38)
        light = 0.55 - 0.3 * canvas.x - 0.5 * (canvas.y + 1.58) - 0.25 * np.clip(knot - 0.6, 0, 1)
        canvas.paint(_tones(person, light), canvas.inside((1 - knot) * 0.4))
    shade = 0.3 - 0.08 * canvas.x + 0.04 * np.sin(canvas.x * 25)
    canvas.paint(_tones(person, shade), _silhouette(canvas, style, yaw) * (1 - _throat(canvas, style)))


def draw_over(head: Head, person: Appearance, yaw: float) -> None:
    """Paint the hair in front of the head, except over the face, and its soft shadow on the skin."""
    style, canvas = STYLES[person.style], head.canvas
    face = _opening(head, style)
    rim = gaussian((head.v - _hairline(head.u, style)) / 0.13) + gaussian(
        (np.abs(head.u) - style.temple - 0.04) / 0.1
    )
    canvas.tint(mix(person.skin, rgb("3a1a12"), 0.7), 0.26 * np.clip(rim, 0, 1) * head.outline * face)
    canvas.paint(
        _tones(person, _shine(canvas, style, person)),
        _silhouette(canvas, style, yaw) * (1 - face) * (1 - _throat(canvas, style)),
    )


def _throat(canvas: Canvas, style: HairStyle) -> np.ndarray:
    """The mask of the gap below the chin, where long hair parts over the shoulders and shows the neck."""
    if style.wrap or style.sides < 1.3:
        return np.zeros((1, 1), np.float32)
    return canvas.inside(np.minimum(0.42 + 0.3 * (canvas.y - 1) - np.abs(canvas.x), canvas.y - 1.05), 0.05)


def _silhouette(canvas: Canvas, style: HairStyle, yaw: float) -> np.ndarray:
    """The mask of the whole hair: a dome above the eyes, `style.below` under them.

    It stays behind when the head turns, so that no hair covers the nose.
    """
    rows = canvas.y[:, :1]
    downs, widths = zip(*style.below, strict=True)
    dome = (1 - np.clip(-rows / style.top, 0, 1) ** 2.7) ** 0.45 * widths[0]
    width = np.where(rows < 0, dome, np.interp(rows, downs, widths)).astype(np.float32)
    slant = np.sqrt(1 + np.square(np.gradient(width[:, 0])[:, None] * canvas.unit))
    behind = min(widths[0] - 0.95, 0.28) * math.sin(yaw)
    swept = canvas.x + behind + 0.5 * style.parting * np.clip(-rows, 0, 2)
    depth = np.minimum(
        (width - np.abs(swept)) / slant,
        np.minimum(rows + style.top, downs[-1] - rows - 0.16 * np.square(canvas.x)),
    )
    if style.curls:
        angle = np.arctan2(canvas.x, 0.2 - canvas.y)
        depth = depth + style.curls * (np.sin(angle * 15) + 0.6 * np.sin(angle * 26 + 1) - 1)
    return canvas.inside(depth)


def _hairline(u: np.ndarray, style: HairStyle) -> np.ndarray:
    """The height at which the forehead ends, for each u."""
    return 0.3 * np.square(u) - style.hairline + style.parting * np.tanh(4 * u + np.sign(style.parting))


def _opening(head: Head, style: HairStyle) -> np.ndarray:
    """The mask of what the hair leaves free: the face, and everything below the hair in front."""
    v = head.v
    aside = np.where((head.outline > 0) | (v < 0.9), np.abs(head.u), np.abs(head.canvas.x))
    below = np.clip((v - style.sides) / 0.1, 0, 1)
    free = style.temple + 0.8 * below - 0.12 * np.clip(-v - 0.3, 0, 1)
    if style.wrap:  # closes under the chin
        free = free - np.clip((v - 1.15) / 0.4, 0, 1)
    elif style.sides > 1.3:  # falls in front of the shoulders
        free = free - 0.25 * np.clip((v - 1.1) / 0.5, 0, 1)
    before = head.canvas.inside(head.ahead + 0.02 + 0.25 * below, 0.1)
    if style.sides > 0.2 and not style.wrap:  # the opening continues below the chin, where there is no head
        before = np.maximum(before, v > 0.95)
    return head.canvas.inside(_rounded(v - _hairline(head.u, style), free - aside), 0.035) * before


def _rounded(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The lesser of two depths, with the corner between them rounded (the polynomial smooth minimum)."""
    reach = 0.3
    near = np.clip(1 - np.abs(a - b) / reach, 0, 1)
    return np.minimum(a, b) - np.square(near) * reach / 4


def _shine(canvas: Canvas, style: HairStyle, person: Appearance) -> np.ndarray:
    """The light on the hair, 0 to 1: round, with strands and a soft band."""
    x, y = canvas.x / style.below[0][1], canvas.y / style.top
    rounded = (
        0.5
        - 0.25 * x
        - 0.22 * np.clip(y, -1, 0.6)
        - 0.35 * np.clip(np.hypot(x, np.clip(y, -1, 0)) - 0.6, 0, 1)
    )
    if style.wrap:
        fold = np.sin(11 * np.hypot(1.3 * canvas.x + 0.5, canvas.y - 0.6))
        under_chin = gaussian((canvas.y - 1.45) / 0.25) * gaussian(canvas.x / 0.8)
        return rounded + 0.07 * fold * np.clip(canvas.y - 0.3, 0, 1) - 0.2 * under_chin
    if style.curls > 0.02:
        return rounded + 0.1 * np.sin(canvas.x * 17 + np.sin(canvas.y * 9)) * np.sin(
            canvas.y * 16 + np.sin(canvas.x * 11)
        )
    angle = np.arctan2(canvas.x - 0.4 * style.parting, 2.4 - canvas.y)
    strands = 0.04 * np.sin(angle * 70) + 0.03 * np.sin(angle * 113 + 2)
    band = 0.18 * gaussian((np.hypot(x, y) - 0.72) / 0.14) * gaussian((x + 0.25) / 0.7)
    return rounded + strands + band


def _tones(person: Appearance, light: np.ndarray) -> np.ndarray:
    """Colours (height, width, 3) of hair, or of the cloth of a scarf, under a light of 0 to 1."""
    base = person.clothes if person.style == "scarf" else person.hair
    return ramp(light, mix(base, rgb("140d12"), 0.5), base, mix(base, rgb("ffe9cf"), 0.32))
