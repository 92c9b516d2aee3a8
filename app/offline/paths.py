"""Which files are meant, and where what is made of them goes."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2

PICTURES = {".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"}
VIDEOS = {".3gp", ".avi", ".gif", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".ts", ".webm", ".wmv"}
"""What is taken from a folder; a file that is named itself may have any name."""


class RecordingError(ValueError):
    """A file or folder can't be analysed: one sentence that says why and what to do."""


@dataclass(frozen=True, slots=True)
class Recording:
    """A file to read, and the folder for what is made of it."""

    path: Path
    folder: Path


@dataclass(frozen=True, slots=True)
class OutputFiles:
    """What is made of one recording."""

    copy: Path
    """The picture or video with the faces marked."""
    csv: Path
    json: Path


def recordings(path: Path, out: Path) -> Iterator[Recording]:
    """The file at `path`, or the pictures and videos in the folder there, whose shape `out` gets.

    Raises RecordingError where there is none.
    """
    if not path.is_dir():
        yield Recording(path, out)
        return
    found = [file for file in sorted(path.rglob("*")) if _is_meant(file, out)]
    if not found:
        raise RecordingError(f"{path} holds no picture and no video.")
    for file in found:
        yield Recording(file, out / path.resolve().name / file.parent.relative_to(path))


def outputs(recording: Recording, *, is_picture: bool) -> OutputFiles:
    """Where what is made of `recording` goes. Raises RecordingError where something stands already."""
    name = recording.path.name
    if is_picture:
        copy = name if cv2.haveImageWriter(name) else f"{name}.jpg"
    else:
        copy = name if name.lower().endswith(".mp4") else f"{name}.mp4"
    made = OutputFiles(*(recording.folder / each for each in (copy, f"{name}.csv", f"{name}.json")))
    for place in (made.copy, made.csv, made.json):
        if place.exists():
            raise RecordingError(f"{place} is there already. Delete it, or choose another folder with --out.")
    return made


def _is_meant(file: Path, out: Path) -> bool:
    """Whether it is a picture or video by its name, not hidden, and not one that was made here before."""
    if file.suffix.lower() not in PICTURES | VIDEOS or file.name.startswith("."):
        return False
    return file.is_file() and not file.resolve().is_relative_to(out.resolve())
