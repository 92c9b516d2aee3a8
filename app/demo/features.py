"""The painted features of a face: eyes, brows, nose, mouth, ears and glasses."""

import math

import numpy as np

from app.demo.appearance import Appearance
from app.demo.expression import Expression
from app.demo.hair import STYLES
from app.demo.head import Head
from app.demo.paint import Canvas, gaussian, mix, rgb

EYE_X, EYE_WIDTH = 0.42, 0.215
BROW_Y = -0.33
MOUTH_Y = 0.84
INK = rgb("2a1a17")  # lashes, pupils and the dark of a mouth: never quite black
WHITE = rgb("f6f1ea")


def draw_eye(head: Head, person: Appearance, expression: Expression, side: int) -> None:
    """Paint one eye; `side` is -1 for the one on the image's left, 1 for the other."""
    canvas = head.canvas
    size = person.eyes
    t = (head.u * side - EYE_X) / (EYE_WIDTH * size)  # -1 at the inner corner, 1 at the outer
    y = head.v + 0.02 * t - 0.02
    arch = np.sqrt(np.clip(1 - t * t, 0, 1))
    opening = max(0.76 * expression.eye_open, 0.04)  # at rest the lid covers the top of the iris
    upper = -0.125 * size * opening * arch**1.1 + 0.05 * (1 - min(opening, 1))
    lower = 0.085 * size * min(opening + 0.2, 1.15) * (1 - 0.75 * expression.squint) * arch**1.3
    visible = canvas.inside(head.ahead - 0.1, 0.1) * (np.abs(t) < 1.15)
    ball = canvas.inside(np.minimum(y - upper, lower - y)) * (np.abs(t) < 1) * visible
    canvas.tint(mix(WHITE, person.skin, 0.12), ball)
    canvas.tint(mix(person.skin, INK, 0.55), 0.45 * ball * gaussian((y - upper) / 0.06))
    from_iris = np.hypot(t * EYE_WIDTH * size, y + 0.01)
    canvas.tint(mix(person.iris, INK, 0.5), ball * canvas.inside(0.108 - from_iris))
    canvas.tint(person.iris, ball * canvas.inside(0.088 - from_iris, 0.03))
    canvas.tint(INK, ball * canvas.inside(0.05 - from_iris))
    glint = canvas.inside(0.028 - np.hypot(t * EYE_WIDTH * size + 0.035 * side, y + 0.05))
    canvas.tint(rgb("ffffff"), 0.95 * ball * glint)
    _draw_lids(canvas, person, t, y - upper, y - lower, visible)


def _draw_lids(
    canvas: Canvas,
    person: Appearance,
    t: np.ndarray,
    below_upper: np.ndarray,
    below_lower: np.ndarray,
    visible: np.ndarray,
) -> None:
    """Paint lashes along the upper lid, a fine line along the lower one and a crease above.

    `below_upper` and `below_lower` say how far each pixel lies below the upper and the lower lid.
    """
    lash = 0.03 + 0.014 * person.feminine
    ends = np.clip((1.08 - np.abs(t)) / 0.2, 0, 1)
    canvas.tint(
        mix(INK, person.hair, 0.2), canvas.inside(lash - np.abs(below_upper + 0.012)) * ends * visible
    )
    canvas.tint(mix(person.skin, rgb("5a2418"), 0.6), 0.55 * gaussian(below_lower / 0.022) * ends * visible)
    canvas.tint(
        mix(person.skin, rgb("5a2418"), 0.6), 0.5 * gaussian((below_upper + 0.09) / 0.022) * ends * visible
    )


def draw_brow(head: Head, person: Appearance, expression: Expression, side: int) -> None:
    """Paint one brow, thick at its inner end and thin at its outer end."""
    canvas = head.canvas
    t = (head.u * side - 0.43) / 0.27
    slope = expression.brow_slope
    middle = BROW_Y - expression.brow_raise - slope * t * 0.62 + 0.055 * (t - 0.25) ** 2
    thick = person.brow * (0.062 - 0.018 * person.feminine) * (1 - 0.35 * np.clip(t, -1, 1))
    mask = canvas.inside(thick - np.abs(head.v - middle), 0.035) * canvas.inside((1 - np.abs(t)) * 0.27, 0.06)
    colour = mix(mix(person.hair, INK, 0.35), person.skin, 0.05)
    canvas.tint(colour, 0.92 * mask * canvas.inside(head.ahead - 0.08, 0.1))


def draw_nose(head: Head, person: Appearance) -> None:
    """Paint nostrils, wings and the soft shadow below; the light does the rest."""
    canvas = head.canvas
    u, v, side = head.u, head.v, np.abs(head.u)
    front = np.clip(head.ahead * 2 - 0.2, 0, 1)
    shade = mix(person.skin, rgb("4a1c14"), 0.65)
    canvas.tint(shade, 0.3 * gaussian(u / 0.2) * gaussian((v - 0.62) / 0.05) * front)
    canvas.tint(shade, 0.75 * gaussian((side - 0.085) / 0.045) * gaussian((v - 0.585) / 0.024) * front)
    canvas.tint(
        shade, 0.4 * gaussian((side - 0.19 * person.nose) / 0.022) * gaussian((v - 0.53) / 0.06) * front
    )


