"""The FER+ votes: ten people a face, eight expressions, "unknown" and "not a face" (Barsoum et al. 2016)."""

import numpy as np

from app.vision.emotion import EMOTIONS

FERPLUS = ("neutral", "happy", "surprise", "sad", "angry", "disgust", "fear", "contempt")
"""The classes of the `ferplus` head, in the order of the FER+ votes."""

SEVEN = [FERPLUS.index(emotion) for emotion in EMOTIONS]
"""The index in FERPLUS of each of EMOTIONS; contempt is left out."""

NOT_A_FACE = 9  # the column of the votes for "not a face"


def voted_not_a_face(votes: np.ndarray) -> np.ndarray:
    """Tell which faces at least half of their voters call "not a face": votes (N, 10) to bool (N,)."""
    votes = votes.astype(int)
    return (votes[:, NOT_A_FACE] * 2 >= votes.sum(1)) & (votes.sum(1) > 0)


def ferplus_shares(votes: np.ndarray) -> np.ndarray:
    """Turn votes into shares of the eight expressions, float32 (N, 8); all 0 where no vote is left.

    Single votes are dropped as slips of the hand, as in Barsoum et al. 2016, section 3.
    """
    kept = np.where(votes[:, : len(FERPLUS)] > 1, votes[:, : len(FERPLUS)], 0).astype(np.float32)
    return kept / np.maximum(kept.sum(1, keepdims=True), 1)


def ferplus_majority(votes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Tell which faces have a majority for one of EMOTIONS, bool (N,), and its index in EMOTIONS, (N,).

    A majority is more than half of the votes that are left once single votes are dropped. Votes for "unknown"
    and "not a face" count against it. A face whose winner is contempt has none, since FER-2013 has no such
    label.
    """
    kept = np.where(votes > 1, votes, 0).astype(int)
    winner = kept.argmax(1)
    indices = [EMOTIONS.index(name) if name in EMOTIONS else -1 for name in FERPLUS] + [-1, -1]
    emotion = np.array(indices)[winner]
    return (kept.max(1) * 2 > kept.sum(1)) & (emotion >= 0), emotion
