"""What happens beside the steps of a training: averages, checkpoints, measures, the log and its curves."""

import csv
import os
import time
from pathlib import Path

import keras
import numpy as np
from keras import ops
from tqdm import tqdm

from app.vision.crop import as_input
from models.batches import Batches
from models.dataset import SEVEN, DataError, Faces, ferplus_majority
from models.pictures import draw_curves
from models.schedule import Schedule
from models.serving import AT_ONCE

EMA_STEPS = 10  # how often the average of the weights takes them in
UNMIXED_SHARE = 0.1
"""Of the epochs, the last ones, which see faces as they are, for a mixed label fits neither face. Teachers
answer to what is mixed, so with these a run mixes to its end."""


class Keeper(keras.callbacks.Callback):
    """Averages the weights over the steps; after each epoch measures, logs, draws and writes a checkpoint."""

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
        epochs = self._schedule.epochs
        unmixed = max(round(epochs * UNMIXED_SHARE), 1) if not self._schedule.teachers else 0
        self._batches.start_epoch(epoch, mixup=epoch < epochs - unmixed)
        self._started = time.monotonic()

    def on_train_batch_end(self, batch, logs=None):
        if batch % EMA_STEPS != (1 if self._schedule.sam else 0):  # `SAM` is away at every other step
            return
        if keras.backend.backend() == "jax":
            self.model.jax_state_sync()  # there the weights live in the step, and are handed out when asked
        # The first epochs are too far from the last to be kept: a short memory at the start.
        steps = int(ops.convert_to_numpy(self.model.optimizer.iterations)) // EMA_STEPS
        keep = min(self._schedule.ema, steps / (steps + 10))
        for average, now in zip(self._average, self.model.get_weights(), strict=True):
            average *= keep
            average += (1 - keep) * now

    def on_epoch_end(self, epoch, logs=None):
        seconds = time.monotonic() - self._started
        if (epoch + 1) % self._schedule.keep_every and epoch + 1 < self._schedule.epochs:
            return
        raw = self.model.get_weights()
        if not self._schedule.ema:
            self._average = [weight.copy() for weight in raw]
        self.model.set_weights(self._average)
        line = {"epoch": epoch + 1, "seconds": round(seconds, 1), "loss": round(float(logs["loss"]), 4)}
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
        with path.open() as file:
            draw_curves(list(csv.DictReader(file)), self._run / "curves.png")
        left = (self._schedule.epochs - line["epoch"]) * line["seconds"] / 60
        said = " ".join(f"{name} {value}" for name, value in line.items())
        with tqdm.external_write_mode():
            print(said, f"· {left:.0f} min left", flush=True)

    def _checkpoint(self, epochs: int) -> None:
        variables = [*self.model.variables, *self.model.optimizer.variables]
        arrays = {f"state_{index}": ops.convert_to_numpy(value) for index, value in enumerate(variables)}
        arrays |= {f"average_{index}": value for index, value in enumerate(self._average)}
        _write(self._run / "checkpoint.npz", lambda path: np.savez(path, epochs=epochs, **arrays))


class Progress(keras.callbacks.Callback):
    """Shows on a terminal how far the run is and how long it will take; writes nothing into a log."""

    def __init__(self, epochs: int, steps: int, epochs_done: int):
        super().__init__()
        self._steps = tqdm(total=epochs * steps, initial=epochs_done * steps, unit="step", disable=None)

    def on_epoch_begin(self, epoch, logs=None):
        self._steps.set_description(f"epoch {epoch + 1}", refresh=False)

    def on_train_batch_end(self, batch, logs=None):
        if not self._steps.disable:  # to read a loss is to wait for it
            self._steps.set_postfix_str(f"loss {float(logs['loss']):.3f}", refresh=False)
            self._steps.update()

    def on_train_end(self, logs=None):
        self._steps.close()


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
