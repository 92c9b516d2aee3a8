"""What a network says of many faces, and how right, how sure and how rightly sure it is."""

import keras
import numpy as np

from app.vision.crop import as_input
from app.vision.emotion import EMOTIONS
from models.dataset import FERPLUS

AT_ONCE = 256  # faces; more only takes memory
SEVEN = [FERPLUS.index(emotion) for emotion in EMOTIONS]


def predict(network: keras.Model, faces: np.ndarray) -> dict[str, np.ndarray]:
    """Run the training network on uint8 faces (N, 48, 48): the logits of each head."""
    return network.predict(as_input(faces), batch_size=AT_ONCE, verbose=0)


def emotion_scores(ferplus: np.ndarray, temperature: float = 1.0) -> np.ndarray:
    """Turn logits of the `ferplus` head into scores (N, 7) in the order of EMOTIONS, contempt left out."""
    logits = ferplus[:, SEVEN] / temperature
    scores = np.exp(logits - logits.max(1, keepdims=True))
    return scores / scores.sum(1, keepdims=True)
