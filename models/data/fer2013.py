"""FER-2013 in the formats that circulate: Kaggle's fer2013.csv, a folder of class folders, an .npz file."""

import codecs
import csv
import sys
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TextIO

import numpy as np
from PIL import Image, UnidentifiedImageError

from app.vision.crop import SIDE
from app.vision.emotion import EMOTIONS
from models.data.dataset import DataError, Dataset, Faces, Split, read_dataset

VOTE_COLUMNS = (
    *("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt"),
    *("unknown", "NF"),
)
"""The columns of fer2013new.csv (Barsoum et al. 2016), in the order of `Faces.votes`."""

SPLIT_FOLDERS = {
    "train": Split.Training,
    "training": Split.Training,
    "val": Split.PublicTest,
    "validation": Split.PublicTest,
    "publictest": Split.PublicTest,
    "test": Split.PublicTest,
    "privatetest": Split.PrivateTest,
}
"""The folders of the splits. A `test` beside a `validation` is PrivateTest; alone it is PublicTest."""

CLASS_FOLDERS = {emotion.value: index for index, emotion in enumerate(EMOTIONS)} | {
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
"""The folders of the classes, by every name that the versions in circulation use."""

SYSTEM_FILES = ("__macosx", "desktop.ini", "thumbs.db")
"""What macOS and Windows leave in folders and archives, besides names that begin with a dot."""

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg")
MAX_FAULTS_LISTED = 5  # in one message; the rest are counted


class UnreadableImage(ValueError):
    """One image can't be used; the message says why."""


@dataclass(frozen=True, slots=True)
class LabelledImage:
    """One labelled image, not read yet: `pixels()` returns uint8 (48, 48) or raises UnreadableImage."""

    location: str
    split: Split
    label: int
    pixels: Callable[[], np.ndarray]


def read_fer2013(
    source: Path, votes: Path | None = None, *, skip_unreadable: bool = False
) -> tuple[Dataset, list[str]]:
    """Read all faces; return them and one line for each image that was skipped, with the reason.

    `votes` is FER+'s fer2013new.csv, whose rows follow those of fer2013.csv. Raises DataError where a split
    lacks an expression and, without `skip_unreadable`, where an image can't be used.
    """
    if votes and source.suffix.lower() != ".csv":
        raise DataError(f"{votes} follows the rows of fer2013.csv and can't be joined to {source}")
    if source.suffix.lower() == ".npz":
        dataset, faults = read_dataset(source), []
    else:
        dataset, faults = _read(source, votes, skip_unreadable=skip_unreadable)
    _check_classes(source, dataset)
    return dataset, faults


def _labelled_images(source: Path) -> Iterator[LabelledImage]:
    if source.is_dir():
        return _in_folder(source)
    if not source.exists():
        raise DataError(
            f"{source} does not exist; give fer2013.csv, a folder of class folders, or an .npz file"
        )
    if source.suffix.lower() == ".csv":
        return _in_csv(source)
    raise DataError(f"{source} is neither a .csv, nor a folder of class folders, nor an .npz file")


def _read(source: Path, votes: Path | None, *, skip_unreadable: bool) -> tuple[Dataset, list[str]]:
    images, labels, splits, is_readable, faults = [], [], [], [], []
    for image in _labelled_images(source):
        labels.append(image.label)
        splits.append(image.split)
        try:
            images.append(image.pixels())
            is_readable.append(True)
        except UnreadableImage as fault:
            is_readable.append(False)
            faults.append(f"{image.location} {fault}")
    if faults and not skip_unreadable:
        raise DataError(f"{_listed(faults)}. --skip-unreadable leaves such pictures out")
    if not images:
        raise DataError(f"{source} holds no faces")
    ten_votes = _read_votes(votes, splits) if votes else np.zeros((len(splits), len(VOTE_COLUMNS)), np.uint8)
    faces = Faces(np.stack(images), np.array(labels, np.uint8)[is_readable], ten_votes[is_readable])
    return Dataset(faces, np.array(splits, np.uint8)[is_readable], source), faults


def _listed(faults: list[str]) -> str:
    more = len(faults) - MAX_FAULTS_LISTED
    return "; ".join(faults[:MAX_FAULTS_LISTED]) + (f"; and {more} more" if more > 0 else "")


def _in_csv(path: Path) -> Iterator[LabelledImage]:
    for line, row in _rows(path, ("emotion", "pixels", "Usage")):
        location = f"{path}, line {line}:"
        if row["Usage"] not in Split.__members__:
            raise DataError(
                f"{location} the Usage is {row['Usage']!r}, expected {', '.join(Split.__members__)}"
            )
        emotion = row["emotion"].removesuffix(".0")  # as tables with an empty cell are saved
        if emotion not in map(str, range(len(EMOTIONS))):
            raise DataError(f"{location} the emotion is {row['emotion']!r}, expected 0 to 6")
        pixels = partial(_pixels_of_text, row["pixels"])
        yield LabelledImage(location, Split[row["Usage"]], int(emotion), pixels)


def _pixels_of_text(text: str) -> np.ndarray:
    try:
        pixels = np.array(text.split(), int)
    except ValueError:
        raise UnreadableImage("holds pixels that are no numbers") from None
    if pixels.size != SIDE * SIDE:
        raise UnreadableImage(f"has {pixels.size} pixels, expected {SIDE * SIDE}")
    if pixels.min() < 0 or pixels.max() > 255:
        raise UnreadableImage(f"has pixels from {pixels.min()} to {pixels.max()}, expected 0 to 255")
    return pixels.reshape(SIDE, SIDE).astype(np.uint8)


def _in_folder(folder: Path) -> Iterator[LabelledImage]:
    """Find the images by split and class; some versions name a file `PublicTest_….jpg`, after its split."""
    folder = _unpacked(folder, SPLIT_FOLDERS)
    split_folders = [path for path in _visible(folder) if path.is_dir()]
    splits = _splits_of({path.name.lower() for path in split_folders})
    if not splits:
        names = ", ".join(path.name for path in split_folders) or "none"
        raise DataError(
            f"{folder} holds the folders {names}; expected train and test (or validation, PublicTest, "
            "PrivateTest), each with a folder for each expression"
        )
    for split_folder in split_folders:
        for class_folder in _visible(_unpacked(split_folder, CLASS_FOLDERS)):
            label = CLASS_FOLDERS.get(class_folder.name.lower())
            if label is None:
                raise DataError(f"{class_folder} is none of the expressions {', '.join(EMOTIONS)}")
            for path in _visible(class_folder):
                split = Split.__members__.get(path.name.split("_")[0], splits[split_folder.name.lower()])
                yield LabelledImage(str(path), split, label, partial(_pixels_of_file, path))


def _splits_of(names: set[str]) -> dict[str, Split]:
    """Map folder names to splits; empty where one is unknown or there are none."""
    if not names <= SPLIT_FOLDERS.keys():
        return {}
    splits = {name: SPLIT_FOLDERS[name] for name in names}
    if "test" in names and names & {"val", "validation", "publictest"}:
        splits["test"] = Split.PrivateTest
    return splits


def _visible(folder: Path) -> list[Path]:
    names = (path for path in sorted(folder.iterdir()) if not path.name.startswith("."))
    return [path for path in names if path.name.lower() not in SYSTEM_FILES]


def _unpacked(folder: Path, names: Collection[str]) -> Path:
    """Go into a folder that is alone in its folder and has none of these names, as archives unpack."""
    while True:
        inner = [path for path in _visible(folder) if path.is_dir()]
        if len(inner) != 1 or inner[0].name.lower() in names:
            return folder
        folder = inner[0]


def _pixels_of_file(path: Path) -> np.ndarray:
    if path.suffix.lower() not in IMAGE_SUFFIXES:
        raise UnreadableImage("is no PNG or JPG")
    try:
        with Image.open(path) as picture:
            is_deep = picture.mode.startswith(("I", "F"))  # more than 8 bits, which Pillow would cut off
            pixels = np.asarray(picture) if is_deep else np.asarray(picture.convert("L"))
    except UnidentifiedImageError:
        raise UnreadableImage("is no picture") from None
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:  # PNG's own checks are SyntaxErrors
        raise UnreadableImage(f"can't be read ({error})") from None
    if pixels.shape != (SIDE, SIDE):
        raise UnreadableImage(f"is {pixels.shape[1]}×{pixels.shape[0]} pixels, expected {SIDE}×{SIDE}")
    return _eight_bits(pixels) if is_deep else pixels


def _eight_bits(pixels: np.ndarray) -> np.ndarray:
    """Scale pixels of 0 to 65,535 to 0 to 255; refuse those that can't be of that range."""
    if pixels.min() < 0 or not 255 < pixels.max() <= 65_535:
        raise UnreadableImage(
            f"has pixels from {pixels.min()} to {pixels.max()}, expected 0 to 65,535 in a 16-bit picture; "
            "save it with 8 bits"
        )
    return np.rint(pixels / 257).astype(np.uint8)


def _read_votes(path: Path, splits: list[Split]) -> np.ndarray:
    rows = list(_rows(path, ("Usage", *VOTE_COLUMNS)))
    if [row["Usage"] for _, row in rows] != [split.name for split in splits]:
        raise DataError(
            f"{path} has {len(rows)} rows that don't follow the {len(splits)} of the faces; expected the "
            "same number, with the same Usage"
        )
    try:
        return np.array([[row[name] for name in VOTE_COLUMNS] for _, row in rows]).astype(np.uint8)
    except ValueError as error:
        raise DataError(f"{path} holds votes that are no numbers ({error})") from None


def _rows(path: Path, columns: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the rows of a CSV file with their line numbers, as programs and spreadsheets save it.

    That is: separated by commas, semicolons or tabs, with or without a byte order mark, with empty rows, and
    with column names in capitals or with spaces around them.
    """
    csv.field_size_limit(sys.maxsize)
    try:
        with path.open(newline="", encoding=_encoding(path)) as file:
            reader = _reader(file)
            names = {name.strip().lower(): name for name in reader.fieldnames or [] if name}
            missing = [column for column in columns if column.lower() not in names]
            if missing:
                found = ", ".join(reader.fieldnames or []) or "nothing"
                raise DataError(f"{path} has the columns {found[:200]}; {', '.join(missing)} is missing")
            for row in reader:
                values = {column: row[names[column.lower()]] for column in columns}
                if not any(values.values()):
                    continue
                if None in values.values():
                    raise DataError(f"{path}, line {reader.line_num}: the row is cut short")
                yield reader.line_num, {column: value.strip() for column, value in values.items()}
    except FileNotFoundError:
        raise DataError(f"{path} does not exist") from None
    except (UnicodeError, csv.Error) as error:
        raise DataError(f"{path} is no CSV file ({error})") from None


def _encoding(path: Path) -> str:
    with path.open("rb") as file:
        is_utf_16 = file.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    return "utf-16" if is_utf_16 else "utf-8-sig"


def _reader(file: TextIO) -> csv.DictReader:
    """Read the rows after the header, whose most frequent sign separates."""
    header = file.readline()
    if header.lower().startswith("sep="):  # for Excel
        header = file.readline()
    separator = max(",;\t", key=header.count)
    return csv.DictReader(chain([header], file), delimiter=separator, skipinitialspace=separator != "\t")


def _check_classes(source: Path, dataset: Dataset) -> None:
    for split in dataset.splits():
        present = set(dataset.faces.labels[dataset.split == split].tolist())
        if missing := [emotion for index, emotion in enumerate(EMOTIONS) if index not in present]:
            raise DataError(
                f"{source}: {split.name} holds no face that is {' or '.join(missing)}; each split needs all "
                "seven expressions"
            )
