"""Batches for training: faces and crops, altered a little differently each time they are seen."""

from collections.abc import Sequence

import keras
import numpy as np
from keras import ops

from app.vision.crop import SIDE, as_input
from app.vision.emotion import EMOTIONS
from models.augmentation import USUAL, Augmentation, augment, degrade
from models.dataset import Crops, Faces, ferplus_shares, without_non_faces
from models.teaching import Teacher, taught

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
        augmentation: Augmentation = USUAL,
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
            part = random.beta(self._alpha, self._alpha)
            partner = np.concatenate([random.permutation(len(faces)), np.arange(len(faces), len(rows))])
            pixels = part * pixels + (1 - part) * ops.take(pixels, partner, axis=0)
            labels, shares, weight = (
                part * one + (1 - part) * one[partner] for one in (labels, shares, weight)
            )
        if self._teachers:
            labels, shares = taught(self._teachers, pixels, labels, shares)
        return degrade(pixels, self._augmentation, random), {
            "fer": ops.multiply(labels, weight),
            "ferplus": ops.multiply(shares, weight),
            "face": self._is_face[rows],
        }

    def _above_others(self, targets: np.ndarray) -> np.ndarray:
        """Stack empty targets for the crops below those of the faces: a row of zeros weighs nothing."""
        return np.concatenate([targets, np.zeros((self._others, targets.shape[1]), np.float32)])


def balanced(labels: np.ndarray) -> np.ndarray:
    """Weigh the classes so that each counts as much as any other, float32 (7,); faces weigh 1 on average."""
    counts = np.bincount(labels, minlength=len(EMOTIONS))
    return (len(labels) / (np.count_nonzero(counts) * np.maximum(counts, 1))).astype(np.float32)
