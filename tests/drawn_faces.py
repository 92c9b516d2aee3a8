"""Drawn faces as training data: labelled, voted on, and as a data file."""

from pathlib import Path

import numpy as np

from app.vision.emotion import EMOTIONS
from models.data.dataset import Crops, Faces
from models.data.known_faces import draw_face
from models.data.votes import FERPLUS


def drawn_faces(students: int = 8) -> Faces:
    """Each of the students with all seven expressions, and ten votes that agree."""
    labels = np.tile(np.arange(7), students)
    images = np.stack([draw_face(i // 7, EMOTIONS[label]) for i, label in enumerate(labels)])
    return Faces(images, labels, votes_for(labels))


def crops_of(faces: Faces) -> Crops:
    """The first 20 faces and 20 crops of noise, as a cascade might propose them."""
    noise = np.random.default_rng(1).integers(0, 255, (20, 48, 48), np.uint8)
    return Crops(np.concatenate([faces.images[:20], noise]), np.arange(40) < 20)


def votes_for(labels: np.ndarray, count: int = 10) -> np.ndarray:
    votes = np.zeros((len(labels), 10), np.uint8)
    votes[np.arange(len(labels)), [FERPLUS.index(EMOTIONS[label]) for label in labels]] = count
    return votes


def save(path: Path, images, label, usage, votes) -> Path:
    np.savez(path, images=images, label=label, usage=usage, ferplus_votes=votes)
    return path
