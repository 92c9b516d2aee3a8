"""The data: FER-2013 with the FER+ votes, and what a Haar cascade proposes, read and cleaned."""

from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from app.vision.crop import SIDE
from app.vision.emotion import EMOTIONS
from models import Refusal

FERPLUS = ("neutral", "happy", "surprise", "sad", "angry", "disgust", "fear", "contempt")
"""What the `ferplus` head names, in the order of the FER+ votes."""

SEVEN = [FERPLUS.index(emotion) for emotion in EMOTIONS]
"""Where EMOTIONS stand in FERPLUS: contempt is left out."""

NOT_A_FACE = 9  # the column of the FER+ votes that says so
HELD_OUT = 0.2  # of the crops: never trained on, the threshold of the `face` head is chosen on them


class DataError(Refusal):
    """The data are not what the commands can use; the message says what to do."""


class Usage(IntEnum):
    """The part of FER-2013 that a face belongs to."""

    Training = 0
    PublicTest = 1
    PrivateTest = 2


@dataclass(frozen=True, slots=True)
class Faces:
    """Labelled faces: uint8 (N, 48, 48), index in EMOTIONS (N,), ten FER+ votes (N, 10), all 0 without."""

    images: np.ndarray
    labels: np.ndarray
    votes: np.ndarray

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, which) -> "Faces":
        return Faces(self.images[which], self.labels[which], self.votes[which])


@dataclass(frozen=True, slots=True)
class Crops:
    """What was proposed as a face, uint8 (N, 48, 48), and whether it is one, bool (N,)."""

    images: np.ndarray
    is_face: np.ndarray

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, which) -> "Crops":
        return Crops(self.images[which], self.is_face[which])


@dataclass(frozen=True, slots=True)
class DataSet:
    """Faces of all parts, the Usage of each, (N,), and what they were read from."""

    faces: Faces
    usage: np.ndarray
    source: Path

    def parts(self) -> list[Usage]:
        """The parts that it has faces of."""
        return [part for part in Usage if (self.usage == part).any()]

    def part(self, usage: Usage) -> Faces:
        """One part of the faces; Training without those that also stand in another part.

        Raises DataError where it has none.
        """
        if usage not in self.parts():
            there = ", ".join(part.name for part in self.parts())
            raise DataError(f"{self.source} holds no {usage.name} face; it holds {there or 'none at all'}")
        wanted = self.usage == usage
        if usage is Usage.Training:
            wanted &= ~_stands_in(self.faces.images, self.faces.images[~wanted])
        return self.faces[wanted]


def read_all(path: Path) -> DataSet:
    """Give every face of a data file."""
    arrays = _load(path, ("images", "label", "usage", "ferplus_votes"))
    faces = Faces(arrays["images"], arrays["label"].astype(np.int64), arrays["ferplus_votes"])
    _check(path, faces, arrays["usage"])
    return DataSet(faces, arrays["usage"], path)


def write_all(path: Path, data: DataSet) -> None:
    """Write a data file, as `read_all` and `read_faces` read it."""
    faces = data.faces
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(
        path,
        images=faces.images,
        label=faces.labels.astype(np.uint8),
        usage=data.usage,
        ferplus_votes=faces.votes,
    )


def read_faces(path: Path, usage: Usage) -> Faces:
    """Give one part of the data file, as `DataSet.part` does."""
    return read_all(path).part(usage)


def read_crops(path: Path) -> Crops:
    """Give the proposals of a cascade, in the file's order, which is that of the photographs."""
    arrays = _load(path, ("images", "is_face"))
    return Crops(arrays["images"], arrays["is_face"].astype(bool))


def split_crops(crops: Crops) -> tuple[Crops, Crops]:
    """Give the crops to train on and those held out: the last fifth, so that no photograph is in both."""
    cut = round(len(crops) * (1 - HELD_OUT))
    return crops[:cut], crops[cut:]


def without_non_faces(faces: Faces) -> tuple[Faces, Crops]:
    """Part the faces from the rows that at least half of their voters call "not a face"."""
    votes = faces.votes.astype(int)
    refused = (votes[:, NOT_A_FACE] * 2 >= votes.sum(1)) & (votes.sum(1) > 0)
    return faces[~refused], Crops(faces.images[refused], np.zeros(refused.sum(), bool))


def ferplus_shares(votes: np.ndarray) -> np.ndarray:
    """Turn votes into shares of the eight expressions, float32 (N, 8); all 0 where nothing is left.

    Single votes are dropped as slips of the hand, as in Barsoum et al. 2016, section 3.
    """
    kept = np.where(votes[:, : len(FERPLUS)] > 1, votes[:, : len(FERPLUS)], 0).astype(np.float32)
    return kept / np.maximum(kept.sum(1, keepdims=True), 1)


def ferplus_majority(votes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Say which faces have an expression of EMOTIONS that over half agree on, (N,) bool, and which one.

    Single votes are dropped first, those for "unknown" and "not a face" count against a majority, and a
    face whose winner is contempt has none, for the labels of FER-2013 don't know it.
    """
    kept = np.where(votes > 1, votes, 0).astype(int)
    winner = kept.argmax(1)
    names = [EMOTIONS.index(name) if name in EMOTIONS else -1 for name in FERPLUS] + [-1, -1]
    emotion = np.array(names)[winner]
    return (kept.max(1) * 2 > kept.sum(1)) & (emotion >= 0), emotion


def _load(path: Path, names: tuple[str, ...]) -> dict[str, np.ndarray]:
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


def _stands_in(images: np.ndarray, others: np.ndarray) -> np.ndarray:
    known = {image.tobytes() for image in others}
    return np.array([image.tobytes() in known for image in images], bool)
