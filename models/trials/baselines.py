"""Published architectures, trained like the shipped one: for comparison, and the largest as a teacher."""

import keras
from keras import layers

from models.network.architecture import (
    convolution,
    global_average,
    pixel_input,
    residual_block,
    standardised,
)
from models.network.network_heads import with_heads


def simple() -> keras.Model:
    """Build the plain CNN of many student projects on FER-2013: four convolutions and a dense layer."""
    pixels = pixel_input()
    x = _plain(_plain(standardised(pixels), 32, padding="valid"), 64, padding="valid")
    x = layers.Dropout(0.25)(layers.MaxPooling2D()(x))
    x = layers.MaxPooling2D()(_plain(x, 128, padding="valid"))
    x = layers.MaxPooling2D()(_plain(x, 128, padding="valid"))
    x = layers.Flatten()(layers.Dropout(0.25)(x))
    x = layers.Dense(1024, activation="relu", kernel_initializer="he_normal")(x)
    return with_heads("simple", pixels, x, dropout=0.5)


def vgg13() -> keras.Model:
    """Build the network of FER+ (Barsoum et al. 2016, section 4), which took faces of 64×64 pixels."""
    pixels = pixel_input()
    x = standardised(pixels)
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
    pixels = pixel_input()
    x = layers.ReLU()(convolution(standardised(pixels), widths[0]))
    for stage, width in enumerate(widths):
        for block in range(depth):
            x = residual_block(x, width, stride=2 if stage and not block else 1, excite=False)
    return with_heads("resnet", pixels, global_average(x), dropout=0.3)


BASELINES = {"simple": simple, "vgg13": vgg13, "resnet": resnet}


def _plain(x, width: int, padding: str = "same"):
    """Convolve without normalisation, as the older networks do."""
    return layers.Conv2D(width, 3, padding=padding, activation="relu", kernel_initializer="he_normal")(x)
