"""Faces of the same photograph, cut out or saved a little differently: equal pixels don't find them."""

from collections.abc import Iterator

import cv2
import numpy as np

LIKE = 0.96
"""The correlation from which two faces are one photograph's. All of 42 pairs just above it were, of 28 just
below one was not, looked at among FER-2013's faces."""

SMALL = 24  # pixels: at half their size faces that were shifted by one or two hardly differ
AT_ONCE = 1024  # faces; more only takes memory


def also_among(images: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Say of each face, uint8 (N, 48, 48), whether its photograph is among others (M, 48, 48) too, (N,) bool.

    A mirrored photograph is the same one.
    """
    found = np.zeros(len(images), bool)
    for start, like in _alike(images, others):
        found[start : start + len(like)] |= like.any(axis=1)
    return found


def pairs(images: np.ndarray) -> np.ndarray:
    """Give the places of every two faces of (N, 48, 48) that are of one photograph, (2, P)."""
    found = [np.empty((2, 0), int)]
    for start, like in _alike(images, images):
        one, other = np.nonzero(like)
        found.append(np.stack([one + start, other]))
    one, other = np.concatenate(found, axis=1)
    return np.unique(np.stack([one, other])[:, one < other], axis=1)


def _alike(images: np.ndarray, others: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """Give, from a place on, which faces and others are alike, bool (n, M): as they are, then mirrored."""
    known = _standardised(others)
    for start in range(0, len(images), AT_ONCE):
        some = images[start : start + AT_ONCE]
        for look in (some, some[:, :, ::-1]):
            yield start, _standardised(look) @ known.T > LIKE


def _standardised(images: np.ndarray) -> np.ndarray:
    """Give small, blurred faces of mean 0 and length 1, float32 (N, 576): their products are correlations."""
    small = [
        cv2.resize(cv2.GaussianBlur(image, (0, 0), 1), (SMALL, SMALL), interpolation=cv2.INTER_AREA)
        for image in images
    ]
    flat = np.array(small, np.float32).reshape(len(images), SMALL * SMALL)
    flat -= flat.mean(axis=1, keepdims=True)
    return flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-6)
