"""What teachers, networks trained before, say of a face, as targets for training."""

from collections.abc import Callable, Sequence

import numpy as np
from keras import ops

from app.vision.emotion import EMOTIONS
from models.compiled import compiled
from models.dataset import FERPLUS

Teacher = Callable
"""A network trained before: pixels, a tensor, float32 (N, 48, 48, 1), to its `scores` and `fer`, (N, 7)."""

TAUGHT = 0.7
"""How much of a target is what the teachers say, where there are any; the rest is what people said."""

NAMED = [EMOTIONS.index(name) if name in EMOTIONS else len(EMOTIONS) for name in FERPLUS]
"""Where the names of FERPLUS stand in EMOTIONS; contempt, after all of them."""


def taught(teachers: Sequence[Teacher], pixels, labels: np.ndarray, shares: np.ndarray) -> tuple:
    """Move targets, labels (N, 7) and shares (N, 8), towards what teachers answer to the very same pixels.

    So Hinton et al. 2015; the pixels are altered and mixed already (Beyer et al. 2022, *A good teacher is
    patient and consistent*). Teachers are asked about the mirror image too, which shows the same expression.
    A face without votes or label gets only their answers; contempt, which they don't name, keeps its votes.
    """
    looks = pixels, ops.flip(pixels, axis=2)
    said = [teach(look) for teach in teachers for look in looks]
    return _moved(labels, shares, [one["fer"] for one in said], [one["scores"] for one in said])


@compiled
def _moved(labels, shares, fer, scores):
    named = ops.take(ops.pad(_mean(scores), ((0, 0), (0, 1))), NAMED, axis=1)
    voted = ops.sum(shares, axis=1, keepdims=True)
    return (
        (1 - TAUGHT) * labels + TAUGHT * _mean(fer),
        (1 - TAUGHT) * shares + (1 - (1 - TAUGHT) * voted) * named,
    )


def _mean(answers):
    return ops.mean(ops.stack(answers), axis=0)
