"""Analyses a picture from a file."""

from pathlib import Path

import cv2
import numpy as np

from app.camera.files import printable, read_picture
from app.offline.analysis_settings import SUPPRESSED_REMARK, AnalysisSettings
from app.offline.paths import OutputFiles
from app.offline.results import face_as_dict, write_faces
from app.vision.annotate import annotate, encode
from app.vision.face_analyser import FaceAnalyser


def analyse_picture(
    path: Path, outputs: OutputFiles, analyser: FaceAnalyser, settings: AnalysisSettings
) -> str:
    """Write an annotated copy and its faces; gives a summary in words.

    Raises CameraError where the picture can't be read.
    """
    image = read_picture(path)
    found = analyser.analyse_picture(image)
    faces = settings.without_suppressed(found)
    suppressed = 0 < len(found) < settings.minimum_group
    annotated = annotate(image, faces, hide_faces=settings.hide_faces)
    suffix = outputs.annotated.suffix.lower()
    outputs.annotated.write_bytes(_encoded(annotated, suffix, settings.jpeg_quality))
    about = {
        "file": printable(path.name),
        "width": image.shape[1],
        "height": image.shape[0],
        "minimum_group": settings.minimum_group,
        "suppressed": suppressed,
        "network_sha256": settings.network_sha256,
    }
    write_faces(outputs, about, [face_as_dict(face) for face in faces])
    summary = "1 face" if len(found) == 1 else f"{len(found)} faces"
    return f"{summary}; {SUPPRESSED_REMARK}" if suppressed else summary


def _encoded(image: np.ndarray, suffix: str, jpeg_quality: int) -> bytes:
    if suffix in (".jpg", ".jpeg"):
        return encode(image, jpeg_quality)
    return cv2.imencode(suffix, image)[1].tobytes()
