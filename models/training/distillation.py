"""Knowledge distillation: targets that mix people's labels with the answers of trained networks."""

from collections.abc import Callable, Sequence

import numpy as np
from keras import ops

from app.vision.emotion import EMOTIONS
from models.data.votes import FERPLUS
from models.network.compiled import compiled

Teacher = Callable
"""A trained network: from pixels, a tensor, float32 (N, 48, 48, 1), to `scores` and `fer`, (N, 7) each, and
to `wild`, (N, 7), if it learnt from faces in the wild and still has that head."""

DISTILLATION_WEIGHT = 0.7
"""The teachers' share of a target, where there are teachers; the rest is the label or the votes."""

LABEL_WEIGHT = 1 - DISTILLATION_WEIGHT

EMOTION_INDICES = [EMOTIONS.index(name) if name in EMOTIONS else len(EMOTIONS) for name in FERPLUS]
"""The index in EMOTIONS of each of FERPLUS; contempt comes after all of them."""


def distilled_targets(teachers: Sequence[Teacher], pixels, targets: dict[str, np.ndarray]) -> dict:
    """Mix a batch's targets with the teachers' answers to the same pixels, (N, 48, 48, 1).

    `fer`, labels (n, 7), and `ferplus`, vote shares (n, 8), are targets of the first n rows, `wild`, (N, 7),
    of all; the targets given back have the same shapes. `wild` stays as it is if no teacher has that head.

    That is the distillation of Hinton et al. 2015. Teachers see the pixels already altered and mixed (Beyer
    et al. 2022, *A good teacher is patient and consistent*), and the mirror image too, which shows the same
    expression. A face without label or votes gets only the answers. Contempt, which teachers don't know,
    keeps its votes.
    """
    views = pixels, ops.flip(pixels, axis=2)
    answers = [teacher(view) for teacher in teachers for view in views]
    taught = len(targets["fer"])
    wild = [each["wild"] for each in answers if "wild" in each]
    fer, scores = ([each[name][:taught] for each in answers] for name in ("fer", "scores"))
    mixed_fer, mixed_ferplus = _mixed(targets["fer"], targets["ferplus"], fer, scores)
    mixed_wild = _completed_by(wild, targets["wild"]) if wild else targets["wild"]
    return {"fer": mixed_fer, "ferplus": mixed_ferplus, "wild": mixed_wild}


@compiled
def _mixed(labels, shares, fer, scores):
    scores_of_eight = ops.take(ops.pad(_mean(scores), ((0, 0), (0, 1))), EMOTION_INDICES, axis=1)
    return (
        LABEL_WEIGHT * labels + DISTILLATION_WEIGHT * _mean(fer),
        _completed(shares, scores_of_eight),
    )


@compiled
def _completed_by(answers, shares):
    return _completed(shares, _mean(answers))


def _completed(shares, answers):
    """Give people's shares, (N, C), LABEL_WEIGHT and the teachers' answers, (N, C), what is missing to 1."""
    shared = ops.sum(shares, axis=1, keepdims=True)
    return LABEL_WEIGHT * shares + (1 - LABEL_WEIGHT * shared) * answers


def _mean(answers):
    return ops.mean(ops.stack(answers), axis=0)
