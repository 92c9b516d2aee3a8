"""Training: one command that starts a run, or goes on where it stopped."""

import csv
import json
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import keras
import numpy as np
from keras import ops

from app.vision.crop import as_input
from models.architectures import aula
from models.batches import Batches
from models.dataset import (
    SEVEN,
    Crops,
    DataError,
    Faces,
    Usage,
    ferplus_majority,
    read_crops,
    read_faces,
    split_crops,
)
from models.serving import AT_ONCE, load_keras, open_network

EMA = 0.9  # of the average that is kept, every EMA_STEPS steps
EMA_STEPS = 10
SMOOTHING = 0.1  # of the FER-2013 labels: people agree with them 65 ± 5 %
FACE_WEIGHT = 3.0  # most rows are faces and soon say so; the few crops have to be heard
UNMIXED_SHARE = 0.1  # of the epochs, the last ones: they see faces as they are


@dataclass(frozen=True, slots=True)
class Schedule:
    """What decides a run besides the data."""

    epochs: int = 40
    batch: int = 96
    crops_in_batch: int = 12
    learning_rate: float = 0.06
    weight_decay: float = 0.0025  # a step shrinks kernels by this times the learning rate
    seed: int = 1
    precision: str = "mixed_bfloat16"
    teachers: tuple[str, ...] = ()
    """Networks trained before, .keras or .tflite, whose answers are learnt beside the labels."""
    weights: str | None = None
    """A .keras of the same architecture whose trunk a run begins from, where it has no checkpoint yet."""


def train(data: Path, crops: Path | None, run: Path, schedule: Schedule) -> Path:
    """Train on the Training part and give the path of the averaged network, float32, run/network.keras.

    A run folder that holds a checkpoint is gone on with. Each epoch adds a line to run/log.csv, measured
    on PublicTest.
    """
    training, public = read_faces(data, Usage.Training), read_faces(data, Usage.PublicTest)
    proposals = split_crops(read_crops(crops))[0] if crops else None
    return fit(build(schedule), training, public, proposals, run, schedule)


def build(schedule: Schedule, **shape) -> keras.Model:
    """Build the network that the schedule asks for; `shape` as in `aula`."""
    keras.utils.set_random_seed(schedule.seed)
    keras.mixed_precision.set_dtype_policy(schedule.precision)
    try:
        network = aula(**shape)
    finally:
        keras.mixed_precision.set_dtype_policy("float32")
    if schedule.weights:
        _begin_from(Path(schedule.weights), network)
    return network


def _begin_from(path: Path, network: keras.Model) -> None:
    """Give a network the trunk of another of its architecture, trained or served; heads are learnt anew."""
    trunk, theirs = _trunk(network), _trunk(load_keras(path))
    if [weight.shape for weight in trunk] != [weight.shape for weight in theirs]:
        raise DataError(f"{path} is of another architecture; its trunk doesn't fit")
    for ours, trained in zip(trunk, theirs, strict=True):
        ours.assign(trained)


def _trunk(network: keras.Model) -> list[keras.Variable]:
    """Give what comes before the heads, in the order of the layers: each head is one dense layer."""
    return [
        weight
        for layer in network.layers
        if not isinstance(layer, keras.layers.Dense)
        for weight in layer.weights
        if "seed_generator" not in weight.path
    ]


def fit(
    network: keras.Model, training: Faces, public: Faces, crops: Crops | None, run: Path, schedule: Schedule
) -> Path:
    """Train a network that is built, into a run folder; `train` says the rest."""
    batches = Batches(
        training,
        crops,
        batch=schedule.batch,
        crops_in_batch=schedule.crops_in_batch,
        seed=schedule.seed,
        teachers=[open_network(Path(teacher)) for teacher in schedule.teachers],
    )
    compile_for(network, schedule, steps=len(batches))
    run.mkdir(parents=True, exist_ok=True)
    keeper = Keeper(run, batches, public, schedule)
    done = keeper.resume(network)
    note_schedule(run, schedule, done)
    network.fit(
        batches, initial_epoch=done, epochs=schedule.epochs, shuffle=False, verbose=0, callbacks=[keeper]
    )
    return run / "network.keras"


def note_schedule(run: Path, schedule: Schedule, epochs_done: int) -> None:
    """Add the schedule to run/schedule.json, if it is another than the run has had until now.

    A run may be resumed with fewer or more epochs; the card of its network then says so.
    """
    path = run / "schedule.json"
    noted = json.loads(path.read_text()) if path.exists() else []
    now = asdict(schedule) | {"teachers": list(schedule.teachers)}
    if noted and noted[-1] == {"after_epoch": noted[-1]["after_epoch"]} | now:
        return
    noted.append({"after_epoch": epochs_done} | now)
    path.write_text(json.dumps(noted, indent=2) + "\n")


def compile_for(network: keras.Model, schedule: Schedule, steps: int) -> None:
    """Set the losses, and SGD with an epoch of warm-up and a cosine from there (`steps` an epoch)."""
    rate = keras.optimizers.schedules.CosineDecay(
        0.0,
        decay_steps=max(schedule.epochs - 1, 1) * steps,
        alpha=0.002,
        warmup_target=schedule.learning_rate,
        warmup_steps=steps,
    )
    optimizer = keras.optimizers.SGD(
        rate, momentum=0.9, nesterov=True, weight_decay=schedule.weight_decay, global_clipnorm=5.0
    )
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    network.compile(
        optimizer,
        loss={"fer": smoothed_cross_entropy, "ferplus": cross_entropy, "face": binary_cross_entropy},
        loss_weights={"fer": 1.0, "ferplus": 1.0, "face": FACE_WEIGHT},
        # XLA on a CPU takes twice as long for these convolutions as TensorFlow's own kernels.
        jit_compile=keras.backend.backend() == "jax",
    )


