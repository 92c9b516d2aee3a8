"""Callbacks of a training run: epoch start, moving average of the weights, checkpoints, log and progress."""

import csv
import os
import time
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
from keras import ops
from tqdm import tqdm

from app.vision.crop import as_input
from models.data.dataset import DataError, Faces
from models.data.votes import SEVEN, ferplus_majority
from models.data.wild_faces import WildFaces
from models.evaluation.plots import plot_training_curves
from models.network.serving import BATCH_SIZE
from models.training.batches import Batches
from models.training.schedule import Schedule

AVERAGED_STEPS = 10  # the moving average takes in the weights at every tenth step
UNMIXED_SHARE = 0.1
"""The share of the epochs, the last ones, without mixup, since a mixed label fits neither face. Teachers
answer to the mixed face, so with teachers a run mixes to its end."""


class EpochStart(keras.callbacks.Callback):
    """Shuffles the batches for each epoch and ends mixup in time."""

    def __init__(self, batches: Batches, schedule: Schedule):
        super().__init__()
        unmixed_epochs = 0 if schedule.teachers else max(round(schedule.epochs * UNMIXED_SHARE), 1)
        self._batches, self._mixed_epochs = batches, schedule.epochs - unmixed_epochs

    def on_epoch_begin(self, epoch, logs=None):
        self._batches.start_epoch(epoch, mixup=epoch < self._mixed_epochs)


class CheckpointCallback(keras.callbacks.Callback):
    """Averages the weights over the steps; after each epoch measures, logs, plots and writes a checkpoint."""

    def __init__(self, run: Path, public: Faces, schedule: Schedule, wild: WildFaces | None):
        super().__init__()
        self._run, self._public, self._schedule, self._wild = run, public, schedule, wild
        self._average: list[np.ndarray] = []

    def resume(self, network: keras.Model) -> int:
        """Load the run's checkpoint, if there is one; return the number of epochs done."""
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
            epochs_done = int(file["epochs"])
        for variable, value in zip([*network.variables, *network.optimizer.variables], states, strict=True):
            variable.assign(value)
        return epochs_done

    def on_epoch_begin(self, epoch, logs=None):
        self._started = time.monotonic()

    def on_train_batch_end(self, batch, logs=None):
        if batch % AVERAGED_STEPS != (1 if self._schedule.sam else 0):  # after an odd step, SAM is up a slope
            return
        if keras.backend.backend() == "jax":
            self.model.jax_state_sync()  # on JAX the step holds the weights until they are asked for
        # The first epochs are too far from the last to be kept, so the average begins with a short memory.
        steps = int(ops.convert_to_numpy(self.model.optimizer.iterations)) // AVERAGED_STEPS
        decay = min(self._schedule.ema, steps / (steps + 10))
        for average, weight in zip(self._average, self.model.get_weights(), strict=True):
            average *= decay
            average += (1 - decay) * weight

    def on_epoch_end(self, epoch, logs=None):
        seconds = time.monotonic() - self._started
        if (epoch + 1) % self._schedule.keep_every and epoch + 1 < self._schedule.epochs:
            return
        last_weights = self.model.get_weights()
        if not self._schedule.ema:
            self._average = [weight.copy() for weight in last_weights]
        self.model.set_weights(self._average)
        line = {"epoch": epoch + 1, "seconds": round(seconds, 1), "loss": round(float(logs["loss"]), 4)}
        line |= measure_accuracy(self.model, self._public)
        if self._wild is not None:
            line |= measure_in_the_wild(self.model, self._wild)
        _write_atomically(self._run / "network.keras", self.model.save)
        self.model.set_weights(last_weights)
        self._log(line)
        self._write_checkpoint(epoch + 1)

    def _log(self, line: dict) -> None:
        path = self._run / "log.csv"
        is_new = not path.exists()
        with path.open("a", newline="") as file:
            writer = csv.DictWriter(file, line)
            if is_new:
                writer.writeheader()
            writer.writerow(line)
        with path.open() as file:
            plot_training_curves(list(csv.DictReader(file)), self._run / "curves.png")
        minutes_left = (self._schedule.epochs - line["epoch"]) * line["seconds"] / 60
        text = " ".join(f"{name} {value}" for name, value in line.items())
        with tqdm.external_write_mode():
            print(text, f"· {minutes_left:.0f} min left", flush=True)

    def _write_checkpoint(self, epochs_done: int) -> None:
        variables = [*self.model.variables, *self.model.optimizer.variables]
        arrays = {f"state_{index}": ops.convert_to_numpy(value) for index, value in enumerate(variables)}
        arrays |= {f"average_{index}": value for index, value in enumerate(self._average)}
        _write_atomically(
            self._run / "checkpoint.npz", lambda path: np.savez(path, epochs=epochs_done, **arrays)
        )


class ProgressBar(keras.callbacks.Callback):
    """Shows on a terminal how far the run is and how long it will take; writes nothing into a log."""

    def __init__(self, epochs: int, steps: int, epochs_done: int):
        super().__init__()
        self._bar = tqdm(total=epochs * steps, initial=epochs_done * steps, unit="step", disable=None)

    def on_epoch_begin(self, epoch, logs=None):
        self._bar.set_description(f"epoch {epoch + 1}", refresh=False)

    def on_train_batch_end(self, batch, logs=None):
        if not self._bar.disable:  # reading a loss waits for the step
            self._bar.set_postfix_str(f"loss {float(logs['loss']):.3f}", refresh=False)
            self._bar.update()

    def on_train_end(self, logs=None):
        self._bar.close()


def measure_accuracy(network: keras.Model, faces: Faces) -> dict[str, float]:
    """Measure the heads `fer`, on the labels, and `ferplus`, on the FER+ majority; 0 to 1, or NaN."""
    outputs = network.predict(as_input(faces.images), batch_size=BATCH_SIZE, verbose=0)
    has_majority, majority = ferplus_majority(faces.votes)
    is_right = outputs["ferplus"][:, SEVEN].argmax(1) == majority
    return {
        "fer": round(float((outputs["fer"].argmax(1) == faces.labels).mean()), 4),
        "ferplus": round(float(is_right[has_majority].mean()), 4) if has_majority.any() else float("nan"),
    }


def measure_in_the_wild(network: keras.Model, faces: WildFaces) -> dict[str, float]:
    """Measure head `wild` on held-out faces: accuracy, and the mean recall of the expressions; 0 to 1."""
    images, labels = faces.held_out()
    outputs = network.predict(as_input(images), batch_size=BATCH_SIZE, verbose=0)
    is_right = outputs["wild"].argmax(1) == labels
    recalls = [is_right[labels == label].mean() for label in np.unique(labels)]
    return {"wild": round(float(is_right.mean()), 4), "wild_recall": round(float(np.mean(recalls)), 4)}


def _write_atomically(path: Path, write: Callable[[Path], None]) -> None:
    """Write a neighbour and rename it, so that a run killed at any moment leaves a complete file."""
    neighbour = path.with_name(f"writing-{path.name}")
    write(neighbour)
    os.replace(neighbour, path)
