"""One call for many small computations, on each of Keras's backends."""

from collections.abc import Callable

import keras
from keras import ops


def compiled(function: Callable) -> Callable:
    """Compile a function of arrays and tensors that needs no gradient; PyTorch runs it uncompiled."""
    match keras.backend.backend():
        case "jax":
            import jax  # imported here: Keras trains with any backend

            return jax.jit(function)
        case "tensorflow":
            import tensorflow as tf  # imported here, too

            return tf.function(function)
        case "torch":
            import torch  # and here

            @torch.no_grad()
            def on_tensors(*arguments):
                return function(*keras.tree.map_structure(ops.convert_to_tensor, arguments))

            return on_tensors
    return function
