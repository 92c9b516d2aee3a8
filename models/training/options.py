"""The options of `train`, which the trials take too. Reading them imports no Keras, so --help is quick."""

import argparse
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

from models.training.schedule import Schedule


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of a training run."""
    default = Schedule()
    option = parser.add_argument
    option("--data", type=Path, required=True, help="FER-2013 as .npz")
    option("--crops", type=Path, help="face proposals of a cascade as .npz, for the `face` head")
    option("--wild", type=Path, help="faces in the wild as `wild` or `clean` wrote them, for the `wild` head")
    option("--run", type=Path, required=True, help="folder of checkpoints and log")
    option("--batch", type=number(int, 1, 4096), default=default.batch, help="faces; default: %(default)s")
    option(
        "--wild-in-batch",
        type=number(int, 1, 4096),
        metavar="N",
        default=default.wild_in_batch,
        help="faces in the wild beside them, where --wild is given; default: %(default)s",
    )
    option("--epochs", type=number(int, 1, 10_000), default=default.epochs, help="default: %(default)s")
    option(
        "--learning-rate",
        type=number(float, 1e-6, 10),
        help=f"the highest, after one epoch of warm-up; default: {default.learning_rate}",
    )
    option(
        "--mixup",
        type=number(float, 0, 10),
        metavar="ALPHA",
        default=default.mixup,
        help="mix faces with each other by Beta(ALPHA, ALPHA), 0: never; default: %(default)s",
    )
    option(
        "--sam",
        type=number(float, 0, 10),
        metavar="RADIUS",
        default=default.sam,
        help="sharpness-aware minimisation within this radius, for example 0.1, at twice the time; "
        "default: off",
    )
    option(
        "--ema",
        type=number(float, 0, 0.9999),
        metavar="DECAY",
        default=default.ema,
        help="decay of the weights' moving average every ten steps; the run's network is this average; 0: "
        "the last weights; default: %(default)s",
    )
    option(
        "--teacher",
        dest="teachers",
        metavar="FILE",
        action="append",
        default=[],
        help="a trained network, .keras or .tflite, to learn from beside the labels; may be repeated",
    )
    option(
        "--weights",
        metavar="FILE",
        help="a .keras of the same architecture from whose trunk a new run begins",
    )
    option(
        "--keep-every",
        type=number(int, 1, 10_000),
        metavar="EPOCHS",
        default=default.keep_every,
        help="measure and write a checkpoint only every so many epochs; default: %(default)s",
    )
    option("--seed", type=int, default=default.seed, help="of all random numbers; default: %(default)s")
    option(
        "--precision",
        choices=("mixed_bfloat16", "float32"),
        default=default.precision,
        help="of the computation; bfloat16 is fast only on some processors; default: %(default)s",
    )


def schedule_from(options: argparse.Namespace, default_learning_rate: float | None = None) -> Schedule:
    """Return the schedule that the options ask for."""
    values = {field.name: getattr(options, field.name) for field in fields(Schedule) if field.name in options}
    values["teachers"] = tuple(options.teachers)
    values["learning_rate"] = options.learning_rate or default_learning_rate or Schedule().learning_rate
    return Schedule(**values)


def number(number_type: type, minimum: float, maximum: float) -> Callable[[str], float]:
    """Return the argparse type of an option that is a number from minimum to maximum."""

    def parsed(text: str) -> float:
        try:
            value = number_type(text)
        except ValueError:
            value = None
        if value is None or not minimum <= value <= maximum:
            expected = "a whole number" if number_type is int else "a number"
            raise argparse.ArgumentTypeError(f"{text!r} is not {expected} from {minimum} to {maximum}")
        return value

    return parsed
