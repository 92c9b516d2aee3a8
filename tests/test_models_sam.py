"""Sharpness-aware minimisation, as numbers and in a short training."""

import keras
import numpy as np
import pytest

from models import train as training
from models.batches import Batches
from models.sam import SAM, Twice
from models.schedule import Schedule
from tests.drawn_faces import drawn_faces

pytestmark = [
    # Keras 3.15 saves TensorFlow's variables by a call that numpy 2 will drop.
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"),
]

USUAL = {"momentum": 0.9, "nesterov": True, "global_clipnorm": 5.0}


def slope(weights: np.ndarray) -> np.ndarray:
    """The gradient of a loss that is no quadratic, so that it matters where one asks."""
    return np.sin(3 * weights) + weights


def test_it_climbs_by_the_radius_and_steps_by_what_it_finds_there():
    ours, plain = keras.Variable([0.3, -0.4]), keras.Variable([0.3, -0.4])
    sam = SAM(0.1, 0.05, **USUAL)
    sgd = keras.optimizers.SGD(0.1, **USUAL)
    for _ in range(4):
        below = np.array(ours)
        steepest = slope(below) / np.linalg.norm(slope(below))
        sam.apply([keras.ops.array(1000 * slope(below))], [ours])  # clipped, and as far for all that
        assert np.array(ours) == pytest.approx(below + 0.05 * steepest, abs=1e-6)
        found = keras.ops.array(slope(np.array(ours)))
        sam.apply([found], [ours])
        sgd.apply([found], [plain])
        assert np.array(ours) == pytest.approx(np.array(plain), abs=1e-6)


def test_weights_without_a_gradient_stay_where_they_are():
    weights = keras.Variable([0.3, -0.4])
    sam = SAM(0.1, 0.05, **USUAL)
    for _ in range(2):
        sam.apply([keras.ops.zeros(2)], [weights])
    assert np.array(weights) == pytest.approx([0.3, -0.4])


def test_each_batch_is_made_once_and_seen_twice():
    batches = Batches(drawn_faces(students=2), None, batch=7, crops_in_batch=0, seed=1)
    twice = Twice(batches)
    seen = [twice[index][0] for index in range(len(twice))]
    assert len(seen) == 4
    assert seen[0] is seen[1]
    assert seen[2] is seen[3]
    assert np.array_equal(seen[2], batches[1][0])


def test_a_training_with_it_learns_and_ends_where_it_has_not_climbed(tmp_path):
    faces = drawn_faces(students=2)
    schedule = Schedule(
        architecture="simple", epochs=3, batch=7, precision="float32", learning_rate=0.01, sam=0.1, ema=0
    )
    assert "--sam 0.1" in schedule.options()
    network = training.build(schedule)
    training.fit(network, faces, faces, None, tmp_path, schedule)
    losses = [line.split(",")[2] for line in (tmp_path / "log.csv").read_text().splitlines()[1:]]
    assert float(losses[-1]) < float(losses[0])
    assert not any(np.any(climb) for climb in network.optimizer._climbs)
