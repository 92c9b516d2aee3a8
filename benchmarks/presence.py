"""What a room without the expression network sees: faces found, false boxes, and who is turned to the front.

`python -m benchmarks.presence`. Both purposes on the drawn classroom, whose truth is known, and on
photographs; the turn of a head by FairFace's poses.
"""

import csv
from collections import Counter
from datetime import UTC, datetime, timedelta

import cv2

from app.demo import Classroom
from app.purpose import Purpose
from app.vision.detection.yunet import YUNET_FILE, YuNet
from app.vision.detector_choice import CASCADES
from app.vision.face_analyser import FaceAnalyser
from app.vision.frame import Box, Frame
from benchmarks.detection import DATA, MAX_SIDE
from benchmarks.table import show

YUNET = DATA / "weights" / YUNET_FILE
BEGIN = datetime(2026, 11, 21, 10, 1, tzinfo=UTC)
SECONDS, FPS = 120, 5
SETTLED = 40.0  # seconds; by then every cascade has searched the whole image


def classroom(purpose: Purpose, detector: str) -> dict:
    """Faces found in the drawn classroom, false boxes a frame, and how often the turn of a head is right."""
    room, analyser, seen = Classroom(12, (1280, 720)), FaceAnalyser(detector, purpose), Counter()
    for index in range(SECONDS * FPS):
        second = index / FPS
        at = BEGIN + timedelta(seconds=second)
        faces = analyser.analyse(Frame(room.draw(at), index + 1, at, second))
        if second < SETTLED:
            continue
        seen["frames"] += 1
        matched = set()
        for student in room.truth(at):
            face = next((face for face in faces if _is_at(face.box, student.box)), None)
            kind = "facing" if student.is_facing else "away"
            seen[kind] += 1
            if face is not None:
                matched.add(face.track_id)
                seen[f"{kind} found"] += 1
                seen[f"{kind} frontal"] += bool(face.is_frontal)
        seen["false"] += len(faces) - len(matched)
    return {
        "purpose": purpose.value,
        "detector": "cascades" if detector == CASCADES else "YuNet",
        "facing found": seen["facing found"] / seen["facing"],
        "away found": seen["away found"] / seen["away"],
        "false boxes a frame": seen["false"] / seen["frames"],
        "facing said to face": seen["facing frontal"] / max(1, seen["facing found"]),
        "away said to face": seen["away frontal"] / max(1, seen["away found"]),
    }


def photographs(purpose: Purpose, detector: str) -> dict:
    """Faces found and false boxes in photographs; YuNet's faces are the truth where none are labelled."""
    analyser, yunet, scenes = FaceAnalyser(detector, purpose), YuNet(YUNET), DATA / "scenes"
    labelled: dict[str, list[Box]] = {}
    for row in csv.DictReader((scenes / "boxes.csv").read_text().splitlines()):
        labelled.setdefault(row["file"], []).append(Box(*(int(row[side]) for side in "xywh")))
    seen = Counter()
    empty = sorted((scenes / "images/negatives").iterdir())
    for path in [*(scenes / name for name in labelled), *sorted((scenes / "images/open").iterdir()), *empty]:
        image = cv2.imread(str(path))
        if (factor := MAX_SIDE / max(image.shape[:2])) < 1:
            image = cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
        found = [face.box for face in analyser.analyse_picture(image)]
        here = labelled.get(str(path.relative_to(scenes)), [])
        truth = here + [each.box for each in yunet.detect(image) if path not in empty]
        seen["pictures"] += 1
        counted = here or truth
        seen["faces"] += len(counted)
        seen["found"] += sum(any(_is_at(box, face) for box in found) for face in counted)
        seen["boxes"] += len(found)
        seen["false"] += sum(not any(_is_at(box, face) for face in truth) for box in found)
    return {
        "purpose": purpose.value,
        "detector": "cascades" if detector == CASCADES else "YuNet",
        "pictures": seen["pictures"],
        "faces": seen["faces"],
        "found": seen["found"],
        "boxes": seen["boxes"],
        "false boxes": seen["false"],
    }


def poses(detector: str) -> list[dict]:
    """Of FairFace's faces, by pose: how many are found, and how many of these count as turned."""
    analyser, seen = FaceAnalyser(detector, Purpose.PRESENCE), Counter()
    for row in csv.DictReader((DATA / "fairface" / "labels.csv").read_text().splitlines()):
        image = cv2.imread(str(next((DATA / "fairface").rglob(row["file"]))))
        half = image.shape[0] // 2
        padded = cv2.copyMakeBorder(image, half, half, half, half, cv2.BORDER_REPLICATE)
        faces = analyser.analyse_picture(padded)
        centre = padded.shape[0] / 2
        near = [
            face
            for face in faces
            if abs(face.box.x + face.box.width / 2 - centre) < half / 2
            and abs(face.box.y + face.box.height / 2 - centre) < half / 2
        ]
        seen[row["pose"]] += 1
        if near:
            seen[row["pose"], "found"] += 1
            seen[row["pose"], "frontal"] += int(near[0].is_frontal is True)
    return [
        {
            "detector": "cascades" if detector == CASCADES else "YuNet",
            "pose": pose,
            "faces": seen[pose],
            "found": seen[pose, "found"],
            "turned to the front": seen[pose, "frontal"],
        }
        for pose in ("front", "turned", "profile")
    ]


def _is_at(box: Box, other: Box) -> bool:
    return (
        abs(box.x + box.width / 2 - other.x - other.width / 2) < other.width / 3
        and abs(box.y + box.height / 2 - other.y - other.height / 2) < other.height / 3
        and 0.6 < box.width / other.width < 1.6
    )


if __name__ == "__main__":
    detectors = (CASCADES, str(YUNET))
    show(
        "presence, photographs",
        [photographs(purpose, detector) for detector in detectors for purpose in Purpose],
    )
    show("presence, poses", [row for detector in detectors for row in poses(detector)])
    show(
        "presence, drawn classroom",
        [classroom(purpose, detector) for detector in detectors for purpose in Purpose],
    )
