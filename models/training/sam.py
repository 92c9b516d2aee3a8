"""Sharpness-aware minimisation (Foret et al. 2021): steps towards where the loss is low all around."""

import keras
from keras import ops

from models.training.batches import Batches


class RepeatedBatches(keras.utils.PyDataset):
    """Every batch twice in a row, made once: the training data of `SAM`."""

    def __init__(self, batches: Batches):
        super().__init__()
        self._batches = batches

    def __len__(self) -> int:
        return 2 * len(self._batches)

    def __getitem__(self, index: int):
        if index % 2 == 0:
            self._current = self._batches[index // 2]
        return self._current


class SAM(keras.optimizers.SGD):
    """SGD with Nesterov momentum and clipped gradients that needs each batch twice.

    With a batch's first gradient it climbs, all weights together, by `radius`. With the second, taken up
    there, it goes back and steps. So after an odd number of calls the weights are not the ones to use.
    """

    def __init__(self, learning_rate, radius: float, **options):
        super().__init__(learning_rate, **options)
        self._radius = radius

    def build(self, variables):
        super().build(variables)
        self._climbs = self.add_optimizer_variables(variables, "climb")

    def apply(self, grads, trainable_variables=None):
        norm = ops.sqrt(sum(ops.sum(ops.square(grad)) for grad in grads))
        self._is_climbing = ops.cast(ops.equal(ops.mod(self.iterations, 2), 0), "float32")
        self._climb_rate = self._is_climbing * self._radius / ops.clip(norm, 1e-12, self.global_clipnorm)
        super().apply(grads, trainable_variables)

    def update_step(self, gradient, variable, learning_rate):
        index = self._get_variable_index(variable)
        last_climb, momentum = self._climbs[index], self.momentums[index]
        climb = self._climb_rate * gradient
        is_stepping = 1 - self._is_climbing
        new_momentum = momentum * self.momentum - learning_rate * gradient
        step = new_momentum * self.momentum - learning_rate * gradient
        self.assign_add(variable, climb - last_climb + is_stepping * step)
        self.assign_add(momentum, is_stepping * (new_momentum - momentum))
        self.assign(last_climb, climb)
