"""Batches for training: faces and crops, altered a little differently each time they are seen."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import keras
import numpy as np

from app.vision.crop import SIDE, as_input
from app.vision.emotion import EMOTIONS
from models.dataset import Crops, Faces, ferplus_shares, without_non_faces
from models.teaching import Teacher, taught


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


AS_THEY_ARE = Augmentation(degrees=0, scale=0, shift=0, light_chance=0, erase_chance=0, mirror_chance=0)
MIXUP_CHANCE = 0.65  # of a batch


class Batches(keras.utils.PyDataset):
    """Every face once an epoch, and beside each batch of faces some crops, which teach the `face` head.

    Where there are teachers, the faces among the crops have what these say as their labels.

    Batch and epoch decide the random numbers: a resumed run sees what an unbroken one would have.
    `Schedule` says what the options mean.
    """

    def __init__(
        self,
        faces: Faces,
        crops: Crops | None,
        *,
        batch: int,
        crops_in_batch: int,
        seed: int,
        augmentation: Augmentation = Augmentation(),
        mixup: float = 0.4,
        class_weights: bool = False,
        teachers: Sequence[Teacher] = (),
    ):
        super().__init__()
        faces, refused = without_non_faces(faces)
        crops = crops or Crops(np.empty((0, SIDE, SIDE), np.uint8), np.empty(0, bool))
        self._faces, self._others = len(faces), len(crops) + len(refused)
        self._images = np.concatenate([faces.images, crops.images, refused.images])
        is_face = np.concatenate([np.ones(self._faces), crops.is_face, refused.is_face])
        self._is_face = is_face.astype(np.float32)[:, np.newaxis]
        self._labels = self._above_others(np.eye(len(EMOTIONS), dtype=np.float32)[faces.labels])
        self._shares = self._above_others(ferplus_shares(faces.votes))
        self._weight = self._is_face.copy()
        if class_weights:
            self._weight[: self._faces, 0] = balanced(faces.labels)[faces.labels]
        self._batch = batch
        self._crops_in_batch = crops_in_batch if self._others else 0
        self._seed = seed
        self._teachers = teachers
        self._augmentation = augmentation
        self._alpha = mixup
        self.start_epoch(0, mixup=True)

    def __len__(self) -> int:
        return max(self._faces // self._batch, 1)

    def start_epoch(self, epoch: int, *, mixup: bool) -> None:
        """Shuffle anew; `mixup` says whether this epoch mixes faces."""
        self._epoch, self._mixup = epoch, mixup
        self._order = np.random.default_rng([self._seed, epoch]).permutation(self._faces)

    def __getitem__(self, index: int):
        random = np.random.default_rng([self._seed, self._epoch, index])
        faces = self._order[index * self._batch : (index + 1) * self._batch]
        others = self._faces + random.integers(0, max(self._others, 1), self._crops_in_batch)
        rows = np.concatenate([faces, others])
        pixels = augment(as_input(self._images[rows]), self._augmentation, random)
        labels, shares, weight = (of[rows] for of in (self._labels, self._shares, self._weight))
        if self._mixup and self._alpha and random.random() < MIXUP_CHANCE:
            part = np.float32(random.beta(self._alpha, self._alpha))
            partner = random.permutation(len(faces))
            for values in (pixels, labels, shares, weight):
                values[: len(faces)] = part * values[: len(faces)] + (1 - part) * values[partner]
        if self._teachers:
            labels, shares = taught(self._teachers, pixels, labels, shares)
        return pixels, {"fer": labels * weight, "ferplus": shares * weight, "face": self._is_face[rows]}

    def _above_others(self, targets: np.ndarray) -> np.ndarray:
        """Stack empty targets for the crops below those of the faces: a row of zeros weighs nothing."""
        return np.concatenate([targets, np.zeros((self._others, targets.shape[1]), np.float32)])


def balanced(labels: np.ndarray) -> np.ndarray:
    """Weigh the classes so that each counts as much as any other, float32 (7,); faces weigh 1 on average."""
    counts = np.bincount(labels, minlength=len(EMOTIONS))
    return (len(labels) / (np.count_nonzero(counts) * np.maximum(counts, 1))).astype(np.float32)


def augment(pixels: np.ndarray, how: Augmentation, random: np.random.Generator) -> np.ndarray:
    """Turn, scale, shift, mirror, light and partly cover each face, float32 (N, 48, 48, 1)."""
    altered = np.stack([_move(face[..., 0], how, random) for face in pixels])[..., np.newaxis]
    count = len(altered)
    lit = (random.random(count) < how.light_chance).astype(np.float32)[:, None, None, None]
    contrast = 1 + lit * (random.uniform(*how.contrast, lit.shape).astype(np.float32) - 1)
    brightness = lit * random.uniform(-how.brightness, how.brightness, lit.shape).astype(np.float32)
    middle = altered.mean((1, 2, 3), keepdims=True)
    altered = np.clip((altered - middle) * contrast + middle + brightness, 0, 255)
    for index in np.flatnonzero(random.random(count) < how.erase_chance):
        _erase(altered[index], random)
    return altered


def _move(face: np.ndarray, how: Augmentation, random: np.random.Generator) -> np.ndarray:
    degrees, zoom, right, down = random.uniform(-1, 1, 4) * (how.degrees, how.scale, how.shift, how.shift)
    centre = (SIDE - 1) / 2
    matrix = cv2.getRotationMatrix2D((centre, centre), degrees, 1 + zoom)
    matrix[:, 2] += right, down
    if random.random() < how.mirror_chance:
        matrix[0] = -matrix[0] + (0, 0, SIDE - 1)
    return cv2.warpAffine(face, matrix, (SIDE, SIDE), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def _erase(face: np.ndarray, random: np.random.Generator) -> None:
    height, width = random.integers(SIDE // 8, SIDE // 2, 2)
    top, left = random.integers(0, SIDE - height), random.integers(0, SIDE - width)
    face[top : top + height, left : left + width] = random.uniform(0, 255)
