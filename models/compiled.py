"""One call for many small computations, on each of Keras's backends."""

from collections.abc import Callable

import keras
from keras import ops


def compiled(function: Callable) -> Callable:
    """Compile a function of arrays and tensors that no gradient is asked of; PyTorch runs it as it is."""
    match keras.backend.backend():
        case "jax":
            import jax  # only here: Keras trains with any backend

            return jax.jit(function)
        case "tensorflow":
            import tensorflow as tf  # only here, too

            return tf.function(function)
        case "torch":
            import torch  # and here

            @torch.no_grad()
            def with_tensors(*given):
                return function(*keras.tree.map_structure(ops.convert_to_tensor, given))

            return with_tensors
    return function
