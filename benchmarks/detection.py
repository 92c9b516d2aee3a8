"""How many faces the cascades find, and how many they invent, when the network refuses what is no face.

Photographs of people with their faces in `boxes.csv`, photographs without anybody, and others whose faces
YuNet finds: `python -m benchmarks.detection FOLDER YUNET`. The cascades look at the whole picture once.
"""

import csv
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np

from app.vision.classify import Classifier
from app.vision.crop import crop_faces
from app.vision.detect import NEIGHBOURS, SCALE_STEP, Found, one_box_a_face
from app.vision.frame import Box
from app.vision.reader import MODEL
from app.vision.track import SMALLEST_READABLE
from app.vision.yunet import NAME, YuNet
from benchmarks.table import show

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
FRONTAL, ALT2, PROFILE = (
    f"haarcascade_{name}.xml" for name in ("frontalface_default", "frontalface_alt2", "profileface")
)
WAYS = {
    "default": (FRONTAL, NEIGHBOURS),
    "default, one vote": (FRONTAL, 1),
    "alt2, one vote": (ALT2, 1),
    "profile, one vote": (PROFILE, 1),
}
"""The cascade of a search, and the votes that a box must have."""
SETS = (
    ("default",),
    ("default, one vote",),
    ("default, one vote", "alt2, one vote"),
    ("default, one vote", "profile, one vote"),
    ("default, one vote", "alt2, one vote", "profile, one vote"),
)
WIDEST = 1280  # pixels; the longer side of a picture, all labelled ones are smaller
THRESHOLDS = (0.0, 0.066, 0.5, 0.9, 0.97, 0.99)
LEAST_RATIO = 0.5  # of the sides of a box and of a face that it may be


@dataclass(frozen=True, slots=True)
class Photograph:
    """A grey picture, uint8 (height, width), and the faces that are in it."""

    grey: np.ndarray
    faces: list[Box]


@dataclass(frozen=True, slots=True)
class Proposals:
    """What one way of looking found in a picture, how surely each is a face, and how long it took."""

    found: list[Found]
    is_face: np.ndarray
    seconds: float


def measure(scenes: Path, yunet: YuNet | None) -> list[dict]:
    """One row a set of cascades, a number of votes and a threshold."""
    photographs = _photographs(scenes, yunet)
    classifier = Classifier.load(MODEL)
    print(f"{len(photographs)} photographs, {sum(len(one.faces) for one in photographs)} faces")
    seen = [{name: _propose(one.grey, *way, classifier) for name, way in WAYS.items()} for one in photographs]
    return [
        {
            "searches": " + ".join(names),
            **_row(photographs, [[each[name] for name in names] for each in seen], below),
        }
        for names in SETS
        for below in THRESHOLDS
    ]


def _photographs(scenes: Path, yunet: YuNet | None) -> list[Photograph]:
    labelled: dict[str, list[Box]] = {}
    for row in csv.DictReader((scenes / "boxes.csv").read_text().splitlines()):
        labelled.setdefault(row["file"], []).append(Box(*(int(row[side]) for side in "xywh")))
    found = [_photograph(scenes / name, lambda _, faces=faces: faces) for name, faces in labelled.items()]
    found += [_photograph(path, lambda _: []) for path in sorted((scenes / "images/negatives").iterdir())]
    if yunet:
        found += [_photograph(path, yunet.detect) for path in sorted((scenes / "images/open").iterdir())]
    return found


def _photograph(path: Path, faces: Callable[[np.ndarray], list[Box]]) -> Photograph:
    image = cv2.imread(str(path))
    if (scale := WIDEST / max(image.shape[:2])) < 1:
        image = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    readable = [box for box in faces(image) if box.width >= SMALLEST_READABLE]
    return Photograph(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), readable)


def _propose(grey: np.ndarray, file: str, votes: int, classifier: Classifier) -> Proposals:
    begin = time.perf_counter()
    found = _search(grey, file, votes)
    if file == PROFILE:  # it knows one side of the face
        mirrored = np.ascontiguousarray(grey[:, ::-1])
        found += [_mirrored(one, grey.shape[1]) for one in _search(mirrored, file, votes)]
    seconds = time.perf_counter() - begin
    found = [one for one in found if one.box.width >= SMALLEST_READABLE]
    return Proposals(found, classifier.read(crop_faces(grey, [one.box for one in found]))[1], seconds)


@cache
def _cascade(file: str) -> cv2.CascadeClassifier:
    return cv2.CascadeClassifier(str(Path(cv2.data.haarcascades) / file))


def _search(grey: np.ndarray, file: str, votes: int) -> list[Found]:
    smallest = (SMALLEST_READABLE,) * 2
    boxes, counts = _cascade(file).detectMultiScale2(grey, SCALE_STEP, votes, minSize=smallest)
    return [Found(int(count), Box(*map(int, box))) for count, box in zip(counts, boxes, strict=True)]


def _mirrored(found: Found, width: int) -> Found:
    box = found.box
    return Found(found.votes, box._replace(x=width - box.x - box.width))


def _row(photographs: list[Photograph], seen: list[list[Proposals]], below: float) -> dict:
    hits = false = 0
    for photograph, searches in zip(photographs, seen, strict=True):
        boxes = one_box_a_face([one for proposals in searches for one in _kept(proposals, below)])
        hits += sum(any(_fits(box, face) for box in boxes) for face in photograph.faces)
        false += sum(not any(_fits(box, face) for face in photograph.faces) for box in boxes)
    return {
        "refused below": below,
        "recall": hits / sum(len(one.faces) for one in photographs),
        "false a picture": false / len(photographs),
        "ms a picture": 1e3 * sum(one.seconds for searches in seen for one in searches) / len(seen),
    }


def _kept(proposals: Proposals, below: float) -> list[Found]:
    """What the network does not refuse, in the order of how sure it is; without a threshold, by votes."""
    if not below:
        return proposals.found
    sure = zip(proposals.found, proposals.is_face, strict=True)
    return [Found(round(1e6 * float(score)), one.box) for one, score in sure if score >= below]


def _fits(box: Box, face: Box) -> bool:
    """Whether the middle of the face lies in the box, and the two are about as large."""
    x, y = face.x + face.width / 2, face.y + face.height / 2
    inside = box.x < x < box.x + box.width and box.y < y < box.y + box.height
    return inside and LEAST_RATIO < box.width / face.width < 1 / LEAST_RATIO


def main() -> int:
    """Measure, or say what is missing."""
    scenes = Path(sys.argv[1]) if len(sys.argv) > 1 else DATA / "scenes"
    weights = Path(sys.argv[2]) if len(sys.argv) > 2 else DATA / "weights" / NAME
    if not (scenes / "boxes.csv").is_file():
        print(f"skipped: {scenes} holds no photographs with a boxes.csv")
        return 0
    if not weights.is_file():
        print(f"without the photographs that nobody labelled: {weights} is missing")
    show("detection", measure(scenes, YuNet(weights) if weights.is_file() else None))
    return 0


if __name__ == "__main__":
    sys.exit(main())
