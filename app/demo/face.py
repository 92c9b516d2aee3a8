"""A drawn head: a height field under one light, with painted eyes, brows, lips and hair.

Lengths are in units of half a face's width, from the point between the eyes, x to the right and y down.
"""

import numpy as np

from app.demo import features, hair
from app.demo.appearance import Appearance
from app.demo.expression import Expression
from app.demo.head import BOTTOM, CHIN, LEFT, RIGHT, SKULL, TOP, Head, head_shape
from app.demo.paint import Canvas, gaussian, mix, ramp, rgb

LIGHT = (-0.42, -0.5, 0.76)  # a window up on the left, in front of the class


def draw_head(person: Appearance, expression: Expression, unit: float, yaw: float = 0.0) -> np.ndarray:
    """Draw a head with its hair: uint8 (height, width, 4), blue, green, red, premultiplied, and alpha.

    `unit` is half the face's width in pixels; `yaw` is in radians, above 0 towards the image's right. The
    image covers LEFT to RIGHT and TOP to BOTTOM of `head`.
    """
    canvas = Canvas.blank(unit, LEFT, TOP, RIGHT, BOTTOM)
    head = head_shape(canvas, person, expression.jaw_drop, yaw)
    hair.draw_behind(head, person, yaw)
    features.draw_ears(head, person, yaw, near=False)
    face = head.window(-1.35, -SKULL, 1.35, CHIN + 0.3)
    _draw_skin(face, person, expression)
    features.draw_profile(face, person, yaw)
    features.draw_mouth(face.window(-1.1, 0.4, 1.1, 1.5), person, expression)
    features.draw_nose(face.window(-1.1, 0.3, 1.1, 0.8), person)
    eyes = face.window(-1.1, -0.75, 1.1, 0.35)
    for side in (-1, 1):
        features.draw_eye(eyes, person, expression, side)
        features.draw_brow(eyes, person, expression, side)
    if person.glasses:
        features.draw_glasses(eyes, person)
    hair.draw_over(head, person, yaw)
    features.draw_ears(head, person, yaw, near=True)
    return canvas.as_image()


def _light(face: Head, person: Appearance, expression: Expression) -> np.ndarray:
    """The brightness of each pixel of the skin, 0 to 1: the height field's slope against the light."""
    u, v, side, lift = face.u, face.v, np.abs(face.u), expression.cheek
    ball = np.sqrt(1 - np.square(face.across)) * np.sqrt(np.clip(1.02 - np.square(v / 1.62), 0.02, 1))
    relief = (
        0.2 * person.nose * gaussian(u / 0.13) * gaussian((v - 0.32) / 0.3)
        + 0.1 * person.nose * gaussian(u / 0.17) * gaussian((v - 0.5) / 0.11)
        - 0.13 * gaussian((side - 0.42) / 0.25) * gaussian((v - 0.02) / 0.17)
        + 0.05 * gaussian((side - 0.36) / 0.35) * gaussian((v + 0.32) / 0.13)
        + (0.07 + 0.06 * lift) * gaussian((side - 0.56) / 0.24) * gaussian((v - 0.46 + 0.06 * lift) / 0.22)
        - 0.05 * lift * gaussian((side - 0.36 - 0.3 * (v - 0.55)) / 0.05) * gaussian((v - 0.68) / 0.16)
        + 0.06 * gaussian(u / 0.24) * gaussian((v - 1.12) / 0.16)
    )
    height = ball + relief * np.clip(face.ahead * 1.5, 0, 1)
    slope_y, slope_x = np.gradient(height * face.canvas.unit)
    facing = LIGHT[2] - LIGHT[0] * slope_x - LIGHT[1] * slope_y
    facing /= np.sqrt(1 + np.square(slope_x) + np.square(slope_y))
    return 0.16 + 0.66 * (facing + 0.25) / 1.25


def _draw_skin(face: Head, person: Appearance, expression: Expression) -> None:
    """Paint the face: warm in shadow, rosy on the cheeks, darker in the sockets and under the lower lip."""
    u, v, side = face.u, face.v, np.abs(face.u)
    front = np.clip(face.ahead * 2, 0, 1)
    sockets = 0.2 * gaussian((side - 0.42) / 0.26) * gaussian((v + 0.02) / 0.19)
    below_lip = 0.12 * gaussian(u / 0.22) * gaussian((v - 1.0 - expression.jaw_drop) / 0.06)
    tones = ramp(
        _light(face, person, expression) - (sockets + below_lip) * front,
        mix(person.skin, rgb("5a2418"), 0.58),
        person.skin,
        mix(person.skin, rgb("fff3df"), 0.5),
    )
    face.canvas.paint(tones, face.outline)
    blush = gaussian((side - 0.58) / 0.24) * gaussian((v - 0.42 + 0.05 * expression.cheek) / 0.18) * front
    rosy = (0.16 + 0.12 * expression.cheek) * blush * face.outline
    face.canvas.tint(mix(person.skin, rgb("d8452f"), 0.6), rosy)
    if person.beard:
        _draw_beard(face, person)


def _draw_beard(face: Head, person: Appearance) -> None:
    """Paint a short beard along the jaw and a moustache, with the lips bare."""
    u, v, side = face.u, face.v, np.abs(face.u)
    jaw = np.clip(
        (v - 0.72 - 0.5 * np.square(np.clip(0.8 - side, 0, 1)) + 0.6 * np.clip(side - 0.6, 0, 1)) / 0.14, 0, 1
    )
    moustache = gaussian(u / 0.34) * gaussian((v - 0.69) / 0.055)
    bare = gaussian(u / 0.3) * gaussian((v - 0.86) / 0.1)
    dense = np.clip(np.maximum(jaw, moustache) - 0.9 * bare, 0, 1) * np.clip(face.ahead * 2, 0, 1)
    face.canvas.tint(mix(person.hair, person.skin, 0.2), person.beard * dense * face.outline)
