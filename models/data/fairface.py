"""FairFace's people (Kärkkäinen and Joo 2021), each cut as the program cuts the face that YuNet finds."""

import csv
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from app.vision.crop import SIDE, crop_faces
from app.vision.detection.yunet import YuNet
from models.data.dataset import DataError

LABELS = "labels.csv"
COLUMNS = ("file", "expression", "pose", "group", "age")


@dataclass(frozen=True, slots=True)
class People:
    """One line of labels.csv for each person, and the crops of those whose face was found."""

    rows: tuple[dict[str, str], ...]
    is_found: np.ndarray
    """Whether the detector found the face, bool (N,)."""
    crops: np.ndarray
    """The found faces, uint8 (n, 48, 48), in the order of the rows."""


def read_people(folder: Path, detector: Path) -> People:
    """Read a folder with labels.csv and images/, and look for each face with YuNet. Raises DataError."""
    try:
        with (folder / LABELS).open(newline="", encoding="utf-8") as file:
            rows = tuple(csv.DictReader(file))
    except FileNotFoundError:
        raise DataError(f"{folder} has no {LABELS}; give the folder of FairFace's pictures") from None
    if not rows or not set(COLUMNS) <= rows[0].keys():
        raise DataError(f"{folder / LABELS} lacks a column; expected {', '.join(COLUMNS)}")
    try:
        yunet = YuNet(detector)
    except RuntimeError as error:
        raise DataError(str(error)) from None
    crops = [_crop(folder / "images" / row["file"], yunet) for row in rows]
    found = [crop for crop in crops if crop is not None]
    return People(
        rows,
        np.array([crop is not None for crop in crops]),
        np.stack(found) if found else np.empty((0, SIDE, SIDE), np.uint8),
    )


def _crop(path: Path, yunet: YuNet) -> np.ndarray | None:
    """The largest face of a picture, or None; the picture is padded, since it is cut close to the face."""
    image = cv2.imread(str(path))
    if image is None:
        raise DataError(f"{path} is no picture that can be read")
    padding = image.shape[0] // 2
    padded = cv2.copyMakeBorder(image, *[padding] * 4, cv2.BORDER_CONSTANT)
    detections = yunet.detect(padded)
    if not detections:
        return None
    return crop_faces(cv2.cvtColor(padded, cv2.COLOR_BGR2GRAY), [detections[0].box])[0]
