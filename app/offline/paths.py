"""Which files to analyse, and where the results go."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PICTURES = {
    ".avif",
    ".bmp",
    ".heic",
    ".heif",
    ".jp2",
    ".jpeg",
    ".jpg",
    ".png",
    ".tga",
    ".tif",
    ".tiff",
    ".webp",
}
VIDEOS = {".3gp", ".avi", ".gif", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".ts", ".webm", ".wmv"}
"""The suffixes of files that are taken from a folder; a file that is named itself may have any suffix."""
WRITTEN = {".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"}
"""The suffixes of marked copies. A copy of any other picture is a JPEG."""


class RecordingError(ValueError):
    """A file or folder can't be analysed: one sentence that says why and what to do."""


@dataclass(frozen=True, slots=True)
class Recording:
    """A picture or video to analyse."""

    path: Path
    out_folder: Path


@dataclass(frozen=True, slots=True)
class OutputFiles:
    """The files that the analysis of one recording writes."""

    annotated: Path
    """A copy of the picture or video with the faces marked."""
    csv: Path
    json: Path


def recordings(path: Path, out: Path) -> Iterator[Recording]:
    """The file at `path`, or the pictures and videos in that folder, whose structure `out` repeats.

    Raises RecordingError where the folder has none.
    """
    if not path.is_dir():
        yield Recording(path, out)
        return
    files = [file for file in sorted(path.rglob("*")) if _is_recording(file, out)]
    if not files:
        raise RecordingError(f"{path} holds no picture and no video.")
    for file in files:
        yield Recording(file, out / path.resolve().name / file.parent.relative_to(path))


def output_files(recording: Recording, *, is_picture: bool) -> OutputFiles:
    """The files to write for `recording`. Raises RecordingError where one of them exists already."""
    name = recording.path.name
    if is_picture:
        annotated = name if recording.path.suffix.lower() in WRITTEN else f"{name}.jpg"
    else:
        annotated = name if name.lower().endswith(".mp4") else f"{name}.mp4"
    folder = recording.out_folder
    outputs = OutputFiles(folder / annotated, folder / f"{name}.csv", folder / f"{name}.json")
    for path in (outputs.annotated, outputs.csv, outputs.json):
        if path.exists():
            raise RecordingError(f"{path} is there already. Delete it, or choose another folder with --out.")
    return outputs


def _is_recording(file: Path, out: Path) -> bool:
    """Whether its suffix says picture or video, and it is neither hidden nor an earlier output in `out`."""
    if file.suffix.lower() not in PICTURES | VIDEOS or file.name.startswith("."):
        return False
    return file.is_file() and not file.resolve().is_relative_to(out.resolve())
