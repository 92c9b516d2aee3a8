"""Neck, shoulders and arms of a student, in a jumper, a hoodie, a shirt or stripes."""

import numpy as np

from app.demo.appearance import Appearance
from app.demo.paint import Canvas, gaussian, mix, ramp, rgb

LEFT, TOP, RIGHT, BOTTOM = -2.3, 0.6, 2.3, 3.05
DESK = 2.55  # how far below the eyes the desk begins; the arms reach further and lie on it
TOPS = ("crew", "hoodie", "shirt", "stripes")


def draw_body(person: Appearance, unit: float) -> np.ndarray:
    """Draw neck and torso: uint8 (height, width, 4), premultiplied, from LEFT, TOP to RIGHT, BOTTOM.

    `unit` is half the face's width in pixels.
    """
    canvas = Canvas.blank(unit, LEFT, TOP, RIGHT, BOTTOM)
    broad = _broad(person)
    _draw_torso(canvas, person, broad)
    _draw_neck(canvas, person)
    if person.top == "shirt":
        _draw_collar(canvas, person)
    if person.top == "hoodie":
        _draw_strings(canvas, person)
    return canvas.as_image()


def draw_arms(person: Appearance, unit: float) -> np.ndarray:
    """Draw the forearms on the desk, with their soft shadow; the same rectangle as `draw_body`."""
    canvas = Canvas.blank(unit, LEFT, TOP, RIGHT, BOTTOM)
    across, down = canvas.x / (_broad(person) + 0.15), (canvas.y - 2.86) / 0.16
    canvas.paint(rgb("6e4a2c"), 0.4 * np.clip(1.15 - np.hypot(across, down), 0, 1))
    _draw_forearms(canvas, person, _broad(person))
    return canvas.as_image()


def _broad(person: Appearance) -> float:
    """Half the width of the shoulders."""
    return 2.0 - 0.28 * person.feminine


def _cloth(canvas: Canvas, person: Appearance, light: np.ndarray) -> np.ndarray:
    """Colours of the cloth under a light of 0 to 1, with stripes if the student wears stripes."""
    base = person.clothes
    tones = ramp(light, mix(base, rgb("1d1420"), 0.55), base, mix(base, rgb("fff3df"), 0.4))
    if person.top == "stripes":
        band = np.clip(np.sin((canvas.y + 0.1 * np.square(canvas.x)) * 17) * 4 - 1.5, 0, 1)[..., None]
        tones = tones * (1 - 0.75 * band) + 0.75 * band * np.asarray(rgb("37506b"), np.float32)
    return tones


def _draw_torso(canvas: Canvas, person: Appearance, broad: float) -> None:
    """Draw sloping shoulders, rounded where the arms begin."""
    x, y, side = canvas.x, canvas.y, np.abs(canvas.x)
    shoulder = 1.55 + 0.28 * np.square(side / broad) + 0.55 * np.clip(side / broad - 0.72, 0, 1) ** 2 * 6
    depth = np.minimum((y - shoulder) * 0.85, broad + 0.1 * (y - 1.7) - side)
    light = 0.55 - 0.16 * x - 0.12 * (y - 1.6) - 0.25 * np.square(np.clip(side / broad, 0, 1.2))
    light = (
        light
        - 0.16 * gaussian((side - 1.12 - 0.1 * (y - 2)) / 0.07) * (y > 1.95)
        - 0.1 * gaussian(x / 0.5) * gaussian((y - 1.6) / 0.2)
    )
    canvas.paint(_cloth(canvas, person, light), canvas.inside(depth, 0.03))


def _draw_neck(canvas: Canvas, person: Appearance) -> None:
    """Draw the neck with the chin's shadow on it, and the collar around it."""
    x, y, side = canvas.x, canvas.y, np.abs(canvas.x)
    deep = {"shirt": 2.05, "hoodie": 1.82}.get(person.top, 1.86)
    thick = 0.5 - 0.1 * person.feminine
    bare = np.minimum(thick + 0.35 * np.clip(y - 1.38, 0, 1) - side, deep - y - 0.42 * np.square(side / 0.6))
    rim = 0.16 if person.top == "hoodie" else 0.07
    band = canvas.inside((bare + rim) * 1.0) * (y > 1.35)
    canvas.paint(_cloth(canvas, person, 0.4 - 0.12 * x - 0.5 * (bare + rim > rim)), band)
    light = 0.46 - 0.16 * x - 0.42 * gaussian(np.clip(y - 1.25, 0, 9) / 0.3)
    skin = ramp(
        light, mix(person.skin, rgb("5a2418"), 0.55), person.skin, mix(person.skin, rgb("fff3df"), 0.5)
    )
    canvas.paint(skin, canvas.inside(bare))


def _draw_collar(canvas: Canvas, person: Appearance) -> None:
    """Draw the two points of a shirt's collar and the row of buttons."""
    x, y, side = canvas.x, canvas.y, np.abs(canvas.x)
    flap = np.minimum.reduce(
        (y - 1.42 - 0.2 * side, side - 0.62 * (2.12 - y), 0.66 - side, 2.12 - 0.3 * np.abs(side - 0.4) - y)
    )
    colour = mix(person.clothes, rgb("ffffff"), 0.32)
    canvas.paint(
        ramp(0.55 - 0.2 * x, mix(colour, rgb("1d1420"), 0.3), colour, rgb("ffffff")), canvas.inside(flap)
    )
    canvas.tint(mix(person.clothes, rgb("1d1420"), 0.4), 0.5 * gaussian(x / 0.018) * (y > 2.06))


def _draw_strings(canvas: Canvas, person: Appearance) -> None:
    """Draw a hood's two strings, of unequal length: two equal ones look like a nose to the cascade."""
    x, y = canvas.x, canvas.y
    string = canvas.inside(
        np.minimum.reduce(
            (0.022 - np.abs(np.abs(x) - 0.2 - 0.02 * np.sin(y * 6)), 2.2 + 0.5 * x - y, y - 1.85)
        )
    )
    canvas.tint(mix(person.clothes, rgb("ffffff"), 0.25), 0.8 * string)


def _draw_forearms(canvas: Canvas, person: Appearance, broad: float) -> None:
    """Draw folded forearms with one visible hand."""
    x, y = canvas.x, canvas.y
    for side, height in ((1, 2.74), (-1, 2.8)):
        elbow, hand = side * (broad - 0.2), -side * 0.25
        along = np.clip((x - elbow) / (hand - elbow), 0, 1)
        middle = height - 0.06 * np.sin(along * 3)
        reach = np.hypot(np.clip(np.maximum(x * side - abs(elbow), -0.25 - x * side), 0, 9), y - middle)
        thick = 0.25 - 0.07 * along
        light = 0.55 - 0.1 * x - 1.1 * (y - middle)
        canvas.paint(_cloth(canvas, person, light), canvas.inside(thick - reach))
        knuckles = np.hypot((x - hand + side * 0.1) / 1.5, y - middle - 0.01)
        tone = ramp(
            0.6 - 1.2 * (y - middle),
            mix(person.skin, rgb("5a2418"), 0.5),
            person.skin,
            mix(person.skin, rgb("fff3df"), 0.4),
        )
        canvas.paint(tone, canvas.inside(0.15 - knuckles))
