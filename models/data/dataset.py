"""The dataset: FER-2013's labelled faces with their FER+ votes, and the face proposals of Haar cascades."""

from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from app.vision.crop import SIDE
from app.vision.emotion import EMOTIONS
from models import CommandError
from models.data.votes import voted_not_a_face

HELD_OUT_SHARE = 0.2
"""Of the crops: never trained on, so that the threshold of the `face` head can be chosen on them."""


class DataError(CommandError):
    """The data can't be used; the message says what to do."""


class Split(IntEnum):
    """The part of FER-2013 that a face belongs to; FER-2013 calls it Usage."""

    Training = 0
    PublicTest = 1
    PrivateTest = 2


@dataclass(frozen=True, slots=True)
class Faces:
    """Labelled faces: images uint8 (N, 48, 48), labels as indices in EMOTIONS (N,), FER+ votes (N, 10).

    A face without FER+ votes has ten zeros.
    """

    images: np.ndarray
    labels: np.ndarray
    votes: np.ndarray

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, rows) -> "Faces":
        return Faces(self.images[rows], self.labels[rows], self.votes[rows])


@dataclass(frozen=True, slots=True)
class Crops:
    """A cascade's face proposals, uint8 (N, 48, 48), and whether each is a face, bool (N,)."""

    images: np.ndarray
    is_face: np.ndarray

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, rows) -> "Crops":
        return Crops(self.images[rows], self.is_face[rows])


@dataclass(frozen=True, slots=True)
class Dataset:
    """The faces of all splits, the Split of each, (N,), and the path that they were read from."""

    faces: Faces
    split: np.ndarray
    source: Path

    def splits(self) -> list[Split]:
        """List the splits that have faces."""
        return [split for split in Split if (self.split == split).any()]

    def faces_of(self, split: Split) -> Faces:
        """Return the faces of one split; Training without those that also occur in another split.

        Raises DataError where the split is empty.
        """
        if split not in self.splits():
            present = ", ".join(split.name for split in self.splits())
            raise DataError(
                f"{self.source} holds no {split.name} face; it holds {present or 'no faces at all'}"
            )
        rows = self.split == split
        if split is Split.Training:
            rows &= ~_occur_in(self.faces.images, self.faces.images[~rows])
        return self.faces[rows]


def read_dataset(path: Path) -> Dataset:
    """Read every face of a data file."""
    arrays = load_arrays(path, ("images", "label", "usage", "ferplus_votes"))
    faces = Faces(arrays["images"], arrays["label"].astype(np.int64), arrays["ferplus_votes"])
    _check(path, faces, arrays["usage"])
    return Dataset(faces, arrays["usage"], path)


def write_dataset(path: Path, dataset: Dataset) -> None:
    """Write a data file that `read_dataset` reads."""
    faces = dataset.faces
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(
        path,
        images=faces.images,
        label=faces.labels.astype(np.uint8),
        usage=dataset.split,
        ferplus_votes=faces.votes,
    )


def read_split(path: Path, split: Split) -> Faces:
    """Read one split of a data file, as `Dataset.faces_of` returns it."""
    return read_dataset(path).faces_of(split)


def read_crops(path: Path) -> Crops:
    """Read a cascade's proposals in the file's order, which is that of the photographs."""
    arrays = load_arrays(path, ("images", "is_face"))
    return Crops(arrays["images"], arrays["is_face"].astype(bool))


def split_crops(crops: Crops) -> tuple[Crops, Crops]:
    """Split crops into those to train on and the last fifth, held out: no photograph is in both."""
    cut = round(len(crops) * (1 - HELD_OUT_SHARE))
    return crops[:cut], crops[cut:]


def separate_non_faces(faces: Faces) -> tuple[Faces, Crops]:
    """Separate the faces from the rows that at least half of their voters call "not a face"."""
    rejected = voted_not_a_face(faces.votes)
    return faces[~rejected], Crops(faces.images[rejected], np.zeros(rejected.sum(), bool))


def load_arrays(path: Path, names: tuple[str, ...]) -> dict[str, np.ndarray]:
    """Read arrays of an .npz file. Raises DataError where it is missing, damaged or lacks one of them."""
    try:
        with np.load(path) as file:
            return {name: file[name] for name in names}
    except FileNotFoundError:
        raise DataError(f"{path} does not exist; give the path of an .npz file") from None
    except KeyError as error:
        raise DataError(f"{path}: {error.args[0]}; expected the arrays {', '.join(names)}") from None
    except (OSError, ValueError, BadZipFile, EOFError) as error:
        raise DataError(f"{path} is no readable .npz file ({error})") from None


def _check(path: Path, faces: Faces, usage: np.ndarray) -> None:
    count = len(faces.images)
    expected = {
        "images": (faces.images, (count, SIDE, SIDE)),
        "label": (faces.labels, (count,)),
        "usage": (usage, (count,)),
        "ferplus_votes": (faces.votes, (count, 10)),
    }
    for name, (array, shape) in expected.items():
        if array.shape != shape:
            raise DataError(f"{path}: {name} has the shape {array.shape}, expected {shape}")
    if faces.images.dtype != np.uint8:
        raise DataError(f"{path}: images are {faces.images.dtype}, expected uint8")
    if count and not 0 <= faces.labels.min() <= faces.labels.max() < len(EMOTIONS):
        raise DataError(
            f"{path}: labels reach from {faces.labels.min()} to {faces.labels.max()}, expected 0–6"
        )


def _occur_in(images: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Tell which images occur among the others pixel for pixel, (N,) bool."""
    known = {image.tobytes() for image in others}
    return np.array([image.tobytes() in known for image in images], bool)
