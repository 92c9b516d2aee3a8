"""The network as it is served, calibrated scores instead of logits, and predictions with a network's file."""

from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
from keras import layers, ops

from app.vision.crop import SIDE, as_input
from app.vision.emotion import EMOTIONS
from app.vision.expression_network import ExpressionNetwork, WeightsError
from models.data.dataset import DataError
from models.network.architecture import to_float32
from models.network.compiled import compiled
from models.network.mixture import FERPLUS_ALONE, Mixture

BATCH_SIZE = 256  # faces; a larger one only takes memory
THREADS = 2  # nothing else computes meanwhile
TRAINED_OUTPUTS = {"fer", "ferplus", "face"}  # logits
SERVING_OUTPUTS = {"scores", "face", "fer"}
EMPTY_BATCH = np.empty((0, SIDE, SIDE, 1), np.float32)


def serving_network(
    trained: keras.Model, mixture: Mixture = FERPLUS_ALONE, fer_temperature: float = 1.0
) -> keras.Model:
    """Replace a trained network's heads for serving; all of it in float32, from pixels (N, 48, 48, 1).

    `scores` (N, 7): the mixture of heads, in the order of EMOTIONS; `face` (N,): the probability of a face;
    `fer` (N, 7): the head that learnt FER-2013's own labels, for benchmarks, its logits divided by
    `fer_temperature` (Guo et al. 2017).
    """
    return _with_serving_heads(to_float32(trained), mixture, fer_temperature)


def _with_serving_heads(
    trained: keras.Model, mixture: Mixture = FERPLUS_ALONE, fer_temperature: float = 1.0
) -> keras.Model:
    """Replace the heads; the trunk stays in the precision that it was trained in."""
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
    scores.set_weights(mixture.dense_weights(trained))
    fer.set_weights([weights / fer_temperature for weights in trained.get_layer("fer").get_weights()])
    face.set_weights(trained.get_layer("face").get_weights())
    return network


def save_litert(network: keras.Model, path: Path, *, eight_bits: bool) -> None:
    """Write a serving network as a LiteRT file, in float32 or quantised to 8 bits.

    Quantisation is dynamic range: int8 weights, and activations rounded as it computes. It needs no sample
    faces and is as fast and as accurate as full int8.
    """
    import tensorflow as tf  # imported here: Keras trains with any backend

    network.export(
        path, format="litert", verbose=False, optimizations=[tf.lite.Optimize.DEFAULT] if eight_bits else []
    )


def predict(path: Path, faces: np.ndarray) -> dict[str, np.ndarray]:
    """Run a .tflite, or a .keras of either kind, on uint8 faces (N, 48, 48): `scores`, `face`, `fer`."""
    if path.suffix == ".tflite":
        return predict_with_litert(path, faces)
    return predict_with_keras(load_keras(path), faces)


def predict_with_keras(network: keras.Model, faces: np.ndarray) -> dict[str, np.ndarray]:
    """Run a serving network on uint8 faces (N, 48, 48)."""
    return network.predict(as_input(faces), batch_size=BATCH_SIZE, verbose=0)


def predict_with_litert(path: Path, faces: np.ndarray) -> dict[str, np.ndarray]:
    """Run a LiteRT file on uint8 faces (N, 48, 48), with the runtime that serves."""
    network = _open_litert(path)
    batches = [network.run(as_input(faces[i : i + BATCH_SIZE])) for i in range(0, len(faces), BATCH_SIZE)]
    return {name: np.concatenate([batch[name] for batch in batches]) for name in batches[0]}


def open_network(path: Path) -> Callable:
    """Open a network for many batches: a function from a tensor (N, 48, 48, 1) to `scores`, `face`, `fer`.

    The network of a training run gives `wild`, too, if it has that head.
    """
    if path.suffix == ".tflite":
        network = _open_litert(path)
        return lambda pixels: network.run(ops.convert_to_numpy(pixels))
    network = _load_serving(path, _with_every_head)
    variables = network.trainable_variables, network.non_trainable_variables
    weights = [[variable.value for variable in group] for group in variables]
    forward = compiled(lambda weights, pixels: network.stateless_call(*weights, pixels, training=False)[0])
    return lambda pixels: forward(weights, pixels)


def _with_every_head(trained: keras.Model) -> keras.Model:
    """Give a trained network its serving heads and, if it has one, `wild` as scores (N, 7)."""
    outputs = _with_serving_heads(trained).output
    if "wild" in trained.output:
        outputs |= {"wild": layers.Softmax(dtype="float32", name="wild_scores")(trained.output["wild"])}
    return keras.Model(trained.input, outputs)


def load_keras(path: Path) -> keras.Model:
    """Load a .keras file as a serving network; a trained one gets its serving heads here."""
    return _load_serving(path, serving_network)


def load_trained(path: Path) -> keras.Model:
    """Load the network of a training run, with the logits of its heads."""
    return _checked_trained(_load(path), path)


def _load_serving(path: Path, to_serving: Callable[[keras.Model], keras.Model]) -> keras.Model:
    """Load a serving network, or a trained one turned into one by `to_serving`."""
    network = _load(path)
    if _outputs(network) >= SERVING_OUTPUTS:
        return network
    return to_serving(_checked_trained(network, path))


def _checked_trained(network: keras.Model, path: Path) -> keras.Model:
    if not _outputs(network) >= TRAINED_OUTPUTS:
        outputs = " ".join(sorted(_outputs(network))) or "outputs without names"
        raise DataError(f"{path} gives {outputs}; expected fer, ferplus and face, as `train` writes them")
    return network


def _load(path: Path) -> keras.Model:
    if path.suffix != ".keras":
        raise DataError(f"{path} is no network; expected a .keras or a .tflite file")
    if not path.is_file():
        raise DataError(f"{path} does not exist; give the path of a .keras file")
    try:
        return keras.models.load_model(path, compile=False)
    except (ValueError, OSError, TypeError) as error:
        raise DataError(f"Keras can't load {path} ({str(error).splitlines()[0]})") from None


def _outputs(network: keras.Model) -> set[str]:
    return set(network.output) if isinstance(network.output, dict) else set()


def _open_litert(path: Path) -> ExpressionNetwork:
    try:
        network = ExpressionNetwork(path.read_bytes(), path, THREADS)
    except FileNotFoundError:
        raise DataError(f"{path} does not exist; give the path of a .tflite file") from None
    except WeightsError as error:
        raise DataError(str(error)) from None
    if "fer" not in network.run(EMPTY_BATCH):
        raise DataError(f"{path} has no output `fer`; expected a network that `export` wrote")
    return network
