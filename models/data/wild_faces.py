"""Labelled faces in the wild: sets other than FER-2013, parted into faces to train on and faces held out."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from app.vision.crop import SIDE
from app.vision.emotion import EMOTIONS
from models.data.dataset import DataError, load_arrays
from models.data.near_duplicates import near_duplicate_pairs, near_duplicates_of

FILES = ("raf.npz", "affect.npz", "expw.npz", "small.npz")
"""What a folder of sets holds: `images`, `label`, `source`, and `score`, 0 where no detector found a face."""

HELD_OUT = {
    "raf_train": 0.2,
    "sfew_train": 0.2,
    "ck48": 0.2,
    "affect": 0.05,
    "affect_ffhq": 0.05,
    "expw48": 0.05,
    "expw_bal": 0.05,
}
"""The share of each set that is never trained on, by label."""

MEASURED_ON = "raf_train"
"""Whose held-out faces calibrate and measure the scores that are served: forty people labelled each."""

MEASURED_NAME = "RAF-DB"

WELL_LABELLED = {"raf_train": 0.8, "sfew_train": 0.12, "ck48": 0.08}
"""How often a batch draws from each set whose labels several people agreed on."""

CLASS_POWER = 0.5
"""A class of n faces is drawn n ** CLASS_POWER as often: 1 is as its set has it, 0 all classes alike."""

MIN_CORRELATION = 0.95
"""From here on two faces are one photograph's: in these sets all pairs above it that were looked at were."""

SMOOTHING = 0.1  # of single labels, which people disagree on


@dataclass(frozen=True, slots=True)
class WildFaces:
    """Faces in the wild: images uint8 (N, 48, 48), labels as indices in EMOTIONS (N,), source names (N,)."""

    images: np.ndarray
    labels: np.ndarray
    sources: np.ndarray
    is_found: np.ndarray
    """Whether a detector found the face, bool (N,); others teach nothing about being one."""
    is_held_out: np.ndarray
    targets: np.ndarray
    """What the network learns of each, shares of EMOTIONS, (N, 7)."""
    chances: np.ndarray
    """How often a batch draws each, (N,), in all 1; 0 for those held out or not trusted."""

    def __len__(self) -> int:
        return len(self.images)

    @classmethod
    def none(cls) -> "WildFaces":
        """No faces at all."""
        images, shares = np.empty((0, SIDE, SIDE), np.uint8), np.empty((0, len(EMOTIONS)), np.float32)
        flags = np.empty(0, bool)
        return cls(images, np.empty(0, np.int64), np.empty(0, str), flags, flags, shares, np.empty(0))

    def held_out(self, source: str = MEASURED_ON) -> tuple[np.ndarray, np.ndarray]:
        """The held-out faces of a set, uint8 (n, 48, 48), and their labels, (n,)."""
        rows = self.is_held_out & (self.sources == source)
        return self.images[rows], self.labels[rows]


def read_wild_faces(path: Path) -> WildFaces:
    """Read a file that `gather` or `clean` made. Raises DataError."""
    names = ("images", "label", "source", "is_found", "is_held_out", "targets", "chances")
    arrays = load_arrays(path, names)
    faces = WildFaces(*(arrays[name] for name in names))
    if faces.images.shape != (len(faces), SIDE, SIDE) or faces.targets.shape != (len(faces), len(EMOTIONS)):
        raise DataError(f"{path} is no file that `wild` made")
    return faces


def write_wild_faces(path: Path, faces: WildFaces) -> None:
    """Write a file that `read_wild_faces` reads."""
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(
        path,
        images=faces.images,
        label=faces.labels,
        source=faces.sources,
        is_found=faces.is_found,
        is_held_out=faces.is_held_out,
        targets=faces.targets,
        chances=faces.chances,
    )


def gather(folder: Path, seed: int) -> WildFaces:
    """Read the sets of a folder and hold out HELD_OUT of each, drawn by `seed`.

    All near-duplicates within a set are on one side. A face of another set whose photograph is held out is
    left out. Batches draw from WELL_LABELLED only, until `clean` trusts faces of the others.
    """
    parts = [load_arrays(folder / name, ("images", "label", "source", "score")) for name in FILES]
    images, labels, sources, scores = (
        np.concatenate([part[name] for part in parts]) for name in ("images", "label", "source", "score")
    )
    labels, sources = labels.astype(np.int64), sources.astype(str)
    is_held_out = np.zeros(len(images), bool)
    for source, share in HELD_OUT.items():
        rows = np.flatnonzero(sources == source)
        if not len(rows):
            raise DataError(f"{folder} has no face of the set {source}; it needs {', '.join(HELD_OUT)}")
        random = np.random.default_rng([seed, len(rows)])
        is_held_out[rows] = _drawn(labels[rows], _photographs(images[rows]), share, random)
    kept = is_held_out | ~near_duplicates_of(images, images[is_held_out], MIN_CORRELATION)
    labels, sources, is_held_out = labels[kept], sources[kept], is_held_out[kept]
    return WildFaces(
        images[kept],
        labels,
        sources,
        scores[kept] > 0,
        is_held_out,
        smoothed(labels),
        draw_chances(labels, sources, ~is_held_out, WELL_LABELLED),
    )


def smoothed(labels: np.ndarray) -> np.ndarray:
    """Turn labels (N,) into shares (N, 7) of which every class has a little (Szegedy et al. 2016)."""
    return ((1 - SMOOTHING) * np.eye(len(EMOTIONS)) + SMOOTHING / len(EMOTIONS))[labels].astype(np.float32)


def draw_chances(
    labels: np.ndarray, sources: np.ndarray, is_used: np.ndarray, shares: dict[str, float]
) -> np.ndarray:
    """How often a batch draws each face, (N,), in all 1: its set's share, and within it CLASS_POWER."""
    chances = np.zeros(len(labels))
    for source, share in shares.items():
        rows = is_used & (sources == source)
        counts = np.bincount(labels[rows], minlength=len(EMOTIONS))
        each = (np.maximum(counts, 1.0) ** (CLASS_POWER - 1))[labels[rows]]
        chances[rows] = share * each / each.sum() if len(each) else 0
    return chances / chances.sum()


def _drawn(
    labels: np.ndarray, photographs: np.ndarray, share: float, random: np.random.Generator
) -> np.ndarray:
    """Draw whole photographs until each label has its share, bool (N,)."""
    is_drawn = np.zeros(len(labels), bool)
    wanted = np.round(share * np.bincount(labels, minlength=labels.max() + 1))
    for photograph in random.permutation(photographs.max() + 1):
        rows = photographs == photograph
        label = labels[rows][0]
        if is_drawn[labels == label].sum() < wanted[label]:
            is_drawn |= rows
    return is_drawn


def _photographs(images: np.ndarray) -> np.ndarray:
    """Number the photographs that faces come from, (N,): near-duplicates, also by way of others, share it."""
    first, second = near_duplicate_pairs(images, MIN_CORRELATION)
    lowest = np.arange(len(images))
    while True:  # as often as the longest chain of near-duplicates has links
        before = lowest.copy()
        np.minimum.at(lowest, first, before[second])
        np.minimum.at(lowest, second, before[first])
        if (lowest == before).all():
            return np.unique(lowest, return_inverse=True)[1]
