"""The scores that are served: a mixture of heads, folded into one layer, so that it costs nothing more.

A log-linear pool (Heskes 1998): softmax(Σ weight · logits). All heads stand on the same features, so the pool
is one dense layer again.
"""

from dataclasses import dataclass

import keras
import numpy as np

from models.data.votes import SEVEN


@dataclass(frozen=True, slots=True)
class Mixture:
    """What the logits of each head are multiplied by: the heads' shares over the temperature."""

    heads: tuple[str, ...]
    weights: tuple[float, ...]

    def logits(self, logits: dict[str, np.ndarray]) -> np.ndarray:
        """Mix the heads' logits into one, (N, 7)."""
        return sum(
            weight * of_emotions(head, logits[head])
            for head, weight in zip(self.heads, self.weights, strict=True)
        )

    def at(self, temperature: float) -> "Mixture":
        """The same mixture, its logits divided by a temperature (Guo et al. 2017)."""
        return Mixture(self.heads, tuple(weight / temperature for weight in self.weights))

    def dense_weights(self, trained: keras.Model) -> list[np.ndarray]:
        """Kernel (width, 7) and bias (7,) of the layer that gives the mixed logits."""
        pairs = [trained.get_layer(head).get_weights() for head in self.heads]
        return [
            sum(
                weight * of_emotions(head, pair[part])
                for head, weight, pair in zip(self.heads, self.weights, pairs, strict=True)
            )
            for part in (0, 1)
        ]


FERPLUS_ALONE = Mixture(("ferplus",), (1.0,))
"""For a network that never saw faces in the wild."""


def of_emotions(head: str, values: np.ndarray) -> np.ndarray:
    """What a head says of EMOTIONS, (…, 7): head `ferplus` has another order, and contempt."""
    return values[..., SEVEN] if head == "ferplus" else values
