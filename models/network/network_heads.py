"""The heads of the network: the classes that each predicts and the loss by which it learns them."""

from collections.abc import Callable
from dataclasses import dataclass

import keras
from keras import layers, ops

from app.vision.emotion import EMOTIONS
from models.data.votes import FERPLUS

SMOOTHING = 0.1  # of the FER-2013 labels: people agree with them 65 ± 5 %
WILD_WEIGHT = 1.5  # what rooms show is more like these faces
FACE_WEIGHT = 3.0  # most rows are faces and soon have a low loss; the few crops need the weight


@dataclass(frozen=True, slots=True)
class NetworkHead:
    """One dense layer on the features of the trunk, which gives `width` logits."""

    name: str
    width: int
    loss: Callable
    """Takes targets and logits, both (N, width). A row of zeros among the targets has no label."""
    loss_weight: float = 1.0


def cross_entropy(targets, logits):
    """Cross entropy with shares (N, C), averaged over the rows that have a label."""
    return -ops.sum(targets * ops.log_softmax(logits)) / ops.maximum(ops.sum(targets), 1.0)


def smoothed_cross_entropy(targets, logits):
    """Cross entropy with label smoothing (Szegedy et al. 2016), since the labels are noisy."""
    labelled = ops.sum(targets, axis=-1, keepdims=True)
    return cross_entropy((1 - SMOOTHING) * targets + SMOOTHING * labelled / targets.shape[-1], logits)


def face_cross_entropy(weights, logits):
    """Binary cross entropy of one logit, (N, 1), averaged over the weights.

    `weights` (N, 2): how much a row counts as a face, and as none.
    """
    both = ops.concatenate([ops.log_sigmoid(logits), ops.log_sigmoid(-logits)], axis=1)
    return -ops.sum(weights * both) / ops.maximum(ops.sum(weights), 1.0)


HEADS = (
    NetworkHead("fer", len(EMOTIONS), smoothed_cross_entropy),
    NetworkHead("ferplus", len(FERPLUS), cross_entropy),
    NetworkHead("wild", len(EMOTIONS), cross_entropy, WILD_WEIGHT),
    NetworkHead("face", 1, face_cross_entropy, FACE_WEIGHT),
)
"""`fer` learns FER-2013's labels, `ferplus` the votes of FER+, `wild` the labels of faces in the wild and,
with less weight, those votes, `face` whether the crop is a face at all.

A dataset with labels of its own gets a line here and its targets in `Batches`.
"""


def with_heads(name: str, pixels, features, dropout: float) -> keras.Model:
    """Build a network that ends in all heads, on features (N, width)."""
    kept = layers.Dropout(dropout)(features)
    outputs = {head.name: layers.Dense(head.width, dtype="float32", name=head.name)(kept) for head in HEADS}
    return keras.Model(pixels, outputs, name=name)
