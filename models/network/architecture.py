"""The architecture of the shipped network, and the layers that the trials build from too.

Every network here takes pixels, float32 (N, 48, 48, 1), 0 to 255, and gives the logits of HEADS. Centring and
scaling are its first layer, so that training and serving can't differ.
"""

import keras
from keras import layers

from app.vision.crop import SIDE
from models.network.network_heads import with_heads
from models.network.normalization import FastBatchNormalization

MEAN, DEVIATION = 129.474, 65.027  # of the pixels of FER-2013's Training split

STEM = 32
STAGES = ((48, 1), (96, 2), (96, 1), (192, 2), (192, 1))
"""Width and stride of each residual block. The stem halves the picture at once: full-size feature maps cost
half of the time and, for the same hours of training, more epochs are worth more."""


def aula(stem: int = STEM, stages: tuple[tuple[int, int], ...] = STAGES, dropout: float = 0.3) -> keras.Model:
    """Build the shipped architecture: small residual blocks with squeeze-and-excite."""
    pixels = pixel_input()
    x = layers.ReLU()(convolution(standardised(pixels), stem, stride=2))
    for width, stride in stages:
        x = residual_block(x, width, stride)
    return with_heads("aula", pixels, global_average(x), dropout)


def pixel_input():
    """Return the input of every architecture."""
    return keras.Input((SIDE, SIDE, 1), name="pixels")


def standardised(pixels):
    """Bring pixels to mean 0 and deviation 1."""
    return layers.Rescaling(1 / DEVIATION, -MEAN / DEVIATION, dtype="float32", name="centre")(pixels)


def convolution(x, width: int, stride: int = 1, size: int = 3):
    """Convolve and normalise."""
    x = layers.Conv2D(width, size, stride, padding="same", use_bias=False, kernel_initializer="he_normal")(x)
    return FastBatchNormalization(momentum=0.9)(x)


def residual_block(x, width: int, stride: int, *, excite: bool = True):
    """Add two convolutions to their input (He et al. 2016), with or without squeeze-and-excite."""
    shortcut = layers.AveragePooling2D(stride)(x) if stride > 1 else x
    if shortcut.shape[-1] != width:
        shortcut = convolution(shortcut, width, size=1)
    x = layers.ReLU()(convolution(x, width, stride))
    x = convolution(x, width)
    if excite:
        x = _squeeze_and_excite(x)
    return layers.ReLU()(layers.Add()([x, shortcut]))


def global_average(x):
    """Average each feature over the face."""
    return layers.GlobalAveragePooling2D(dtype="float32")(x)


def to_float32(network: keras.Model) -> keras.Model:
    """Rebuild a network of any precision in float32, with the same weights."""

    def rebuilt(layer: keras.layers.Layer) -> keras.layers.Layer:
        layer_class = type(layer)
        if layer_class is FastBatchNormalization:
            layer_class = layers.BatchNormalization  # so that the file loads without this project's code
        return layer_class.from_config({**layer.get_config(), "dtype": "float32"})

    copy = keras.models.clone_model(network, clone_function=rebuilt)
    copy.set_weights(network.get_weights())
    return copy


def _squeeze_and_excite(x):
    """Weigh the channels by what the whole face shows (Hu et al. 2018)."""
    width = x.shape[-1]
    weight = layers.GlobalAveragePooling2D(keepdims=True)(x)
    weight = layers.Conv2D(max(width // 8, 4), 1, activation="relu")(weight)
    weight = layers.Conv2D(width, 1, activation="sigmoid")(weight)
    return layers.Multiply()([x, weight])
