"""Near-duplicates: faces of one photograph, cropped or saved a little differently, so that pixels differ."""

from collections.abc import Iterator

import cv2
import numpy as np

MIN_CORRELATION = 0.96
"""From here on two faces count as one photograph's. Of FER-2013's pairs, 42 just above it and 28 just below
were looked at: all of the 42 were one photograph's, and all but one of the 28."""

COMPARED_SIDE = 24  # pixels: at half their size, faces shifted by one or two pixels hardly differ
BATCH_SIZE = 1024  # faces; a larger one only takes memory


def near_duplicates_of(
    images: np.ndarray, others: np.ndarray, min_correlation: float = MIN_CORRELATION
) -> np.ndarray:
    """Tell which faces, uint8 (N, 48, 48), have a near-duplicate among others (M, 48, 48): bool (N,).

    A mirrored photograph is the same one.
    """
    has_duplicate = np.zeros(len(images), bool)
    for start, is_alike in _alike(images, others, min_correlation):
        has_duplicate[start : start + len(is_alike)] |= is_alike.any(axis=1)
    return has_duplicate


def near_duplicate_pairs(images: np.ndarray, min_correlation: float = MIN_CORRELATION) -> np.ndarray:
    """Find all pairs of near-duplicates in (N, 48, 48): indices (2, P), the smaller one first."""
    pairs = [np.empty((2, 0), int)]
    for start, is_alike in _alike(images, images, min_correlation):
        first, second = np.nonzero(is_alike)
        pairs.append(np.stack([first + start, second]))
    first, second = np.concatenate(pairs, axis=1)
    return np.unique(np.stack([first, second])[:, first < second], axis=1)


def _alike(
    images: np.ndarray, others: np.ndarray, min_correlation: float
) -> Iterator[tuple[int, np.ndarray]]:
    """Yield for each batch its first index and which faces are alike, bool (n, M): as is, then mirrored."""
    known = _standardised(others)
    for start in range(0, len(images), BATCH_SIZE):
        batch = images[start : start + BATCH_SIZE]
        for view in (batch, batch[:, :, ::-1]):
            yield start, _standardised(view) @ known.T > min_correlation


def _standardised(images: np.ndarray) -> np.ndarray:
    """Shrink and blur faces and scale them to mean 0 and length 1, float32 (N, 576).

    The product of two of them is their correlation.
    """
    small = [
        cv2.resize(
            cv2.GaussianBlur(image, (0, 0), 1), (COMPARED_SIDE, COMPARED_SIDE), interpolation=cv2.INTER_AREA
        )
        for image in images
    ]
    flat = np.array(small, np.float32).reshape(len(images), COMPARED_SIDE * COMPARED_SIDE)
    flat -= flat.mean(axis=1, keepdims=True)
    return flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-6)
