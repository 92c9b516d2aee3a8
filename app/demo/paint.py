"""A canvas for painting colours over each other through soft masks, so that every edge is antialiased."""

from dataclasses import dataclass

import numpy as np

Colour = tuple[int, int, int]
"""Blue, green, red, each 0 to 255."""


def rgb(code: str) -> Colour:
    """Give the colour of a hex code as in web pages, for example "e8c39e"."""
    red, green, blue = bytes.fromhex(code)
    return blue, green, red


def mix(a: Colour, b: Colour, share: float) -> Colour:
    """Interpolate: the colour `share` of the way from `a` to `b`."""
    return tuple(round(x + (y - x) * share) for x, y in zip(a, b, strict=True))


def gaussian(t: np.ndarray) -> np.ndarray:
    """The bell curve exp(-t²), by which lights, shadows and hills fall off."""
    return np.exp(-np.square(t))


@dataclass(frozen=True, slots=True)
class Canvas:
    """An image with a coordinate for every pixel in units of half a face's width.

    `colour` (height, width, 3) and `alpha` (height, width) are float32, 0 to 255 and 0 to 1, and colour is
    premultiplied by alpha. `x` grows to the right, `y` down, from the point between the eyes.
    """

    x: np.ndarray
    y: np.ndarray
    unit: float
    """Pixels in one unit."""
    colour: np.ndarray
    alpha: np.ndarray

    @classmethod
    def blank(cls, unit: float, left: float, top: float, right: float, bottom: float) -> "Canvas":
        """An empty canvas over the given rectangle, in units."""
        columns = np.arange(round(left * unit), round(right * unit), dtype=np.float32)
        rows = np.arange(round(top * unit), round(bottom * unit), dtype=np.float32)
        x, y = np.meshgrid((columns + 0.5) / unit, (rows + 0.5) / unit)
        return cls(x, y, unit, np.zeros((*x.shape, 3), np.float32), np.zeros(x.shape, np.float32))

    def slices(self, left: float, top: float, right: float, bottom: float) -> tuple[slice, slice]:
        """The rows and columns of a rectangle in units."""
        columns = (np.clip(np.array([left, right]) - self.x[0, 0], 0, None) * self.unit).astype(int)
        rows = (np.clip(np.array([top, bottom]) - self.y[0, 0], 0, None) * self.unit).astype(int)
        return np.s_[rows[0] : rows[1] + 1, columns[0] : columns[1] + 1]

    def crop(self, part: tuple[slice, slice]) -> "Canvas":
        """The canvas of some rows and columns, as views: painting there paints here, at less cost."""
        return Canvas(self.x[part], self.y[part], self.unit, self.colour[part], self.alpha[part])

    def inside(self, depth: np.ndarray, softness: float = 0.0) -> np.ndarray:
        """A mask, 0 to 1, of where `depth`, the distance to the edge in units, is above zero.

        The edge is one pixel wide, or `softness` units if that is more.
        """
        return np.clip(depth / max(softness, 1 / self.unit) + 0.5, 0, 1)

    def paint(self, colour: Colour | np.ndarray, mask: np.ndarray) -> None:
        """Paint a colour, or an image of colours (height, width, 3), over what is there."""
        rest = 1 - mask
        self.colour[...] *= rest[..., None]
        self.colour[...] += mask[..., None] * np.asarray(colour, np.float32)
        self.alpha[...] *= rest
        self.alpha[...] += mask

    def tint(self, colour: Colour, mask: np.ndarray) -> None:
        """Paint a colour only over what is painted already, not where the canvas is empty."""
        rest = 1 - mask
        self.colour[...] *= rest[..., None]
        self.colour[...] += (mask * self.alpha)[..., None] * np.asarray(colour, np.float32)

    def as_image(self) -> np.ndarray:
        """The canvas as uint8 (height, width, 4): blue, green, red, premultiplied, and alpha."""
        both = np.dstack((self.colour, self.alpha * 255))
        return np.clip(both + 0.5, 0, 255).astype(np.uint8)


def ramp(light: np.ndarray, dark: Colour, base: Colour, bright: Colour) -> np.ndarray:
    """Colours (height, width, 3) for a light of 0 to 1: `dark` at 0, `base` at a half, `bright` at 1."""
    levels = np.linspace(0, 1, 256)
    table = np.stack(
        [np.interp(levels, (0, 0.5, 1), tones) for tones in zip(dark, base, bright, strict=True)], 1
    )
    return table.astype(np.float32)[np.clip(light * 255, 0, 255).astype(np.uint8)]
