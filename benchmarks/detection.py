"""Recall and false positives of the cascades, when the network rejects what is not a face.

Three kinds of photographs: with people labelled in `boxes.csv`, without anybody (`images/negatives`), and
with people whose faces YuNet finds (`images/open`). `python -m benchmarks.detection FOLDER YUNET`. The
cascades search the whole picture once, the program as `flask analyse` does.

With `--sizes` only the program is measured, with either detector, by the size of the faces, on the first two
kinds. `boxes.csv` has the columns file, x, y, w and h: squares in pixels, as large as a cascade's box.
"""

import argparse
import csv
import math
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from app.vision.crop import crop_faces
from app.vision.detection.cascade import Cascade, LoadedCascades
from app.vision.detection.cascade_detector import CASCADE_WINDOW, MIN_NEIGHBOURS, PROPOSAL_NEIGHBOURS
from app.vision.detection.detection import Detection, non_maximum_suppression
from app.vision.detection.yunet import YUNET_FILE, YuNet
from app.vision.detector_choice import CASCADES
from app.vision.expression_network import ExpressionClassifier
from app.vision.face_analyser import FaceAnalyser
from app.vision.face_judge import CASCADE_BELOW_IN_PICTURE
from app.vision.frame import Box
from app.vision.geometry import rotate, transform_box
from app.vision.model_card import MODELS
from benchmarks.table import show

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
SETS = {
    "first": (Cascade.FRONTAL,),
    "both from the front": (Cascade.FRONTAL, Cascade.FRONTAL_ALT),
    "first, both sides": (Cascade.FRONTAL, Cascade.PROFILE, Cascade.PROFILE_MIRRORED),
    "both, leaning too": (
        Cascade.FRONTAL,
        Cascade.FRONTAL_ALT,
        Cascade.ROLLED_CLOCKWISE,
        Cascade.ROLLED_ANTICLOCKWISE,
    ),
    "all": tuple(Cascade),
}
MAX_SIDE = 1280  # pixels; larger pictures are scaled down, but for labelled ones
THRESHOLDS = (0.0, 0.5, 0.9, 0.97)
TILTS = (10, 20, 30)  # degrees
MIN_SIDE_RATIO = 0.5  # of a box and the face that it may match
TOO_LARGE = 1.6
SIZES = {"48 px and more": (48, math.inf), "36 to 47": (36, 48), "24 to 35": (24, 36)}
"""Widths of the faces that are counted apart, pixels: from, and up to."""


@dataclass(frozen=True, slots=True)
class Photograph:
    """A grey picture, uint8 (height, width), and the faces in it."""

    grey: np.ndarray
    faces: list[Box]
    image: np.ndarray | None = None
    """The same in colour, BGR; None for one that was made from another."""


@dataclass(frozen=True, slots=True)
class Proposals:
    """What one search found in a picture, the probability that each is a face, and the seconds it took."""

    found: list[Detection]
    is_face: np.ndarray
    seconds: float


def measure(scenes: Path, yunet: YuNet | None) -> list[dict]:
    """One row for the first cascade alone, one for each set of cascades and threshold, and some for Aula."""
    photographs = _photographs(scenes, yunet)
    classifier, cascades = ExpressionClassifier.load(MODELS), LoadedCascades()
    widths = sorted(face.width for one in photographs for face in one.faces)
    print(f"{len(photographs)} photographs, {len(widths)} faces of {widths[0]} to {widths[-1]} pixels")
    alone = [
        [_propose(one.grey, cascades, Cascade.FRONTAL, MIN_NEIGHBOURS, classifier)] for one in photographs
    ]
    seen = [
        {
            cascade: _propose(one.grey, cascades, cascade, PROPOSAL_NEIGHBOURS, classifier)
            for cascade in Cascade
        }
        for one in photographs
    ]
    rows = [{"searches": "first, votes as usual", **_row(photographs, alone, 0.0)}]
    rows += [
        {"searches": name, **_row(photographs, [[each[one] for one in searches] for each in seen], below)}
        for name, searches in SETS.items()
        for below in THRESHOLDS
    ]
    ways = {
        "the program, a picture that stands still": photographs,
        "the same at half the size": [_halved(one) for one in photographs],
        **{f"the same, held askew by {tilt}°": [askew(one, tilt) for one in photographs] for tilt in TILTS},
    }
    return rows + [{"searches": name, **_program(seen)} for name, seen in ways.items()]


def measure_by_size(scenes: Path, detectors: dict[str, str]) -> list[dict]:
    """One row for each detector, a setting DETECTOR by its name: what the program finds of each size."""
    photographs = _photographs(scenes, None)
    print(f"{len(photographs)} photographs, {sum(len(one.faces) for one in photographs)} faces")
    return [
        {"detector": name, **_by_size(photographs, FaceAnalyser(detector))}
        for name, detector in detectors.items()
    ]


def _by_size(photographs: list[Photograph], analyser: FaceAnalyser) -> dict:
    hits: dict[str, list[bool]] = {name: [] for name in SIZES}
    false, are_too_large = 0, []
    for one in photographs:
        boxes = [face.box for face in analyser.analyse_picture(one.image)]
        for name, (low, high) in SIZES.items():
            faces = [face for face in one.faces if low <= face.width < high]
            hits[name] += [any(_fits(box, face) for box in boxes) for face in faces]
        false += sum(not any(_fits(box, face) for face in one.faces) for box in boxes)
        fitting = [(box, face) for box in boxes for face in one.faces if _fits(box, face)]
        are_too_large += [box.width >= TOO_LARGE * face.width for box, face in fitting]
    return {
        **{name: sum(found) / len(found) if found else None for name, found in hits.items()},
        "false a picture": false / len(photographs),
        f"boxes {TOO_LARGE} times too large": sum(are_too_large) / max(1, len(are_too_large)),
    }


