"""Sharpness-aware minimisation (Foret et al. 2021): steps towards where the loss is low all around."""

import keras
from keras import ops

from models.batches import Batches


class Twice(keras.utils.PyDataset):
    """Every batch two times, one after the other, made once: what `SAM` learns from."""

    def __init__(self, batches: Batches):
        super().__init__()
        self._batches = batches

    def __len__(self) -> int:
        return 2 * len(self._batches)

    def __getitem__(self, index: int):
        if index % 2 == 0:
            self._held = self._batches[index // 2]
        return self._held


class SAM(keras.optimizers.SGD):
    """SGD with Nesterov momentum and clipped gradients that looks at each batch twice.

    With a batch's first gradient it climbs, all weights together by `radius`; with the second, found up
    there, it goes back and steps. So after an odd number of calls the weights are not where to use them.
    """

    def __init__(self, learning_rate, radius: float, **options):
        super().__init__(learning_rate, **options)
        self._radius = radius

    def build(self, variables):
        super().build(variables)
        self._climbs = self.add_optimizer_variables(variables, "climb")

    def apply(self, grads, trainable_variables=None):
        length = ops.sqrt(sum(ops.sum(ops.square(grad)) for grad in grads))
        self._climbing = ops.cast(ops.equal(ops.mod(self.iterations, 2), 0), "float32")
        self._reach = self._climbing * self._radius / ops.clip(length, 1e-12, self.global_clipnorm)
        super().apply(grads, trainable_variables)

    def update_step(self, gradient, variable, learning_rate):
        index = self._get_variable_index(variable)
        climbed, momentum = self._climbs[index], self.momentums[index]
        climb = self._reach * gradient
        stepping = 1 - self._climbing
        kept = momentum * self.momentum - learning_rate * gradient
        step = kept * self.momentum - learning_rate * gradient
        self.assign_add(variable, climb - climbed + stepping * step)
        self.assign_add(momentum, stepping * (kept - momentum))
        self.assign(climbed, climb)
