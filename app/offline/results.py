"""Writes the results of a recording as CSV and JSON, with the field names of the JSON API."""

import csv
import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from app.offline.paths import OutputFiles
from app.store.counted_minute import CountedMinute
from app.store.minute_figures import figures_of
from app.vision.emotion import EMOTIONS
from app.vision.frame import Box, Face

FACE_COLUMNS = (*Box._fields, "expression", *EMOTIONS)
MINUTE_COLUMNS = (
    "minute",
    "online_seconds",
    "frames_analysed",
    "faces_mean",
    "faces_max",
    "face_seconds",
    "counted_seconds",
    *EMOTIONS,
    "uncertain",
    "suppressed",
)
DIGITS = {
    "online_seconds": 3,
    "faces_mean": 2,
    "face_seconds": 2,
    "counted_seconds": 2,
    "shares": 4,
    "uncertain_share": 4,
}
"""Decimal places of the figures of a minute; the others are whole numbers."""


def face_as_dict(face: Face) -> dict:
    """A face without its track, so that nothing follows a person from file to file."""
    scores = None if face.scores is None else [round(float(score), 4) for score in face.scores]
    return {
        **face.box._asdict(),
        "expression": face.emotion,
        "scores": scores and dict(zip(EMOTIONS, scores, strict=True)),
    }


def of_minute(counted: CountedMinute, began: datetime) -> dict:
    """A minute as in `/api/v1/minutes`, but named by its time in the video, such as 1:02."""
    number = round((counted.minute - began).total_seconds() / 60)
    return {
        "minute": f"{number // 60}:{number % 60:02}",
        **{name: _rounded(value, DIGITS.get(name)) for name, value in figures_of(counted).items()},
        "suppressed": counted.is_suppressed,
    }


def _rounded(figure: float | dict | None, digits: int | None) -> float | dict | None:
    if isinstance(figure, dict):
        return {name: round(value, digits) for name, value in figure.items()}
    return None if figure is None else round(figure, digits)


def write_faces(outputs: OutputFiles, about: dict, faces: Sequence[dict]) -> None:
    """Write the faces of a picture, with facts `about` it in the JSON."""
    rows = [
        [*(face[side] for side in Box._fields), face["expression"], *_values(face["scores"])]
        for face in faces
    ]
    _write(outputs, FACE_COLUMNS, rows, {**about, "faces": faces})


def write_minutes(outputs: OutputFiles, about: dict, minutes: Sequence[dict]) -> None:
    """Write the minutes of a video, with facts `about` it in the JSON."""
    rows = [
        [
            *(minute[name] for name in MINUTE_COLUMNS[:7]),
            *_values(minute["shares"]),
            minute["uncertain_share"],
            minute["suppressed"],
        ]
        for minute in minutes
    ]
    _write(outputs, MINUTE_COLUMNS, rows, {**about, "minutes": minutes})


def _values(by_emotion: dict | None) -> list:
    """One value for each emotion, empty where there are none."""
    return [None] * len(EMOTIONS) if by_emotion is None else list(by_emotion.values())


def _write(outputs: OutputFiles, columns: Sequence[str], rows: Sequence[Sequence], results: dict) -> None:
    _write_csv(outputs.csv, [columns, *rows])
    outputs.json.write_text(json.dumps(results, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _write_csv(path: Path, rows: Sequence[Sequence]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
