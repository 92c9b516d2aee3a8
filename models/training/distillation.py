"""Knowledge distillation: targets that mix people's labels with the answers of trained networks."""

from collections.abc import Callable, Sequence

import numpy as np
from keras import ops

from app.vision.emotion import EMOTIONS
from models.data.votes import FERPLUS
from models.network.compiled import compiled

Teacher = Callable
"""A trained network: from pixels, a tensor, float32 (N, 48, 48, 1), to `scores` and `fer`, (N, 7) each."""

DISTILLATION_WEIGHT = 0.7
"""The teachers' share of a target, where there are teachers; the rest is the label or the votes."""

EMOTION_INDICES = [EMOTIONS.index(name) if name in EMOTIONS else len(EMOTIONS) for name in FERPLUS]
"""The index in EMOTIONS of each of FERPLUS; contempt comes after all of them."""


def distilled_targets(teachers: Sequence[Teacher], pixels, labels: np.ndarray, shares: np.ndarray) -> tuple:
    """Mix targets, labels (N, 7) and vote shares (N, 8), with the teachers' answers to the same pixels.

    That is the distillation of Hinton et al. 2015. Teachers see the pixels already altered and mixed (Beyer
    et al. 2022, *A good teacher is patient and consistent*), and the mirror image too, which shows the same
    expression. A face without label or votes gets only the answers. Contempt, which teachers don't know,
    keeps its votes.
    """
    views = pixels, ops.flip(pixels, axis=2)
    answers = [teacher(view) for teacher in teachers for view in views]
    return _mixed(labels, shares, [each["fer"] for each in answers], [each["scores"] for each in answers])


@compiled
def _mixed(labels, shares, fer, scores):
    scores_of_eight = ops.take(ops.pad(_mean(scores), ((0, 0), (0, 1))), EMOTION_INDICES, axis=1)
    voted = ops.sum(shares, axis=1, keepdims=True)
    label_weight = 1 - DISTILLATION_WEIGHT
    return (
        label_weight * labels + DISTILLATION_WEIGHT * _mean(fer),
        label_weight * shares + (1 - label_weight * voted) * scores_of_eight,
    )


def _mean(answers):
    return ops.mean(ops.stack(answers), axis=0)
