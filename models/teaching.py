"""What teachers, networks trained before, say of a face, as targets for training."""

from collections.abc import Callable, Sequence

import numpy as np

from models.dataset import SEVEN

Teacher = Callable[[np.ndarray], dict[str, np.ndarray]]
"""A network trained before: pixels, float32 (N, 48, 48, 1), to its `scores` and `fer`, each (N, 7)."""

TAUGHT = 0.7
"""How much of a target is what the teachers say, where there are any; the rest is what people said."""


def taught(
    teachers: Sequence[Teacher], pixels: np.ndarray, labels: np.ndarray, shares: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Move targets, labels (N, 7) and shares (N, 8), towards what teachers answer to the very same pixels.

    So Hinton et al. 2015; the pixels are altered and mixed already (Beyer et al. 2022, *A good teacher is
    patient and consistent*). Teachers are asked about the mirror image too, which shows the same expression.
    A face without votes or label gets only their answers; contempt, which they don't name, keeps its votes.
    """
    looks = pixels, pixels[:, :, ::-1]
    said = [teach(look) for teach in teachers for look in looks]
    named = np.zeros_like(shares)
    named[:, SEVEN] = np.mean([one["scores"] for one in said], axis=0)
    voted = shares.sum(1, keepdims=True)
    return (
        (1 - TAUGHT) * labels + TAUGHT * np.mean([one["fer"] for one in said], axis=0),
        (1 - TAUGHT) * shares + (1 - (1 - TAUGHT) * voted) * named,
    )
