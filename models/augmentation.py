"""Faces altered a little differently each time: drawn by chance here, computed by the backend."""

from dataclasses import dataclass

import cv2
import numpy as np
from keras import ops

from app.vision.annotate import encode
from app.vision.crop import SIDE
from models.compiled import compiled


@dataclass(frozen=True, slots=True)
class Augmentation:
    """How far a face may be altered: what people in a room, a camera and its light do to one."""

    degrees: float = 15.0
    scale: float = 0.12
    shift: float = 4.0  # pixels
    contrast: tuple[float, float] = (0.7, 1.35)
    brightness: float = 25.0
    light_chance: float = 0.6
    erase_chance: float = 0.3
    mirror_chance: float = 0.5
    blur: float = 1.5  # pixels, standard deviation, up and down and across on its own
    blur_chance: float = 0.4
    noise: float = 12.0  # grey levels, standard deviation
    noise_chance: float = 0.4
    quality: tuple[int, int] = (30, 90)  # of JPEG
    jpeg_chance: float = 0.4


USUAL = Augmentation()
AS_THEY_ARE = Augmentation(
    degrees=0,
    scale=0,
    shift=0,
    light_chance=0,
    erase_chance=0,
    mirror_chance=0,
    blur_chance=0,
    noise_chance=0,
    jpeg_chance=0,
)


def augment(pixels: np.ndarray, how: Augmentation, random: np.random.Generator):
    """Turn, scale, shift, mirror, light and partly cover each face: a tensor, float32 (N, 48, 48, 1)."""
    count = len(pixels)
    light = _light(count, how, random)
    return _alter(pixels, _moves(count, how, random), *light, *_covers(count, how, random))


def degrade(pixels, how: Augmentation, random: np.random.Generator) -> np.ndarray:
    """Do to faces what a camera does: blur, as lenses, movement and enlarging do, then noise, then JPEG.

    Takes what `augment` gives and gives the same. Apart from it, so that teachers can be asked before: the
    expression is the same.
    """
    count = len(pixels)
    blurred = random.random((count, 1, 1)) < how.blur_chance
    blur = random.uniform(0, how.blur, (2, count, 1, 1)) * blurred
    noisy = random.random((count, 1, 1)) < how.noise_chance
    level = (random.uniform(0, how.noise, (count, 1, 1)) * noisy).astype(np.float32)
    noise = level * random.standard_normal((count, SIDE, SIDE), np.float32)
    degraded = np.array(ops.convert_to_numpy(_degrade(pixels, *blur.astype(np.float32), noise)))
    for face in np.flatnonzero(random.random(count) < how.jpeg_chance):
        quality, margins = random.integers(*how.quality, endpoint=True), random.integers(0, 8, 2)
        degraded[face] = _compressed(degraded[face], int(quality), *margins.tolist())
    return degraded


def after_jpeg(image: np.ndarray, quality: int) -> np.ndarray:
    """Give what JPEG of that quality, 1 to 100, leaves of a grey image, uint8 (height, width)."""
    return cv2.imdecode(np.frombuffer(encode(image, quality), np.uint8), cv2.IMREAD_GRAYSCALE)


def _compressed(pixels: np.ndarray, quality: int, above: int, left: int) -> np.ndarray:
    """Compress a face (48, 48, 1); the first of JPEG's blocks of 8 by 8 begins so far outside it."""
    face = cv2.copyMakeBorder(pixels.round().astype(np.uint8), above, 0, left, 0, cv2.BORDER_REPLICATE)
    return after_jpeg(face, quality)[above:, left:, np.newaxis]


def _light(count: int, how: Augmentation, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draw contrast and brightness, float32 (N, 1, 1, 1) each."""
    each = (count, 1, 1, 1)
    lit = random.random(each) < how.light_chance
    contrast = np.where(lit, random.uniform(*how.contrast, each), 1)
    brightness = np.where(lit, random.uniform(-how.brightness, how.brightness, each), 0)
    return contrast.astype(np.float32), brightness.astype(np.float32)


def _moves(count: int, how: Augmentation, random: np.random.Generator) -> np.ndarray:
    """Draw where each pixel comes from, float32 (N, 8), as `ops.image.affine_transform` takes it."""
    degrees, zoom, right, down = random.uniform(-1, 1, (4, count))
    mirror = np.where(random.random(count) < how.mirror_chance, -1, 1)
    angle, zoom = np.radians(how.degrees * degrees), 1 + how.scale * zoom
    cosine, sine = np.cos(angle) / zoom, np.sin(angle) / zoom
    centre = (SIDE - 1) / 2
    x, y = -mirror * centre - how.shift * right, -centre - how.shift * down
    zero = np.zeros(count)
    moves = (mirror * cosine, sine, centre + cosine * x + sine * y)
    moves += (-mirror * sine, cosine, centre - sine * x + cosine * y, zero, zero)
    return np.stack(moves, axis=1).astype(np.float32)


def _covers(count: int, how: Augmentation, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draw what is covered, bool (N, 48, 48, 1), and how bright that is, float32 (N, 1, 1, 1)."""
    sides = random.integers(SIDE // 8, SIDE // 2, (2, count, 1))
    first = random.integers(0, SIDE - sides)
    down, across = (first <= np.arange(SIDE)) & (np.arange(SIDE) < first + sides)
    covered = (random.random(count) < how.erase_chance)[:, np.newaxis]
    brightness = random.uniform(0, 255, (count, 1, 1, 1)).astype(np.float32)
    return ((down & covered)[:, :, np.newaxis] & across[:, np.newaxis])[..., np.newaxis], brightness


@compiled
def _alter(pixels, moves, contrast, brightness, covered, cover):
    moved = ops.image.affine_transform(pixels, moves, fill_mode="nearest", data_format="channels_last")
    middle = ops.mean(moved, axis=(1, 2, 3), keepdims=True)
    return ops.where(covered, cover, ops.clip((moved - middle) * contrast + middle + brightness, 0, 255))


@compiled
def _degrade(pixels, down, across, noise):
    blurred = ops.matmul(ops.matmul(_blur(down), pixels[..., 0]), ops.transpose(_blur(across), (0, 2, 1)))
    return ops.clip(blurred + noise, 0, 255)[..., None]


def _blur(deviation):
    """Give the matrices that blur columns of pixels, (N, 48, 48), deviation (N, 1, 1); 0 leaves them."""
    place = ops.arange(SIDE, dtype="float32")
    distance = ops.square(place[:, None] - place)
    weight = ops.exp(-distance / (2 * ops.square(deviation) + 1e-6))
    return weight / ops.sum(weight, axis=2, keepdims=True)
