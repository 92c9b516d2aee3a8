"""Networks that learnt from ImageNet's photographs first, and then go on with faces."""

from collections.abc import Callable
from pathlib import Path

import keras
from keras import layers

from models import Refusal
from models.architectures import pixels_input, pooled, with_heads

FETCHED = "imagenet"  # Keras fetches the weights, and keeps them in ~/.keras
SIDE_SEEN = 96  # pixels: five halvings of 48 would leave one
BLUE_GREEN_RED = (103.939, 116.779, 123.68)  # ImageNet's means, which these weights expect to be taken off


def vgg16(imagenet: str | None) -> keras.Model:
    """Build VGG16 (Simonyan and Zisserman 2015) without its dense layers.

    `imagenet` is a file of weights as Keras has them, or FETCHED; None begins from nothing.
    """
    return _transferred("vgg16", keras.applications.VGG16, imagenet)


def resnet50(imagenet: str | None) -> keras.Model:
    """Build ResNet-50 (He et al. 2016) without its last layer; `imagenet` as for `vgg16`."""
    return _transferred("resnet50", keras.applications.ResNet50, imagenet)


def _transferred(name: str, build: Callable[..., keras.Model], imagenet: str | None) -> keras.Model:
    pixels = pixels_input()
    larger = layers.Resizing(SIDE_SEEN, SIDE_SEEN, dtype="float32", name="enlarge")(pixels)
    coloured = layers.Concatenate(dtype="float32", name="colour")([larger] * 3)
    centred = layers.Rescaling(1.0, [-mean for mean in BLUE_GREEN_RED], dtype="float32", name="centre")(
        coloured
    )
    if imagenet not in (None, FETCHED) and not Path(imagenet).is_file():
        raise Refusal(f"{imagenet} does not exist; give a file of ImageNet weights for {name}, or none")
    try:
        trunk = build(include_top=False, weights=imagenet, input_tensor=centred)
    except (ValueError, OSError) as error:
        raise Refusal(f"{imagenet} holds no ImageNet weights for {name}: {_first_line(error)}") from None
    except Exception as error:  # Keras raises nothing narrower when a download fails
        if "URL fetch failure" not in str(error):
            raise
        raise Refusal(
            f"the ImageNet weights of {name} could not be fetched ({_first_line(error)}); fetch that file "
            "elsewhere and give it with --imagenet"
        ) from None
    return with_heads(name, pixels, pooled(trunk.output), dropout=0.3)


PRETRAINED = {"vgg16": vgg16, "resnet50": resnet50}


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]