def draw_mouth(head: Head, person: Appearance, expression: Expression) -> None:
    """Paint lips, teeth and the dark between them."""
    canvas = head.canvas
    wide = expression.mouth_width * person.mouth
    t = head.u / wide
    y = head.v - MOUTH_Y - 0.7 * expression.jaw_drop
    y = y + expression.mouth_curve * (t * t - 0.35)
    arch = np.sqrt(np.clip(1 - t * t, 0, 1))
    front = np.clip(head.ahead * 2.5 - 0.3, 0, 1) * (np.abs(t) < 1.02)
    gap = expression.mouth_open * arch
    top, bottom = -gap * (0.75 + 0.5 * expression.sneer), gap * 1.25
    full = 0.055 + 0.02 * person.feminine
    bow = 1 - 0.3 * gaussian(t / 0.16)
    lips = mix(person.skin, rgb("b5363a"), 0.42 + 0.16 * person.feminine)
    upper = canvas.inside(np.minimum(y - top + full * arch * bow, top - y + 0.01)) * front
    lower = canvas.inside(np.minimum(y - bottom + 0.01, bottom - y + 1.25 * full * arch)) * front
    canvas.tint(mix(lips, rgb("5a2418"), 0.25), 0.9 * upper)
    canvas.tint(lips, 0.9 * lower)
    canvas.tint(
        mix(lips, rgb("ffffff"), 0.5),
        0.35 * lower * gaussian((y - bottom - 0.6 * full) / 0.025) * gaussian(t / 0.4),
    )
    hole = canvas.inside(np.minimum(y - top, bottom - y) + 0.004) * front
    if expression.mouth_open > 0.01:
        canvas.tint(rgb("4a1a1c"), hole)
        biting = canvas.inside(np.minimum(top + 1.5 * gap - y, 0.97 - np.abs(t)))
        canvas.tint(WHITE, expression.teeth * hole * biting)
    else:
        canvas.tint(
            mix(lips, INK, 0.62),
            0.85 * gaussian(y / 0.018) * np.clip((1.05 - np.abs(t)) / 0.15, 0, 1) * front,
        )
    corner = gaussian((np.abs(t) - 1.02) * wide / 0.035) * gaussian((y - 0.0) / 0.04)
    canvas.tint(mix(person.skin, rgb("5a2418"), 0.7), 0.5 * corner * np.clip(head.ahead * 2.5 - 0.3, 0, 1))


def draw_ears(head: Head, person: Appearance, yaw: float, *, near: bool) -> None:
    """Paint the ears: the far one before the face, and the near one (`near`) over the hair."""
    shade = mix(person.skin, rgb("8a3a24"), 0.28)
    for side in (-1, 1):
        towards_us = -side * math.sin(yaw)
        if (towards_us > 0.25) != near or (near and STYLES[person.style].sides > 0.1):
            continue
        middle = side * math.cos(yaw) + 0.02 * side
        ear = head.canvas.crop(head.canvas.slices(middle - 0.25, -0.3, middle + 0.25, 0.6))
        away = np.hypot((ear.x - middle) / 0.15, (ear.y - 0.14) / 0.29)
        ear.paint(shade, ear.inside((1 - away) * 0.2))
        ear.tint(mix(shade, rgb("5a2418"), 0.35), 0.6 * ear.inside((0.55 - away) * 0.2, 0.05))


def draw_profile(head: Head, person: Appearance, yaw: float) -> None:
    """Paint the nose where it stands out past the cheek of a head that is turned far."""
    if abs(yaw) < 0.6:
        return
    canvas, reach = head.canvas, math.sin(abs(yaw))
    x = canvas.x * math.copysign(1, yaw)
    ridge = 0.9 + (1.2 * reach * person.nose - 0.9) * np.clip((canvas.y + 0.02) / 0.5, 0, 1)
    base = 0.62 - 0.2 * np.clip((x - 0.9) / 0.3, 0, 1)
    nose = canvas.inside(np.minimum.reduce((ridge - x, base - canvas.y, canvas.y + 0.02, x - 0.8)), 0.03)
    canvas.paint(person.skin, nose * np.clip((x - 0.75) / 0.15, 0, 1))


def draw_glasses(head: Head, person: Appearance) -> None:
    """Thin frames, clear glass and the temples back to the ears."""
    canvas, u, v = head.canvas, head.u, head.v
    power = 2.2 if person.glasses == "round" else 4.0
    front = canvas.inside(head.ahead - 0.05, 0.1)
    frame = rgb("33302f") if person.glasses == "square" else rgb("7a5230")
    out = (np.abs((np.abs(u) - 0.43) / 0.31) ** power + np.abs((v - 0.03) / 0.25) ** power) ** (1 / power)
    canvas.tint(rgb("ffffff"), 0.06 * canvas.inside((1 - out) * 0.25) * front)
    canvas.tint(frame, 0.9 * canvas.inside(0.022 - np.abs(1 - out) * 0.27) * front)
    temple = canvas.inside(np.minimum(0.02 - np.abs(v + 0.05), np.abs(u) - 0.73))
    bridge = canvas.inside(np.minimum(0.02 - np.abs(v + 0.03), 0.13 - np.abs(u)))
    canvas.tint(frame, 0.85 * np.maximum(temple, bridge) * front)