def cross_entropy(shares, logits):
    """Cross entropy with shares (N, C), averaged over the rows that have any: a row of zeros has no label."""
    return -ops.sum(shares * ops.log_softmax(logits)) / ops.maximum(ops.sum(shares), 1.0)


def smoothed_cross_entropy(shares, logits):
    """Give every class a little of each label, as Szegedy et al. 2016 do, for the labels are noisy."""
    labelled = ops.sum(shares, axis=-1, keepdims=True)
    return cross_entropy((1 - SMOOTHING) * shares + SMOOTHING * labelled / shares.shape[-1], logits)


def binary_cross_entropy(is_face, logits):
    """Binary cross entropy of one logit, averaged over the batch."""
    return keras.losses.BinaryCrossentropy(from_logits=True)(is_face, logits)


class Keeper(keras.callbacks.Callback):
    """Averages the weights over the steps, and after each epoch measures, logs and writes a checkpoint."""

    def __init__(self, run: Path, batches: Batches, public: Faces, schedule: Schedule):
        super().__init__()
        self._run, self._batches, self._public, self._schedule = run, batches, public, schedule
        self._average: list[np.ndarray] = []

    def resume(self, network: keras.Model) -> int:
        """Take up the run's checkpoint, if there is one; gives the number of epochs done."""
        network.optimizer.build(network.trainable_variables)
        self._average = network.get_weights()
        path = self._run / "checkpoint.npz"
        if not path.exists():
            return 0
        with np.load(path) as file:
            count = len(network.variables) + len(network.optimizer.variables)
            if len(file.files) != count + len(self._average) + 1:
                raise DataError(f"{path} is of another network; give another --run folder, or remove it")
            states = [file[f"state_{index}"] for index in range(count)]
            self._average = [file[f"average_{index}"] for index in range(len(self._average))]
            done = int(file["epochs"])
        for variable, value in zip([*network.variables, *network.optimizer.variables], states, strict=True):
            variable.assign(value)
        return done

    def on_epoch_begin(self, epoch, logs=None):
        unmixed = max(round(self._schedule.epochs * UNMIXED_SHARE), 1)
        self._batches.start_epoch(epoch, mixup=epoch < self._schedule.epochs - unmixed)
        self._started = time.monotonic()

    def on_train_batch_end(self, batch, logs=None):
        if batch % EMA_STEPS:
            return
        if keras.backend.backend() == "jax":
            self.model.jax_state_sync()  # there the weights live in the step, and are handed out when asked
        # The first epochs are too far from the last to be kept: a short memory at the start.
        steps = int(ops.convert_to_numpy(self.model.optimizer.iterations)) // EMA_STEPS
        keep = min(EMA, steps / (steps + 10))
        for average, now in zip(self._average, self.model.get_weights(), strict=True):
            average *= keep
            average += (1 - keep) * now

    def on_epoch_end(self, epoch, logs=None):
        seconds = time.monotonic() - self._started
        raw = self.model.get_weights()
        self.model.set_weights(self._average)
        line = {"epoch": epoch + 1, "seconds": round(seconds), "loss": round(float(logs["loss"]), 4)}
        line |= _measure(self.model, self._public)
        _write(self._run / "network.keras", self.model.save)
        self.model.set_weights(raw)
        self._log(line)
        self._checkpoint(epoch + 1)

    def _log(self, line: dict) -> None:
        path = self._run / "log.csv"
        new = not path.exists()
        with path.open("a", newline="") as file:
            writer = csv.DictWriter(file, line)
            if new:
                writer.writeheader()
            writer.writerow(line)
        left = (self._schedule.epochs - line["epoch"]) * line["seconds"] / 60
        print(
            " ".join(f"{name} {value}" for name, value in line.items()), f"· {left:.0f} min left", flush=True
        )

    def _checkpoint(self, epochs: int) -> None:
        variables = [*self.model.variables, *self.model.optimizer.variables]
        arrays = {f"state_{index}": ops.convert_to_numpy(value) for index, value in enumerate(variables)}
        arrays |= {f"average_{index}": value for index, value in enumerate(self._average)}
        _write(self._run / "checkpoint.npz", lambda path: np.savez(path, epochs=epochs, **arrays))


def _measure(network: keras.Model, faces: Faces) -> dict[str, float]:
    outputs = network.predict(as_input(faces.images), batch_size=AT_ONCE, verbose=0)
    has_majority, majority = ferplus_majority(faces.votes)
    right = outputs["ferplus"][:, SEVEN].argmax(1) == majority
    return {
        "fer": round(float((outputs["fer"].argmax(1) == faces.labels).mean()), 4),
        "ferplus": round(float(right[has_majority].mean()), 4) if has_majority.any() else float("nan"),
    }


def _write(path: Path, save) -> None:
    """Write beside and rename, so that a run killed at any moment leaves a whole file."""
    beside = path.with_name(f"writing-{path.name}")
    save(beside)
    os.replace(beside, path)
