"""The JPEG quality that a browser needs: how many drawn faces are read as in the uncompressed picture.

`python -m benchmarks.compressed` measures the shipped network. Its table decided the qualities of
app/web/sending/requested_format.py.
"""

import numpy as np

from app.vision.crop import crop_faces
from app.vision.emotion import EMOTIONS
from app.vision.expression_network import ExpressionClassifier
from app.vision.frame import Box
from app.vision.model_card import MODELS
from benchmarks.table import show
from models.data.known_faces import BOX_SIDE, draw_portrait
from models.training.augmentation import jpeg_compressed

STUDENTS = 40
WIDTHS = (40, 60, 90, 120, 160)  # of a face, pixels
QUALITIES = (50, 60, 70, 80, 90, 95)


def measure() -> list[dict]:
    """Return one row for each width of the face, in % of the faces."""
    classifier = ExpressionClassifier.load(MODELS)
    rows = []
    for width in WIDTHS:
        unit = width / BOX_SIDE
        portraits = [
            draw_portrait(student, emotion, unit) for student in range(STUDENTS) for emotion in EMOTIONS
        ]
        uncompressed = _predict(classifier, portraits)
        row: dict[str, object] = {"width of the face": width}
        for quality in QUALITIES:
            compressed = [(jpeg_compressed(picture, quality), box) for picture, box in portraits]
            is_same = _predict(classifier, compressed) == uncompressed
            row[f"quality {quality}, %"] = 100 * float(is_same.mean())
        rows.append(row)
    return rows


def _predict(classifier: ExpressionClassifier, portraits: list[tuple[np.ndarray, Box]]) -> np.ndarray:
    faces = [crop_faces(picture, [box])[0] for picture, box in portraits]
    return classifier.classify(np.stack(faces))[0].argmax(1)


if __name__ == "__main__":
    show("compressed", measure())
