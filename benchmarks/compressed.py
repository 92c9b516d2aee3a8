"""How fine a browser's JPEGs have to be: of drawn faces, how many are read as in the picture itself.

`python -m benchmarks.compressed`, with the network that is served. From its table come `QUALITY` and
`LEAST_QUALITY` of app/web/wish.py.
"""

import numpy as np

from app.vision.crop import crop_faces
from app.vision.emotion import EMOTIONS
from app.vision.expression_network import ExpressionClassifier
from app.vision.face_analyser import MODEL_FOLDER
from app.vision.frame import Box
from benchmarks.table import show
from models.augmentation import after_jpeg
from models.known_faces import BOX_SIDE, draw_portrait

STUDENTS = 40
WIDTHS = (40, 60, 90, 120, 160)  # of a face, pixels
QUALITIES = (50, 60, 70, 80, 90, 95)


def measure() -> list[dict]:
    """One row a width of the face, in % of the faces."""
    classifier = ExpressionClassifier.load(MODEL_FOLDER)
    rows = []
    for width in WIDTHS:
        unit = width / BOX_SIDE
        portraits = [draw_portrait(one, emotion, unit) for one in range(STUDENTS) for emotion in EMOTIONS]
        as_drawn = _read(classifier, portraits)
        row: dict[str, object] = {"width of the face": width}
        for quality in QUALITIES:
            sent = [(after_jpeg(picture, quality), box) for picture, box in portraits]
            row[f"quality {quality}, %"] = 100 * float((_read(classifier, sent) == as_drawn).mean())
        rows.append(row)
    return rows


def _read(classifier: ExpressionClassifier, portraits: list[tuple[np.ndarray, Box]]) -> np.ndarray:
    faces = [crop_faces(picture, [box])[0] for picture, box in portraits]
    return classifier.classify(np.stack(faces))[0].argmax(1)


if __name__ == "__main__":
    show("compressed", measure())
