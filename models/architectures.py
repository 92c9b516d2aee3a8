"""The network as layers: a small residual trunk with squeeze-and-excite, and three heads on it."""

import keras
from keras import layers

from app.vision.crop import SIDE
from app.vision.emotion import EMOTIONS
from models.dataset import FERPLUS

MEAN, DEVIATION = 129.474, 65.027  # of the pixels of FER-2013's Training part

STEM = 32
STAGES = ((48, 1), (96, 2), (96, 1), (192, 2), (192, 1))
"""Width and stride of each residual block. The stem halves the picture at once: full-size maps cost half of
the time and, for the same hours of training, more epochs are worth more."""


def aula(stem: int = STEM, stages: tuple[tuple[int, int], ...] = STAGES, dropout: float = 0.3) -> keras.Model:
    """Build the network: pixels 0 to 255, float32 (N, 48, 48, 1), to logits.

    `fer` (N, 7) in the order of EMOTIONS, `ferplus` (N, 8) in the order of FERPLUS, `face` (N, 1): face or
    not. Centring and scaling are its first layer, so that training and serving can't differ.
    """
    pixels = keras.Input((SIDE, SIDE, 1), name="pixels")
    x = layers.Rescaling(1 / DEVIATION, -MEAN / DEVIATION, dtype="float32", name="centre")(pixels)
    x = layers.ReLU()(_convolution(x, stem, stride=2))
    for width, stride in stages:
        x = _residual(x, width, stride)
    x = layers.GlobalAveragePooling2D(dtype="float32")(x)
    kept = layers.Dropout(dropout)(x)
    return keras.Model(
        pixels,
        {
            "fer": layers.Dense(len(EMOTIONS), dtype="float32", name="fer")(kept),
            "ferplus": layers.Dense(len(FERPLUS), dtype="float32", name="ferplus")(kept),
            "face": layers.Dense(1, dtype="float32", name="face")(kept),
        },
        name="aula",
    )


def in_float32(network: keras.Model) -> keras.Model:
    """Rebuild a network, whatever it computed in, with float32 and the same weights."""

    def rebuilt(layer: keras.layers.Layer) -> keras.layers.Layer:
        return layer.__class__.from_config({**layer.get_config(), "dtype": "float32"})

    copy = keras.models.clone_model(network, clone_function=rebuilt)
    copy.set_weights(network.get_weights())
    return copy


def _convolution(x, width: int, stride: int = 1, size: int = 3):
    x = layers.Conv2D(width, size, stride, padding="same", use_bias=False, kernel_initializer="he_normal")(x)
    return layers.BatchNormalization(momentum=0.9)(x)


def _residual(x, width: int, stride: int):
    shortcut = layers.AveragePooling2D(stride)(x) if stride > 1 else x
    if shortcut.shape[-1] != width:
        shortcut = _convolution(shortcut, width, size=1)
    x = layers.ReLU()(_convolution(x, width, stride))
    x = _squeeze_and_excite(_convolution(x, width))
    return layers.ReLU()(layers.Add()([x, shortcut]))


def _squeeze_and_excite(x):
    """Weigh the channels by what the whole face shows (Hu et al. 2018)."""
    width = x.shape[-1]
    weight = layers.GlobalAveragePooling2D(keepdims=True)(x)
    weight = layers.Conv2D(max(width // 8, 4), 1, activation="relu")(weight)
    weight = layers.Conv2D(width, 1, activation="sigmoid")(weight)
    return layers.Multiply()([x, weight])
