"""FER-2013 in the forms in which it comes: Kaggle's fer2013.csv, a folder of class folders, an .npz file."""

import csv
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from app.vision.crop import SIDE
from app.vision.emotion import EMOTIONS
from models.dataset import DataError, DataSet, Faces, Usage, read_all

VOTES = (
    *("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt"),
    *("unknown", "NF"),
)
"""The columns of fer2013new.csv (Barsoum et al. 2016), in the order of our FER+ votes."""

FOLDERS = {
    "train": Usage.Training,
    "training": Usage.Training,
    "val": Usage.PublicTest,
    "validation": Usage.PublicTest,
    "publictest": Usage.PublicTest,
    "test": Usage.PublicTest,
    "privatetest": Usage.PrivateTest,
}
"""The folders of the parts. A `test` beside a `validation` is PrivateTest; alone it chooses."""

CLASSES = {emotion.value: index for index, emotion in enumerate(EMOTIONS)} | {
    name: EMOTIONS.index(emotion)
    for name, emotion in (
        ("anger", "angry"),
        ("disgusted", "disgust"),
        ("fearful", "fear"),
        ("happiness", "happy"),
        ("sadness", "sad"),
        ("surprised", "surprise"),
    )
}
"""The folders of the classes, under the names that the versions in circulation give them."""

PICTURES = (".png", ".jpg", ".jpeg")
NAMED = 5  # faults in one message; the rest are counted


class Unreadable(ValueError):
    """One picture can't be used; the message says why."""


@dataclass(frozen=True, slots=True)
class Original:
    """One labelled picture before it is read: `pixels` gives uint8 (48, 48), or raises Unreadable."""

    place: str
    usage: Usage
    label: int
    pixels: Callable[[], np.ndarray]


def read_original(
    source: Path, votes: Path | None = None, *, skip: bool = False
) -> tuple[DataSet, list[str]]:
    """Read all faces, and say which pictures were left out and why.

    `votes` is FER+'s fer2013new.csv, whose rows follow those of fer2013.csv. Raises DataError where a part
    lacks an expression, and, unless `skip` leaves them out, for pictures that can't be used.
    """
    if votes and source.suffix != ".csv":
        raise DataError(f"{votes} follows the rows of fer2013.csv and can't be joined to {source}")
    if source.suffix == ".npz":
        data, faults = read_all(source), []
    else:
        data, faults = _read(source, votes, skip=skip)
    _check_classes(source, data)
    return data, faults


def _originals(source: Path) -> Iterator[Original]:
    if source.is_dir():
        return _in_folder(source)
    if not source.exists():
        raise DataError(
            f"{source} does not exist; give fer2013.csv, a folder of class folders, or an .npz file"
        )
    if source.suffix == ".csv":
        return _in_csv(source)
    raise DataError(f"{source} is neither a .csv, nor a folder of class folders, nor an .npz file")


def _read(source: Path, votes: Path | None, *, skip: bool) -> tuple[DataSet, list[str]]:
    images, labels, usage, readable, faults = [], [], [], [], []
    for original in _originals(source):
        labels.append(original.label)
        usage.append(original.usage)
        try:
            images.append(original.pixels())
            readable.append(True)
        except Unreadable as fault:
            readable.append(False)
            faults.append(f"{original.place} {fault}")
    if faults and not skip:
        more = f"; and {len(faults) - NAMED} more" if len(faults) > NAMED else ""
        raise DataError(f"{'; '.join(faults[:NAMED])}{more}. --skip-unreadable leaves such pictures out")
    if not images:
        raise DataError(f"{source} holds no faces")
    ten_votes = _read_votes(votes, usage) if votes else np.zeros((len(usage), len(VOTES)), np.uint8)
    faces = Faces(np.stack(images), np.array(labels, np.uint8)[readable], ten_votes[readable])
    return DataSet(faces, np.array(usage, np.uint8)[readable], source), faults


def _in_csv(path: Path) -> Iterator[Original]:
    for line, row in _rows(path, ("emotion", "pixels", "Usage")):
        place = f"{path}, line {line}:"
        if row["Usage"] not in Usage.__members__:
            raise DataError(f"{place} the part {row['Usage']!r}, expected {', '.join(Usage.__members__)}")
        if row["emotion"] not in map(str, range(len(EMOTIONS))):
            raise DataError(f"{place} the emotion {row['emotion']!r}, expected 0 to 6")
        yield Original(
            place, Usage[row["Usage"]], int(row["emotion"]), partial(_pixels_of_text, row["pixels"])
        )


