"""The network as it is served: calibrated scores instead of logits, in float32 and in 8 bits."""

from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
from keras import layers, ops

from app.vision.crop import SIDE, as_input
from app.vision.emotion import EMOTIONS
from app.vision.expression_network import ExpressionNetwork, WeightsError
from models.architectures import in_float32
from models.compiled import compiled
from models.dataset import SEVEN, DataError

AT_ONCE = 256  # faces; more only takes memory
SERVED = {"scores", "face", "fer"}  # outputs
THREADS = 2  # nothing else computes while many faces are read
NO_FACES = np.empty((0, SIDE, SIDE, 1), np.float32)


def serving_network(
    trained: keras.Model, temperature: float = 1.0, fer_temperature: float = 1.0
) -> keras.Model:
    """Give a trained network new ends, all of it in float32, from pixels (N, 48, 48, 1).

    `scores` (N, 7): the `ferplus` head's seven expressions, contempt left out, in the order of EMOTIONS;
    `face` (N,): the probability that it is one; `fer` (N, 7): the head that learnt FER-2013's own labels,
    for benchmarks. Temperatures divide the logits (Guo et al. 2017); here they go into the weights.
    """
    return _with_ends(in_float32(trained), temperature, fer_temperature)


def _with_ends(trained: keras.Model, temperature: float = 1.0, fer_temperature: float = 1.0) -> keras.Model:
    """Give a network the ends of a serving one; the rest stays in the precision that it was trained in."""
    features = trained.get_layer("ferplus").input
    scores = layers.Dense(len(EMOTIONS), activation="softmax", name="scores")
    fer = layers.Dense(len(EMOTIONS), activation="softmax", name="fer_scores")
    face = layers.Dense(1, activation="sigmoid", name="face_probability")
    network = keras.Model(
        trained.input,
        {
            "scores": scores(features),
            "face": layers.Reshape((), name="face")(face(features)),
            "fer": fer(features),
        },
        name="emotion_cnn",
    )
    kernel, bias = trained.get_layer("ferplus").get_weights()
    scores.set_weights([kernel[:, SEVEN] / temperature, bias[SEVEN] / temperature])
    fer.set_weights([weights / fer_temperature for weights in trained.get_layer("fer").get_weights()])
    face.set_weights(trained.get_layer("face").get_weights())
    return network


def save_litert(network: keras.Model, path: Path, *, eight_bits: bool) -> None:
    """Write a serving network as a LiteRT file; `eight_bits` keeps weights as int8 and rounds as it computes.

    Of the 8-bit kinds this one (dynamic range) needs no sample faces and is as fast and as right as the
    other, full int8: `models/CARD.md` has the figures.
    """
    import tensorflow as tf  # only here: Keras trains with any backend

    network.export(
        path, format="litert", verbose=False, optimizations=[tf.lite.Optimize.DEFAULT] if eight_bits else []
    )


def read_with(path: Path, faces: np.ndarray) -> dict[str, np.ndarray]:
    """Read uint8 faces (N, 48, 48) with a .tflite, or a .keras of either kind: `scores`, `face`, `fer`."""
    if path.suffix == ".tflite":
        return read_with_litert(path, faces)
    return read_with_keras(load_keras(path), faces)


def open_network(path: Path) -> Callable:
    """Open a network to ask batch after batch: a tensor (N, 48, 48, 1) to its `scores`, `face` and `fer`."""
    if path.suffix == ".tflite":
        network = _open_litert(path)
        return lambda pixels: network.run(ops.convert_to_numpy(pixels))
    network = _load_served(path, _with_ends)
    kinds = network.trainable_variables, network.non_trainable_variables
    weights = [[variable.value for variable in kind] for kind in kinds]
    answer = compiled(lambda weights, pixels: network.stateless_call(*weights, pixels, training=False)[0])
    return lambda pixels: answer(weights, pixels)


def load_keras(path: Path) -> keras.Model:
    """Load a .keras file as a serving network; one that was only trained gets its ends here."""
    return _load_served(path, serving_network)


def load_trained(path: Path) -> keras.Model:
    """Load the network of a training run, with the logits of its heads."""
    return _trained(_load(path), path)


def _load_served(path: Path, served: Callable[[keras.Model], keras.Model]) -> keras.Model:
    """Load a network that has its ends, or one of a training run, made `served`."""
    network = _load(path)
    return network if _outputs(network) >= SERVED else served(_trained(network, path))


def _trained(network: keras.Model, path: Path) -> keras.Model:
    if not {"fer", "ferplus", "face"} <= _outputs(network):
        there = " ".join(sorted(_outputs(network))) or "unnamed outputs"
        raise DataError(f"{path} gives {there}; expected fer, ferplus and face, as `train` writes them")
    return network


def _load(path: Path) -> keras.Model:
    if path.suffix != ".keras":
        raise DataError(f"{path} is no network; expected a .keras or a .tflite file")
    if not path.is_file():
        raise DataError(f"{path} does not exist; give the path of a .keras file")
    try:
        return keras.models.load_model(path, compile=False)
    except (ValueError, OSError, TypeError) as error:
        raise DataError(f"{path} is no network that Keras reads ({str(error).splitlines()[0]})") from None


def _outputs(network: keras.Model) -> set[str]:
    return set(network.output) if isinstance(network.output, dict) else set()


def read_with_keras(network: keras.Model, faces: np.ndarray) -> dict[str, np.ndarray]:
    """Read uint8 faces (N, 48, 48) with a serving network."""
    return network.predict(as_input(faces), batch_size=AT_ONCE, verbose=0)


def read_with_litert(path: Path, faces: np.ndarray) -> dict[str, np.ndarray]:
    """Read uint8 faces (N, 48, 48) with a LiteRT file, on the runtime that serves."""
    network = _open_litert(path)
    batches = [network.run(as_input(faces[i : i + AT_ONCE])) for i in range(0, len(faces), AT_ONCE)]
    return {name: np.concatenate([batch[name] for batch in batches]) for name in batches[0]}


def _open_litert(path: Path) -> ExpressionNetwork:
    try:
        network = ExpressionNetwork(path.read_bytes(), path, THREADS)
    except FileNotFoundError:
        raise DataError(f"{path} does not exist; give the path of a .tflite file") from None
    except WeightsError as error:
        raise DataError(str(error)) from None
    if "fer" not in network.run(NO_FACES):
        raise DataError(f"{path} has no output `fer`; expected a network that `export` wrote")
    return network
