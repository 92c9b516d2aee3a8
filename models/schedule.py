"""What decides a training run besides the data: noted beside the run, and told in the network's card."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

LEARNING_RATES = {
    "simple": 0.01,
    "vgg13": 0.01,
    "resnet": 0.06,
    "aula": 0.06,
    "vgg16": 0.005,
    "resnet50": 0.02,
}
"""The architectures, and from where the learning rate of each goes down. Those without normalisation diverge
at more, and those that learnt from ImageNet would forget it."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """What decides a run besides the data."""

    architecture: str = "aula"
    epochs: int = 40
    batch: int = 96
    crops_in_batch: int = 12
    learning_rate: float = LEARNING_RATES["aula"]
    weight_decay: float = 0.0025  # a step shrinks kernels by this times the learning rate
    augment: bool = True
    mixup: float = 0.4
    """How far faces are mixed: the parameter of a beta distribution (Zhang et al. 2018); 0: not at all."""
    class_weights: bool = False
    """Whether a face weighs the more the rarer its label is: better for macro-F1, worse for accuracy."""
    sam: float = 0.0
    """How far from the weights the loss has to be low too (the ρ of Foret et al. 2021), at twice the time a
    batch; 0: only at the weights."""
    ema: float = 0.9
    """What the average of the weights, which is the network that comes out, keeps of itself every ten steps;
    0 gives the last weights."""
    keep_every: int = 1
    """Epochs from one measurement and checkpoint to the next; the last is always kept."""
    seed: int = 1
    precision: str = "mixed_bfloat16"
    teachers: tuple[str, ...] = ()
    """Networks trained before, .keras or .tflite, whose answers are learnt beside the labels."""
    weights: str | None = None
    """A .keras of the same architecture whose trunk a run begins from, where it has no checkpoint yet."""
    imagenet: str | None = None
    """A file of ImageNet weights for a pretrained architecture; None lets Keras fetch them."""

    def options(self) -> str:
        """Give the options of `train` that ask for this, files by their names."""
        usual = Schedule(learning_rate=LEARNING_RATES[self.architecture])
        words = [f"--epochs {self.epochs} --seed {self.seed} --precision {self.precision}"]
        for name in ("architecture", "batch", "learning_rate", "mixup", "sam", "ema", "keep_every"):
            if (value := getattr(self, name)) != getattr(usual, name):
                words.append(f"--{name.replace('_', '-')} {value}")
        words += ["--no-augment"] * (not self.augment) + ["--class-weights"] * self.class_weights
        files = [("teacher", teacher) for teacher in self.teachers]
        files += [("weights", self.weights), ("imagenet", self.imagenet)]
        return " ".join(words + [f"--{name} {Path(file).name}" for name, file in files if file])

    def told(self) -> dict:
        """Give everything for the network's card, files by their names: folders are nobody's business."""
        names = {name: Path(file).name for name in ("weights", "imagenet") if (file := getattr(self, name))}
        return asdict(self) | names | {"teachers": [Path(teacher).name for teacher in self.teachers]}


def note(run: Path, schedule: Schedule, epochs_done: int) -> None:
    """Add a schedule to run/schedule.json, if it is another than the run has had until now.

    A run may be resumed with fewer or more epochs; the card of its network then says so.
    """
    had = noted(run)
    if not had or had[-1][1] != schedule:
        entries = [{"after_epoch": done} | asdict(one) for done, one in [*had, (epochs_done, schedule)]]
        (run / "schedule.json").write_text(json.dumps(entries, indent=2) + "\n")


def noted(run: Path) -> list[tuple[int, Schedule]]:
    """Give a run's schedules, each with the number of epochs that were done when it came into force."""
    path = run / "schedule.json"
    entries = json.loads(path.read_text()) if path.exists() else []
    return [
        (entry.pop("after_epoch"), Schedule(**entry | {"teachers": tuple(entry.get("teachers", ()))}))
        for entry in entries
    ]