def _photographs(scenes: Path, yunet: YuNet | None) -> list[Photograph]:
    labelled: dict[str, list[Box]] = {}
    for row in csv.DictReader((scenes / "boxes.csv").read_text().splitlines()):
        labelled.setdefault(row["file"], []).append(Box(*(int(row[side]) for side in "xywh")))
    found = [
        _photograph(scenes / name, lambda _, faces=faces: faces, math.inf) for name, faces in labelled.items()
    ]
    found += [_photograph(path, lambda _: []) for path in sorted((scenes / "images/negatives").glob("*"))]
    if yunet:
        pictures = sorted((scenes / "images/open").iterdir())
        found += [_photograph(path, lambda image: _boxes(yunet.detect(image))) for path in pictures]
    return found


def _photograph(
    path: Path, faces: Callable[[np.ndarray], list[Box]], max_side: float = MAX_SIDE
) -> Photograph:
    image = cv2.imread(str(path))
    if (scale := max_side / max(image.shape[:2])) < 1:
        image = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return Photograph(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), faces(image), image)


def _halved(photograph: Photograph) -> Photograph:
    grey = cv2.resize(photograph.grey, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    return Photograph(grey, [Box(*(round(side / 2) for side in face)) for face in photograph.faces])


def askew(photograph: Photograph, degrees: float) -> Photograph:
    """Rotate it so that its faces lean clockwise; nothing is cut off."""
    grey, there = rotate(photograph.grey, -degrees, borderMode=cv2.BORDER_REPLICATE)
    return Photograph(grey, [transform_box(face, there) for face in photograph.faces])


def _propose(
    grey: np.ndarray,
    cascades: LoadedCascades,
    cascade: Cascade,
    neighbours: int,
    classifier: ExpressionClassifier,
) -> Proposals:
    begin = time.perf_counter()
    found = cascades.detect(cascade, grey, neighbours, CASCADE_WINDOW, max(grey.shape))
    seconds = time.perf_counter() - begin
    boxes = [Detection(votes, box) for votes, box in found]
    crops = crop_faces(grey, [one.box for one in boxes], [cascade.roll_degrees] * len(boxes))
    return Proposals(boxes, classifier.classify(crops)[1], seconds)


def _row(photographs: list[Photograph], seen: list[list[Proposals]], below: float) -> dict:
    boxes = [
        _boxes(non_maximum_suppression([one for proposals in searches for one in _kept(proposals, below)]))
        for searches in seen
    ]
    seconds = sum(one.seconds for searches in seen for one in searches)
    return {"refused below": below} | _found(photographs, boxes, seconds)


def _program(photographs: list[Photograph]) -> dict:
    analyser = FaceAnalyser()
    begin = time.perf_counter()
    boxes = [
        [face.box for face in analyser.analyse_picture(cv2.cvtColor(one.grey, cv2.COLOR_GRAY2BGR))]
        for one in photographs
    ]
    seconds = time.perf_counter() - begin
    return {"refused below": CASCADE_BELOW_IN_PICTURE} | _found(photographs, boxes, seconds)


def _boxes(found: list[Detection]) -> list[Box]:
    return [one.box for one in found]


def _found(photographs: list[Photograph], boxes: list[list[Box]], seconds: float) -> dict:
    hits, false = [], 0
    for one, found in zip(photographs, boxes, strict=True):
        large_enough = [face for face in one.faces if face.width >= CASCADE_WINDOW]
        hits += [any(_fits(box, face) for box in found) for face in large_enough]
        false += sum(not any(_fits(box, face) for face in one.faces) for box in found)
    return {
        "recall": sum(hits) / len(hits),
        "false a picture": false / len(photographs),
        "ms a picture": 1e3 * seconds / len(photographs),
    }


def _kept(proposals: Proposals, below: float) -> list[Detection]:
    """What the network accepts, with its probability as the score; without a threshold, with the votes."""
    if not below:
        return proposals.found
    sure = zip(proposals.found, proposals.is_face, strict=True)
    return [Detection(round(1e6 * float(score)), one.box) for one, score in sure if score >= below]


def _fits(box: Box, face: Box) -> bool:
    """Whether the centre of the face is in the box and both are of similar size."""
    x, y = face.x + face.width / 2, face.y + face.height / 2
    inside = box.x < x < box.x + box.width and box.y < y < box.y + box.height
    return inside and MIN_SIDE_RATIO < box.width / face.width < 1 / MIN_SIDE_RATIO


def main() -> int:
    """Measure, or say what is missing."""
    parser = argparse.ArgumentParser("python -m benchmarks.detection")
    parser.add_argument("scenes", metavar="FOLDER", nargs="?", type=Path, default=DATA / "scenes")
    weights = DATA / "weights" / YUNET_FILE
    parser.add_argument("weights", metavar="YUNET", nargs="?", type=Path, default=weights)
    parser.add_argument("--sizes", action="store_true", help="only the program, by the size of the faces")
    options = parser.parse_args()
    scenes, weights = options.scenes, options.weights
    if not (scenes / "boxes.csv").is_file():
        print(f"skipped: {scenes} holds no photographs with a boxes.csv")
        return 0
    if not weights.is_file():
        print(f"without the unlabelled photographs: {weights} is missing")
    if options.sizes:
        detectors = {"cascades": CASCADES} | ({"YuNet": str(weights)} if weights.is_file() else {})
        show("detection by size", measure_by_size(scenes, detectors))
        return 0
    show("detection", measure(scenes, YuNet(weights) if weights.is_file() else None))
    return 0


if __name__ == "__main__":
    sys.exit(main())
