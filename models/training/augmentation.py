"""Augmentation: faces altered a little differently each time. NumPy draws, Keras's backend computes."""

from dataclasses import dataclass

import cv2
import numpy as np
from keras import ops

from app.vision.annotate import encode
from app.vision.crop import SIDE
from models.network.compiled import compiled


@dataclass(frozen=True, slots=True)
class Augmentation:
    """How far a face may be altered: what people in a room, a camera and its light do to one."""

    degrees: float = 15.0
    scale: float = 0.12
    shift: float = 4.0  # pixels
    contrast: tuple[float, float] = (0.7, 1.35)
    brightness: float = 25.0  # grey levels
    light_chance: float = 0.6
    erase_chance: float = 0.3
    mirror_chance: float = 0.5
    blur: float = 1.5  # pixels, standard deviation; drawn for rows and columns separately
    blur_chance: float = 0.4
    noise: float = 12.0  # grey levels, standard deviation
    noise_chance: float = 0.4
    quality: tuple[int, int] = (30, 90)  # of JPEG
    jpeg_chance: float = 0.4


DEFAULT_AUGMENTATION = Augmentation()
NO_AUGMENTATION = Augmentation(
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


def augment(pixels: np.ndarray, augmentation: Augmentation, random: np.random.Generator):
    """Rotate, scale, shift, mirror, light and partly cover each face: a tensor, float32 (N, 48, 48, 1)."""
    count = len(pixels)
    lighting = _lighting(count, augmentation, random)
    transforms = _transforms(count, augmentation, random)
    return _apply(pixels, transforms, *lighting, *_erased_patches(count, augmentation, random))


def degrade(pixels, augmentation: Augmentation, random: np.random.Generator) -> np.ndarray:
    """Degrade faces as a camera does: blur (lens, movement, enlarging), then noise, then JPEG.

    Takes the tensor of `augment` and returns an array of the same shape. It is a step of its own so that
    teachers see the face before it: the expression is the same.
    """
    count = len(pixels)
    is_blurred = random.random((count, 1, 1)) < augmentation.blur_chance
    blur = random.uniform(0, augmentation.blur, (2, count, 1, 1)) * is_blurred
    is_noisy = random.random((count, 1, 1)) < augmentation.noise_chance
    level = (random.uniform(0, augmentation.noise, (count, 1, 1)) * is_noisy).astype(np.float32)
    noise = level * random.standard_normal((count, SIDE, SIDE), np.float32)
    degraded = np.array(ops.convert_to_numpy(_blur_and_add_noise(pixels, *blur.astype(np.float32), noise)))
    for face in np.flatnonzero(random.random(count) < augmentation.jpeg_chance):
        quality, margins = random.integers(*augmentation.quality, endpoint=True), random.integers(0, 8, 2)
        degraded[face] = _compressed(degraded[face], int(quality), *margins.tolist())
    return degraded


def jpeg_compressed(image: np.ndarray, quality: int) -> np.ndarray:
    """Encode a grey image, uint8 (height, width), as JPEG of this quality, 1 to 100, and decode it again."""
    return cv2.imdecode(np.frombuffer(encode(image, quality), np.uint8), cv2.IMREAD_GRAYSCALE)


def _compressed(pixels: np.ndarray, quality: int, top: int, left: int) -> np.ndarray:
    """Compress a face (48, 48, 1); JPEG's first block of 8 × 8 begins `top` and `left` pixels outside it."""
    face = cv2.copyMakeBorder(pixels.round().astype(np.uint8), top, 0, left, 0, cv2.BORDER_REPLICATE)
    return jpeg_compressed(face, quality)[top:, left:, np.newaxis]


def _lighting(
    count: int, augmentation: Augmentation, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Draw contrast and brightness, float32 (N, 1, 1, 1) each."""
    shape = (count, 1, 1, 1)
    is_lit = random.random(shape) < augmentation.light_chance
    contrast = np.where(is_lit, random.uniform(*augmentation.contrast, shape), 1)
    brightness = np.where(is_lit, random.uniform(-augmentation.brightness, augmentation.brightness, shape), 0)
    return contrast.astype(np.float32), brightness.astype(np.float32)


def _transforms(count: int, augmentation: Augmentation, random: np.random.Generator) -> np.ndarray:
    """Draw rotation, scale, shift and mirror as affine transforms, float32 (N, 8).

    The eight numbers are those of `ops.image.affine_transform`: they say where each output pixel comes from.
    """
    degrees, zoom, right, down = random.uniform(-1, 1, (4, count))
    mirror = np.where(random.random(count) < augmentation.mirror_chance, -1, 1)
    angle, zoom = np.radians(augmentation.degrees * degrees), 1 + augmentation.scale * zoom
    cosine, sine = np.cos(angle) / zoom, np.sin(angle) / zoom
    centre = (SIDE - 1) / 2
    x, y = -mirror * centre - augmentation.shift * right, -centre - augmentation.shift * down
    zero = np.zeros(count)
    rows = (mirror * cosine, sine, centre + cosine * x + sine * y)
    rows += (-mirror * sine, cosine, centre - sine * x + cosine * y, zero, zero)
    return np.stack(rows, axis=1).astype(np.float32)


def _erased_patches(
    count: int, augmentation: Augmentation, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Draw which pixels are covered, bool (N, 48, 48, 1), and by which grey, float32 (N, 1, 1, 1)."""
    sides = random.integers(SIDE // 8, SIDE // 2, (2, count, 1))
    first = random.integers(0, SIDE - sides)
    down, across = (first <= np.arange(SIDE)) & (np.arange(SIDE) < first + sides)
    is_covered = (random.random(count) < augmentation.erase_chance)[:, np.newaxis]
    grey = random.uniform(0, 255, (count, 1, 1, 1)).astype(np.float32)
    return ((down & is_covered)[:, :, np.newaxis] & across[:, np.newaxis])[..., np.newaxis], grey


@compiled
def _apply(pixels, transforms, contrast, brightness, erased, grey):
    moved = ops.image.affine_transform(pixels, transforms, fill_mode="nearest", data_format="channels_last")
    mean = ops.mean(moved, axis=(1, 2, 3), keepdims=True)
    return ops.where(erased, grey, ops.clip((moved - mean) * contrast + mean + brightness, 0, 255))


@compiled
def _blur_and_add_noise(pixels, down, across, noise):
    columns_blurred = ops.matmul(_blur_matrices(down), pixels[..., 0])
    blurred = ops.matmul(columns_blurred, ops.transpose(_blur_matrices(across), (0, 2, 1)))
    return ops.clip(blurred + noise, 0, 255)[..., None]


def _blur_matrices(deviation):
    """Build matrices (N, 48, 48) that blur columns of pixels; deviation (N, 1, 1), where 0 blurs nothing."""
    position = ops.arange(SIDE, dtype="float32")
    distance = ops.square(position[:, None] - position)
    weight = ops.exp(-distance / (2 * ops.square(deviation) + 1e-6))
    return weight / ops.sum(weight, axis=2, keepdims=True)
