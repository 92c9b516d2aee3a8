"""Transfer learning: networks that start from ImageNet's weights."""

from collections.abc import Callable
from pathlib import Path

import keras
from keras import layers

from models import CommandError
from models.network.architecture import global_average, pixel_input
from models.network.network_heads import with_heads

DOWNLOADED = "imagenet"  # Keras downloads the weights, and keeps them in ~/.keras
ENLARGED_SIDE = 96  # pixels: five halvings of 48 would leave one
BLUE_GREEN_RED = (103.939, 116.779, 123.68)  # ImageNet's means, which these weights expect to be subtracted


def vgg16(imagenet: str | None) -> keras.Model:
    """Build VGG16 (Simonyan and Zisserman 2015) without its dense layers.

    `imagenet` is a file of weights in Keras's format, or DOWNLOADED; None starts from random weights.
    """
    return _transferred("vgg16", keras.applications.VGG16, imagenet)


def resnet50(imagenet: str | None) -> keras.Model:
    """Build ResNet-50 (He et al. 2016) without its last layer; `imagenet` as for `vgg16`."""
    return _transferred("resnet50", keras.applications.ResNet50, imagenet)


def _transferred(name: str, build: Callable[..., keras.Model], imagenet: str | None) -> keras.Model:
    pixels = pixel_input()
    enlarged = layers.Resizing(ENLARGED_SIDE, ENLARGED_SIDE, dtype="float32", name="enlarge")(pixels)
    coloured = layers.Concatenate(dtype="float32", name="colour")([enlarged] * 3)
    centred = layers.Rescaling(1.0, [-mean for mean in BLUE_GREEN_RED], dtype="float32", name="centre")(
        coloured
    )
    if imagenet not in (None, DOWNLOADED) and not Path(imagenet).is_file():
        raise CommandError(f"{imagenet} does not exist; give a file of ImageNet weights for {name}, or none")
    try:
        trunk = build(include_top=False, weights=imagenet, input_tensor=centred)
    except (ValueError, OSError) as error:
        raise CommandError(f"{imagenet} holds no ImageNet weights for {name}: {_first_line(error)}") from None
    except Exception as error:  # Keras raises nothing narrower when a download fails
        if "URL fetch failure" not in str(error):
            raise
        raise CommandError(
            f"the ImageNet weights of {name} could not be downloaded ({_first_line(error)}); download that "
            "file elsewhere and give it with --imagenet"
        ) from None
    return with_heads(name, pixels, global_average(trunk.output), dropout=0.3)


PRETRAINED = {"vgg16": vgg16, "resnet50": resnet50}


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]
