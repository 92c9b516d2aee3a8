"""Sharpness-aware minimisation, as numbers and in a short training."""

import keras
import numpy as np
import pytest

from models.training import train as training
from models.training.batches import Batches
from models.training.sam import SAM, RepeatedBatches
from models.training.schedule import Schedule
from models.trials.baselines import simple
from tests.drawn_faces import drawn_faces

pytestmark = [
    # Keras 3.15 saves TensorFlow's variables by a call that numpy 2 will drop.
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"),
]

SGD_OPTIONS = {"momentum": 0.9, "nesterov": True, "global_clipnorm": 5.0}


def gradient(weights: np.ndarray) -> np.ndarray:
    """The gradient of a loss that is no quadratic, so that it differs from place to place."""
    return np.sin(3 * weights) + weights


def test_it_climbs_by_the_radius_and_steps_by_the_gradient_there():
    sharpness_aware, plain = keras.Variable([0.3, -0.4]), keras.Variable([0.3, -0.4])
    sam = SAM(0.1, 0.05, **SGD_OPTIONS)
    sgd = keras.optimizers.SGD(0.1, **SGD_OPTIONS)
    for _ in range(4):
        below = np.array(sharpness_aware)
        steepest = gradient(below) / np.linalg.norm(gradient(below))
        sam.apply([keras.ops.array(1000 * gradient(below))], [sharpness_aware])  # clipped, and climbs as far
        assert np.array(sharpness_aware) == pytest.approx(below + 0.05 * steepest, abs=1e-6)
        above = keras.ops.array(gradient(np.array(sharpness_aware)))
        sam.apply([above], [sharpness_aware])
        sgd.apply([above], [plain])
        assert np.array(sharpness_aware) == pytest.approx(np.array(plain), abs=1e-6)


def test_weights_without_a_gradient_stay_where_they_are():
    weights = keras.Variable([0.3, -0.4])
    sam = SAM(0.1, 0.05, **SGD_OPTIONS)
    for _ in range(2):
        sam.apply([keras.ops.zeros(2)], [weights])
    assert np.array(weights) == pytest.approx([0.3, -0.4])


def test_each_batch_is_made_once_and_used_twice():
    batches = Batches(drawn_faces(students=2), None, batch=7, crops_in_batch=0, seed=1)
    repeated = RepeatedBatches(batches)
    pixels = [repeated[index][0] for index in range(len(repeated))]
    assert len(pixels) == 4
    assert pixels[0] is pixels[1]
    assert pixels[2] is pixels[3]
    assert np.array_equal(pixels[2], batches[1][0])


def test_a_training_with_it_learns_and_ends_without_a_climb(tmp_path):
    faces = drawn_faces(students=2)
    schedule = Schedule(
        architecture="simple", epochs=3, batch=7, precision="float32", learning_rate=0.01, sam=0.1, ema=0
    )
    assert "--sam 0.1" in schedule.options()
    network = training.build(schedule, simple)
    training.fit(network, faces, faces, None, tmp_path, schedule)
    losses = [line.split(",")[2] for line in (tmp_path / "log.csv").read_text().splitlines()[1:]]
    assert float(losses[-1]) < float(losses[0])
    assert not any(np.any(climb) for climb in network.optimizer._climbs)
