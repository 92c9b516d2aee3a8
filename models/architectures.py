"""Networks as layers. All take and give the same, so that every command works on each.

They take float32 (N, 48, 48, 1), 0 to 255, and give logits: `fer` (N, 7) in the order of EMOTIONS, `ferplus`
(N, 8) in the order of FERPLUS, `face` (N, 1): face or not. Centring and scaling are their first layer, so
that training and serving can't differ.
"""

import keras
from keras import layers

from app.vision.crop import SIDE
from app.vision.emotion import EMOTIONS
from models.dataset import FERPLUS
from models.normalization import FastBatchNormalization

MEAN, DEVIATION = 129.474, 65.027  # of the pixels of FER-2013's Training part

STEM = 32
STAGES = ((48, 1), (96, 2), (96, 1), (192, 2), (192, 1))
"""Width and stride of each residual block. The stem halves the picture at once: full-size maps cost half of
the time and, for the same hours of training, more epochs are worth more."""


def aula(stem: int = STEM, stages: tuple[tuple[int, int], ...] = STAGES, dropout: float = 0.3) -> keras.Model:
    """Build the network of the program: small residual blocks with squeeze-and-excite."""
    pixels = pixels_input()
    x = layers.ReLU()(_convolution(_centred(pixels), stem, stride=2))
    for width, stride in stages:
        x = _residual(x, width, stride)
    return with_heads("aula", pixels, pooled(x), dropout)


def simple() -> keras.Model:
    """Build the plain CNN of many a student's project on FER-2013: four convolutions and a dense layer."""
    pixels = pixels_input()
    x = _plain(_plain(_centred(pixels), 32, padding="valid"), 64, padding="valid")
    x = layers.Dropout(0.25)(layers.MaxPooling2D()(x))
    x = layers.MaxPooling2D()(_plain(x, 128, padding="valid"))
    x = layers.MaxPooling2D()(_plain(x, 128, padding="valid"))
    x = layers.Flatten()(layers.Dropout(0.25)(x))
    x = layers.Dense(1024, activation="relu", kernel_initializer="he_normal")(x)
    return with_heads("simple", pixels, x, dropout=0.5)


def vgg13() -> keras.Model:
    """Build the network of FER+ (Barsoum et al. 2016, section 4), which took faces of 64×64 pixels."""
    pixels = pixels_input()
    x = _centred(pixels)
    for width, depth in ((64, 2), (128, 2), (256, 3), (256, 3)):
        for _ in range(depth):
            x = _plain(x, width)
        x = layers.Dropout(0.25)(layers.MaxPooling2D()(x))
    x = layers.Flatten()(x)
    x = layers.Dropout(0.5)(layers.Dense(1024, activation="relu", kernel_initializer="he_normal")(x))
    x = layers.Dense(1024, activation="relu", kernel_initializer="he_normal")(x)
    return with_heads("vgg13", pixels, x, dropout=0.5)


def resnet(widths: tuple[int, ...] = (64, 128, 256, 512), depth: int = 2) -> keras.Model:
    """Build ResNet-18 (He et al. 2016) for small pictures: its stem keeps their size. A teacher, on a GPU."""
    pixels = pixels_input()
    x = layers.ReLU()(_convolution(_centred(pixels), widths[0]))
    for stage, width in enumerate(widths):
        for block in range(depth):
            x = _residual(x, width, stride=2 if stage and not block else 1, excite=False)
    return with_heads("resnet", pixels, pooled(x), dropout=0.3)


def pixels_input():
    """Give what every network takes."""
    return keras.Input((SIDE, SIDE, 1), name="pixels")


def pooled(x):
    """Average each feature over the face."""
    return layers.GlobalAveragePooling2D(dtype="float32")(x)


def with_heads(name: str, pixels, features, dropout: float) -> keras.Model:
    """End a network in the three heads, on features (N, width)."""
    kept = layers.Dropout(dropout)(features)
    return keras.Model(
        pixels,
        {
            "fer": layers.Dense(len(EMOTIONS), dtype="float32", name="fer")(kept),
            "ferplus": layers.Dense(len(FERPLUS), dtype="float32", name="ferplus")(kept),
            "face": layers.Dense(1, dtype="float32", name="face")(kept),
        },
        name=name,
    )


def in_float32(network: keras.Model) -> keras.Model:
    """Rebuild a network, whatever it computed in, with float32 and the same weights."""

    def rebuilt(layer: keras.layers.Layer) -> keras.layers.Layer:
        kind = type(layer)
        if kind is FastBatchNormalization:
            kind = layers.BatchNormalization  # so that a file of the network needs no code of ours
        return kind.from_config({**layer.get_config(), "dtype": "float32"})

    copy = keras.models.clone_model(network, clone_function=rebuilt)
    copy.set_weights(network.get_weights())
    return copy


def _centred(pixels):
    return layers.Rescaling(1 / DEVIATION, -MEAN / DEVIATION, dtype="float32", name="centre")(pixels)


def _plain(x, width: int, padding: str = "same"):
    """A convolution without normalisation, as the older networks have them."""
    return layers.Conv2D(width, 3, padding=padding, activation="relu", kernel_initializer="he_normal")(x)


def _convolution(x, width: int, stride: int = 1, size: int = 3):
    x = layers.Conv2D(width, size, stride, padding="same", use_bias=False, kernel_initializer="he_normal")(x)
    return FastBatchNormalization(momentum=0.9)(x)


def _residual(x, width: int, stride: int, *, excite: bool = True):
    shortcut = layers.AveragePooling2D(stride)(x) if stride > 1 else x
    if shortcut.shape[-1] != width:
        shortcut = _convolution(shortcut, width, size=1)
    x = layers.ReLU()(_convolution(x, width, stride))
    x = _convolution(x, width)
    if excite:
        x = _squeeze_and_excite(x)
    return layers.ReLU()(layers.Add()([x, shortcut]))


def _squeeze_and_excite(x):
    """Weigh the channels by what the whole face shows (Hu et al. 2018)."""
    width = x.shape[-1]
    weight = layers.GlobalAveragePooling2D(keepdims=True)(x)
    weight = layers.Conv2D(max(width // 8, 4), 1, activation="relu")(weight)
    weight = layers.Conv2D(width, 1, activation="sigmoid")(weight)
    return layers.Multiply()([x, weight])
