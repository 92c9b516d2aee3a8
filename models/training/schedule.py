"""The settings of a training run, recorded in the run's folder and in the network's card."""

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from models import CommandError

SHIPPED_ARCHITECTURE = "aula"
RETIRED_OPTIONS = {"augment": True, "class_weights": False, "imagenet": None}
"""Options of older runs, each with the only value that today's code still trains with."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """Everything that decides a training run besides the data."""

    architecture: str = SHIPPED_ARCHITECTURE
    epochs: int = 40
    batch: int = 96
    crops_in_batch: int = 12
    wild_in_batch: int = 72
    """Faces in the wild, where there are any."""
    learning_rate: float = 0.06
    """The highest one, after the warm-up."""
    weight_decay: float = 0.0025  # a step shrinks kernels by this times the learning rate
    mixup: float = 0.4
    """The parameter of mixup's beta distribution (Zhang et al. 2018); 0: no mixing."""
    sam: float = 0.0
    """The radius within which the loss has to be low (the ρ of Foret et al. 2021), at twice the time a batch;
    0: plain SGD."""
    ema: float = 0.9
    """The decay, every ten steps, of the weights' moving average, which is the run's network; 0: no average,
    the last weights."""
    keep_every: int = 1
    """Epochs from one measurement and checkpoint to the next; the last epoch always has both."""
    seed: int = 1
    precision: str = "mixed_bfloat16"
    teachers: tuple[str, ...] = ()
    """Trained networks, .keras or .tflite, whose answers are learnt beside the labels."""
    weights: str | None = None
    """A .keras of the same architecture from whose trunk a new run begins."""

    def command(self, run: str, inputs: str) -> str:
        """Return the command that trains by this schedule; files by name, since folders are private."""
        program = "models train" if self.architecture == SHIPPED_ARCHITECTURE else "models.trials"
        return f"python -m {program} {inputs} --run runs/{run} {self.options()}"

    def options(self) -> str:
        """Return the command's options for this schedule, without those at their defaults."""
        default = Schedule()
        words = [f"--epochs {self.epochs} --seed {self.seed} --precision {self.precision}"]
        for name in (
            "architecture",
            "batch",
            "wild_in_batch",
            "learning_rate",
            "mixup",
            "sam",
            "ema",
            "keep_every",
        ):
            if (value := getattr(self, name)) != getattr(default, name):
                words.append(f"--{name.replace('_', '-')} {value}")
        words += [f"--teacher {Path(teacher).name}" for teacher in self.teachers]
        words += [f"--weights {Path(self.weights).name}"] if self.weights else []
        return " ".join(words)

    def for_card(self) -> dict:
        """Return all fields for the network's card; files by name, since folders are private."""
        return asdict(self) | {
            "teachers": [Path(teacher).name for teacher in self.teachers],
            "weights": Path(self.weights).name if self.weights else None,
        }


def record_schedule(run: Path, schedule: Schedule, epochs_done: int) -> None:
    """Append a schedule to run/schedule.json unless it is the run's latest.

    A run may be resumed with fewer or more epochs; the card of its network then lists both schedules.
    """
    recorded = recorded_schedules(run)
    if not recorded or recorded[-1][1] != schedule:
        entries = [
            {"after_epoch": done} | asdict(each) for done, each in [*recorded, (epochs_done, schedule)]
        ]
        (run / "schedule.json").write_text(json.dumps(entries, indent=2) + "\n")


def recorded_schedules(run: Path) -> list[tuple[int, Schedule]]:
    """Return a run's schedules, each with the number of epochs after which it began."""
    path = run / "schedule.json"
    entries = json.loads(path.read_text()) if path.exists() else []
    return [(entry["after_epoch"], _schedule(path, entry)) for entry in entries]


def _schedule(path: Path, entry: dict) -> Schedule:
    for name, value in RETIRED_OPTIONS.items():
        if entry.get(name, value) != value:
            raise CommandError(f"{path} was trained with {name}={entry[name]}, which is no longer supported")
    values = {field.name: entry[field.name] for field in fields(Schedule) if field.name in entry}
    return Schedule(**values | {"teachers": tuple(entry.get("teachers", ()))})
