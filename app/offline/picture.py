"""A picture, read as a camera would be that shows nothing else for a while."""

from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np

from app.camera.files import read_picture
from app.offline.paths import OutputFiles
from app.offline.results import of_face, write_faces
from app.offline.rules import TOO_FEW, PublicationRules
from app.vision.annotate import annotate, encode
from app.vision.detection.sweep import FURTHER_SWEEP_SECONDS
from app.vision.face_analyser import FaceAnalyser
from app.vision.frame import Face, Frame

MOMENTS = (0.0, 1.0, *(FURTHER_SWEEP_SECONDS + look for look in range(5)))
"""Seconds at which it is looked at. By the third look it is every cascade's turn; after that the network has
time to doubt, for it sees each face cut out a little differently."""
NO_TIME = datetime.fromtimestamp(0, UTC)


def analyse_picture(path: Path, made: OutputFiles, analyser: FaceAnalyser, rules: PublicationRules) -> str:
    """Write a copy with the faces marked, and their figures; says how many there are.

    Raises CameraError where the picture can't be read.
    """
    image = read_picture(path)
    found = read_faces(image, analyser)
    faces = rules.may_show(found)
    suppressed = 0 < len(found) < rules.minimum_group
    drawn = annotate(image, faces, hide_faces=rules.hide_faces)
    made.copy.write_bytes(_encoded(drawn, made.copy.suffix.lower(), rules.jpeg_quality))
    about = {
        "file": path.name,
        "width": image.shape[1],
        "height": image.shape[0],
        "minimum_group": rules.minimum_group,
        "suppressed": suppressed,
        "network_sha256": rules.network_sha256,
    }
    write_faces(made, about, [of_face(face) for face in faces])
    said = "1 face" if len(found) == 1 else f"{len(found)} faces"
    return f"{said}; {TOO_FEW}" if suppressed else said


def read_faces(image: np.ndarray, analyser: FaceAnalyser) -> tuple[Face, ...]:
    """The faces in a picture, BGR uint8 (height, width, 3)."""
    analyser.reset()
    for look, moment in enumerate(MOMENTS, start=1):
        analyser.analyse(Frame(image, look, NO_TIME, moment))
    return analyser.confident_faces()


def _encoded(image: np.ndarray, suffix: str, jpeg_quality: int) -> bytes:
    if suffix in (".jpg", ".jpeg"):
        return encode(image, jpeg_quality)
    return cv2.imencode(suffix, image)[1].tobytes()
