"""What training computes, as arrays to look at."""

import keras
from keras import ops


def in_numpy(tensors):
    """Give a tensor, or all of a batch, as NumPy arrays, whatever backend made them."""
    return keras.tree.map_structure(ops.convert_to_numpy, tensors)
