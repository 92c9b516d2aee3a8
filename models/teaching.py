"""What teachers, networks trained before, and people's votes say of a face, as targets for training."""

from collections.abc import Callable, Sequence

import numpy as np

from app.vision.crop import as_input
from app.vision.emotion import EMOTIONS
from models.dataset import SEVEN, Faces
from models.serving import AT_ONCE

Teacher = Callable[[np.ndarray], dict[str, np.ndarray]]
"""A network trained before: pixels, float32 (N, 48, 48, 1), to its `scores` and `fer`, each (N, 7)."""

TAUGHT = 0.7
"""How much of a target is what the teachers say, where there are any; the rest is what people said."""

TEACHER_HEARD, VOTE_HEARD = 0.8, 0.1
"""How much teachers and each of ten voters say about the label of a face. Chosen on PublicTest, where a
teacher that is right in 71.6 % so is in 72.8 %, and its negative log-likelihood 0.76 instead of 0.84."""


class Teachers:
    """Networks that are asked once about each view and its mirror image, which shows the same expression.

    Their answers are kept while the view comes back.
    """

    def __init__(self, teachers: Sequence[Teacher], is_face: np.ndarray, views: int):
        """`is_face` (N, 1) says which rows to ask about; `views` as in `Schedule`."""
        self._teachers = teachers
        self._asked = np.flatnonzero(is_face)
        self._kept = max(views, 1)
        self._answers: dict[int, tuple[np.ndarray, np.ndarray]] = {}

    def ask(self, view: int, seen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Give the mean `fer` and `scores`, (N, 7) each, of rows that look so: uint8 (N, 48, 48).

        0 for what is no face.
        """
        if view not in self._answers:
            if len(self._answers) == self._kept:
                self._answers.clear()
            self._answers[view] = self._answers_to(seen)
        return self._answers[view]

    def _answers_to(self, seen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        fer, scores = np.zeros((2, len(seen), len(EMOTIONS)), np.float32)
        for start in range(0, len(self._asked), AT_ONCE):
            rows = self._asked[start : start + AT_ONCE]
            looks = as_input(seen[rows]), as_input(seen[rows, :, ::-1])
            said = [teach(look) for teach in self._teachers for look in looks]
            fer[rows] = np.mean([one["fer"] for one in said], axis=0)
            scores[rows] = np.mean([one["scores"] for one in said], axis=0)
        return fer, scores


def votes_by_label(faces: Faces) -> np.ndarray:
    """Say how well the votes of each face go with each of FER-2013's labels: logarithms, float32 (N, 7).

    Up to a constant the log-likelihood of the votes, from how often the faces of a label get each vote, and
    what `informed` leaves of the labels' own frequency; 0 where nobody voted.
    """
    named = np.eye(len(EMOTIONS))[faces.labels]
    votes = faces.votes.astype(float)
    given = named.T @ votes + 1  # one more, so that no vote is impossible
    likelihood = votes @ np.log(given / given.sum(1, keepdims=True)).T
    frequency = (named.sum(0) + 1) / (len(named) + len(EMOTIONS))
    voted = votes.sum(1, keepdims=True) > 0
    return (voted * (VOTE_HEARD * likelihood + (1 - TEACHER_HEARD) * np.log(frequency))).astype(np.float32)


def informed(fer: np.ndarray, witness: np.ndarray) -> np.ndarray:
    """Correct what teachers answer of FER-2013's labels by what people voted of the same faces, (N, 7).

    A naive Bayes in which neither is a witness of its own: p(label | face)^0.8 · p(label)^0.2 ·
    ∏ p(vote | label)^0.1. Where nobody voted, the teachers are right.
    """
    weighed = np.exp(TEACHER_HEARD * np.log(fer + 1e-12) + witness)
    return np.where(witness.any(1, keepdims=True), weighed / weighed.sum(1, keepdims=True), fer)


def taught(
    labels: np.ndarray, shares: np.ndarray, fer: np.ndarray, named: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Move targets towards what teachers answer for the very same view (Hinton et al. 2015).

    The view is altered already (Beyer et al. 2022, *A good teacher is patient and consistent*). A face
    without votes or label gets only the teachers' answers, `fer` and `named` (N, 7); contempt, which they
    don't name, keeps its votes.
    """
    scores = np.zeros_like(shares)
    scores[:, SEVEN] = named
    voted = shares.sum(1, keepdims=True)
    return (1 - TAUGHT) * labels + TAUGHT * fer, (1 - TAUGHT) * shares + (1 - (1 - TAUGHT) * voted) * scores
