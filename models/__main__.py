"""The commands: `python -m models train`, `evaluate`, `export`."""

import argparse
import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # TensorFlow's own start-up chatter


def main(arguments: list[str] | None = None) -> int:
    """Run one command; what it can't use is said in one line, with the exit status 2."""
    from models.dataset import DataError

    options = _parser().parse_args(arguments)
    try:
        options.command(options)
    except DataError as error:
        print(f"models: {error}", file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m models", description="Train, measure and export the network."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    training = commands.add_parser("train", help="train a network; resumes a run that was stopped")
    training.add_argument("--data", type=Path, required=True, help="FER-2013 as .npz")
    training.add_argument("--crops", type=Path, help="a cascade's proposals as .npz, for the `face` head")
    training.add_argument("--run", type=Path, required=True, help="folder of checkpoints and log")
    training.add_argument("--epochs", type=int, default=40)
    training.add_argument("--seed", type=int, default=1)
    training.add_argument("--precision", choices=("mixed_bfloat16", "float32"), default="mixed_bfloat16")
    training.set_defaults(command=_train)
    return parser


def _train(options: argparse.Namespace) -> None:
    from models.train import Schedule, train

    schedule = Schedule(epochs=options.epochs, seed=options.seed, precision=options.precision)
    print(train(options.data, options.crops, options.run, schedule))


if __name__ == "__main__":
    sys.exit(main())
