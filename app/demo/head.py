"""The shape of a head: which place on the face each pixel shows, at any yaw."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

import numpy as np

from app.demo.appearance import Appearance
from app.demo.paint import Canvas

LEFT, TOP, RIGHT, BOTTOM = -1.75, -2.05, 1.75, 2.25  # room for the widest and the longest hair
SKULL = 1.42  # how far the crown lies above the eyes
CHIN = 1.35  # how far the chin lies below them


@dataclass(frozen=True, slots=True)
class Head:
    """A canvas and, for each of its pixels, the place on the head. Arrays are float32 (height, width)."""

    canvas: Canvas
    u: np.ndarray
    """Like the canvas's x, but on the face seen from the front: features keep their u when the head turns."""
    v: np.ndarray
    """Like the canvas's y, but on a face of average length."""
    ahead: np.ndarray
    """The cosine of the angle to the nose: 1 in the middle, 0 at the ears, below 0 behind and outside."""
    across: np.ndarray
    """x over the head's half width in this row: -1 to 1 on the head."""
    outline: np.ndarray
    """The mask of the head."""

    def window(self, left: float, top: float, right: float, bottom: float) -> Head:
        """The part inside a rectangle in units, as views: painting there paints here, at less cost."""
        part = self.canvas.slices(left, top, right, bottom)
        return Head(self.canvas.crop(part), *(getattr(self, f.name)[part] for f in fields(self)[1:]))


def head_shape(canvas: Canvas, person: Appearance, jaw_drop: float, yaw: float) -> Head:
    """Wrap the face around a head whose width changes from crown to chin, turned by `yaw` radians."""
    chin = (CHIN + jaw_drop) * person.length
    rows = canvas.y[:, :1]
    square = 2.6 * person.jaw - 0.35 * person.feminine  # above 2 the jaw is squarer than an ellipse
    jaw = (1 - np.clip(rows / chin, 0, 1) ** square) ** 0.52
    width = np.where(rows > 0, jaw, np.sqrt(1 - np.clip(rows / SKULL, -1, 0) ** 2)) + 1e-3
    across = np.clip(canvas.x / width, -1, 1)
    depth = np.sqrt(1 - np.square(across))
    slant = np.sqrt(1 + np.square(np.gradient(width[:, 0])[:, None] * canvas.unit))
    edge = np.minimum((width - np.abs(canvas.x)) / slant, np.minimum(chin - rows, rows + SKULL))
    outline = canvas.inside(edge)
    ahead = depth * math.cos(yaw) + across * math.sin(yaw)
    return Head(
        canvas,
        width * (across * math.cos(yaw) - depth * math.sin(yaw)),
        canvas.y / person.length,
        np.where(outline > 0, ahead, -1),
        across,
        outline,
    )
