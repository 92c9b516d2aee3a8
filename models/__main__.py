"""The commands: `python -m models data`, `train`, `evaluate`, `compare`, `export`."""

import argparse
import json
import os
import sys
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

from models import Refusal
from models.schedule import LEARNING_RATES, Schedule

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # TensorFlow's own start-up chatter

FOLDER = Path(__file__).parent
PARTS = ("Training", "PublicTest", "PrivateTest")  # here too, so that --help needs no TensorFlow


def main(arguments: list[str] | None = None) -> int:
    """Run one command; what it can't use is said in one line, with the exit status 2."""
    options = _parser().parse_args(arguments)
    try:
        options.command(options)
    except (Refusal, OSError) as error:
        print(f"models: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("models: stopped; a training goes on when the same command is given again", file=sys.stderr)
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m models", description="Train, measure and export the network."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    data = argparse.ArgumentParser(add_help=False)
    data.add_argument("--data", type=Path, required=True, help="FER-2013 as .npz")
    part = argparse.ArgumentParser(add_help=False, parents=[data])
    part.add_argument("--usage", choices=PARTS, default="PublicTest")
    part.add_argument("--json", action="store_true", help="one JSON object instead of a table")

    _add_data(commands.add_parser("data", help="read FER-2013 as it comes, and write it as one .npz"))
    _add_train(
        commands.add_parser("train", parents=[data], help="train a network; resumes a run that was stopped")
    )
    _add_evaluate(
        commands.add_parser("evaluate", parents=[part], help="measure a network on one part of FER-2013")
    )
    comparing = commands.add_parser("compare", parents=[part], help="measure several networks side by side")
    comparing.add_argument("networks", type=Path, nargs="+", help=".keras or .tflite")
    comparing.set_defaults(command=_compare)
    _add_export(
        commands.add_parser("export", parents=[data], help="write the files that the program serves from")
    )
    return parser


def _add_data(reading: argparse.ArgumentParser) -> None:
    reading.add_argument(
        "source", type=Path, help="fer2013.csv, a folder of class folders (train/angry/…, test/…), or .npz"
    )
    reading.add_argument("--votes", type=Path, help="fer2013new.csv of FER+, beside fer2013.csv")
    reading.add_argument(
        "--skip-unreadable", action="store_true", help="leave out pictures that can't be used, and name them"
    )
    reading.add_argument(
        "--out", type=Path, required=True, help=".npz to write; a .png of the classes is drawn beside it"
    )
    reading.set_defaults(command=_data)


def _add_train(training: argparse.ArgumentParser) -> None:
    usual = Schedule()
    option = training.add_argument
    option("--crops", type=Path, help="a cascade's proposals as .npz, for the `face` head")
    option("--run", type=Path, required=True, help="folder of checkpoints and log")
    option("--architecture", choices=LEARNING_RATES, default=usual.architecture)
    option("--batch", type=_number(int, 1, 4096), default=usual.batch, help="faces; default: %(default)s")
    option("--epochs", type=_number(int, 1, 10_000), default=usual.epochs)
    option(
        "--learning-rate",
        type=_number(float, 1e-6, 10),
        help="at its highest; default: that of the architecture",
    )
    option(
        "--augment",
        action=argparse.BooleanOptionalAction,
        default=usual.augment,
        help="turn, shift, mirror, light, partly cover and blur faces, a little differently each time",
    )
    option(
        "--mixup",
        type=_number(float, 0, 10),
        metavar="ALPHA",
        default=usual.mixup,
        help="how far to mix faces with each other, 0: not at all; default: %(default)s",
    )
    option(
        "--sam",
        type=_number(float, 0, 10),
        metavar="RADIUS",
        default=usual.sam,
        help="sharpness-aware minimisation: how far from the weights the loss has to be low too, for example "
        "0.1, at twice the time; default: only at the weights",
    )
    option(
        "--class-weights",
        action="store_true",
        help="let rare expressions weigh more; better for macro-F1, worse for accuracy",
    )
    option(
        "--ema",
        type=_number(float, 0, 0.9999),
        metavar="KEPT",
        default=usual.ema,
        help="what the average of the weights, which comes out, keeps of itself every ten steps; 0: no "
        "average; default: %(default)s",
    )
    option(
        "--teacher",
        dest="teachers",
        action="append",
        default=[],
        help="a network trained before, .keras or .tflite, to learn from beside the labels; may be repeated",
    )
    option("--weights", help="a .keras of the same architecture whose trunk a new run begins from")
    option("--imagenet", help="weights for vgg16 or resnet50, as Keras has them; default: Keras fetches them")
    option(
        "--keep-every",
        type=_number(int, 1, 10_000),
        metavar="EPOCHS",
        default=usual.keep_every,
        help="measure and write a checkpoint after so many epochs, not after each",
    )
    option("--seed", type=int, default=usual.seed)
    option("--precision", choices=("mixed_bfloat16", "float32"), default=usual.precision)
    training.set_defaults(command=_train)


def _add_evaluate(measuring: argparse.ArgumentParser) -> None:
    measuring.add_argument(
        "--network", type=Path, default=FOLDER / "emotion_cnn.tflite", help=".keras or .tflite"
    )
    measuring.add_argument("--pictures", type=Path, help="folder to draw the figures into, as PNG")
    measuring.set_defaults(command=_evaluate)


def _add_export(shipping: argparse.ArgumentParser) -> None:
    shipping.add_argument(
        "--network",
        type=Path,
        nargs="+",
        required=True,
        help="network.keras of a run; of several, of which one began from another, the average is exported",
    )
    shipping.add_argument(
        "--crops", type=Path, help="a cascade's proposals as .npz, for the threshold of `face`"
    )
    shipping.add_argument("--out", type=Path, default=FOLDER, help="folder; default: that of the program")
    shipping.set_defaults(command=_export)


def _number(kind: type, lowest: float, highest: float) -> Callable[[str], float]:
    """Give the reader of an option that is a number from lowest to highest."""

    def read(text: str) -> float:
        try:
            number = kind(text)
        except ValueError:
            number = None
        if number is None or not lowest <= number <= highest:
            whole = "a whole number" if kind is int else "a number"
            raise argparse.ArgumentTypeError(f"{text!r} is not {whole} from {lowest} to {highest}")
        return number

    return read


def _data(options: argparse.Namespace) -> None:
    from models.dataset import DataError, write_all
    from models.originals import read_original
    from models.pictures import draw_classes
    from models.survey import survey, table

    if options.out.suffix != ".npz":
        raise DataError(f"--out {options.out} is no .npz file; `train` and the others read .npz")
    data, faults = read_original(options.source, options.votes, skip=options.skip_unreadable)
    for fault in faults:
        print(f"left out: {fault}", file=sys.stderr)
    found, picture = survey(data), options.out.with_suffix(".png")
    write_all(options.out, data)
    draw_classes({part.name: counts for part, counts in found.counts.items()}, picture)
    print(f"{table(found)}\n\n{options.out} and {picture} written")


def _train(options: argparse.Namespace) -> None:
    from models.train import train

    asked = {field.name: getattr(options, field.name) for field in fields(Schedule) if field.name in options}
    asked["teachers"] = tuple(options.teachers)
    asked["learning_rate"] = options.learning_rate or LEARNING_RATES[options.architecture]
    print(train(options.data, options.crops, options.run, Schedule(**asked)))


def _evaluate(options: argparse.Namespace) -> None:
    from models.dataset import Usage
    from models.evaluate import evaluate, table

    if options.pictures:
        from models.pictures import draw_figures
    result = evaluate(options.network, options.data, Usage[options.usage])
    if options.pictures:
        for path in draw_figures(result, options.pictures):
            print(f"{path} drawn", file=sys.stderr)
    print(json.dumps(result) if options.json else table(result))


def _compare(options: argparse.Namespace) -> None:
    from models.comparison import compare, table
    from models.dataset import Usage

    result = compare(options.networks, options.data, Usage[options.usage])
    print(json.dumps(result) if options.json else table(result))


def _export(options: argparse.Namespace) -> None:
    from models.evaluate import table
    from models.export import LITERT, export

    card = export(options.network, options.data, options.crops, options.out)
    print(table({"network": LITERT, "usage": "PublicTest"} | card["figures"]["PublicTest"]))


if __name__ == "__main__":
    sys.exit(main())