def _pixels_of_text(text: str) -> np.ndarray:
    try:
        pixels = np.array(text.split(), int)
    except ValueError:
        raise Unreadable("holds pixels that are no numbers") from None
    if pixels.size != SIDE * SIDE:
        raise Unreadable(f"has {pixels.size} pixels, expected {SIDE * SIDE}")
    if pixels.min() < 0 or pixels.max() > 255:
        raise Unreadable(f"has pixels from {pixels.min()} to {pixels.max()}, expected 0 to 255")
    return pixels.reshape(SIDE, SIDE).astype(np.uint8)


def _in_folder(folder: Path) -> Iterator[Original]:
    """Find the pictures by part and class; some versions name a file `PublicTest_….jpg`, after its part."""
    parts = [part for part in sorted(folder.iterdir()) if part.is_dir()]
    names = {part.name.lower() for part in parts}
    if not names or not names <= FOLDERS.keys():
        raise DataError(
            f"{folder} holds the folders {', '.join(part.name for part in parts) or 'none'}; expected train "
            "and test (or validation, PublicTest, PrivateTest), each with a folder for each expression"
        )
    of_folder = dict(FOLDERS)
    if names & {"val", "validation", "publictest"}:
        of_folder["test"] = Usage.PrivateTest
    for part in parts:
        for one in sorted(part.iterdir()):
            if one.name.startswith("."):
                continue
            if one.name.lower() not in CLASSES:
                raise DataError(f"{one} is none of the expressions {', '.join(EMOTIONS)}")
            for picture in sorted(one.iterdir()):
                if not picture.name.startswith("."):
                    usage = Usage.__members__.get(picture.name.split("_")[0], of_folder[part.name.lower()])
                    label = CLASSES[one.name.lower()]
                    yield Original(str(picture), usage, label, partial(_pixels_of_file, picture))


def _pixels_of_file(path: Path) -> np.ndarray:
    if path.suffix.lower() not in PICTURES:
        raise Unreadable("is no PNG or JPG")
    try:
        with Image.open(path) as picture:
            pixels = np.asarray(picture.convert("L"))
    except UnidentifiedImageError:
        raise Unreadable("is no picture") from None
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:  # PNG's own checks are SyntaxErrors
        raise Unreadable(f"can't be read ({error})") from None
    if pixels.shape != (SIDE, SIDE):
        raise Unreadable(f"is {pixels.shape[1]}×{pixels.shape[0]} pixels, expected {SIDE}×{SIDE}")
    return pixels


def _read_votes(path: Path, usage: list[Usage]) -> np.ndarray:
    rows = list(_rows(path, ("Usage", *VOTES)))
    parts = [row["Usage"] for _, row in rows]
    if parts != [part.name for part in usage]:
        raise DataError(
            f"{path} has {len(rows)} rows that don't follow the {len(usage)} of the faces; expected the same "
            "number, in the same parts"
        )
    try:
        return np.array([[row[name] for name in VOTES] for _, row in rows]).astype(np.uint8)
    except ValueError as error:
        raise DataError(f"{path} holds votes that are no numbers ({error})") from None


def _rows(path: Path, columns: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str]]]:
    """Give the rows of a CSV file with their line numbers; some versions put spaces around the names."""
    csv.field_size_limit(sys.maxsize)
    try:
        with path.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file, skipinitialspace=True)
            missing = [name for name in columns if name not in (reader.fieldnames or [])]
            if missing:
                found = ", ".join(reader.fieldnames or []) or "nothing"
                raise DataError(f"{path} has the columns {found[:200]}; {', '.join(missing)} is missing")
            for row in reader:
                if None in (row[name] for name in columns):
                    raise DataError(f"{path}, line {reader.line_num}: the row is cut short")
                yield reader.line_num, row
    except FileNotFoundError:
        raise DataError(f"{path} does not exist") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path} is no CSV file ({error})") from None


def _check_classes(source: Path, data: DataSet) -> None:
    for part in data.parts():
        there = set(data.faces.labels[data.usage == part].tolist())
        if missing := [emotion for index, emotion in enumerate(EMOTIONS) if index not in there]:
            raise DataError(
                f"{source}: {part.name} holds no face that is {' or '.join(missing)}; each part needs all "
                "seven expressions"
            )
