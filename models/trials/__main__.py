"""`python -m models.trials --architecture NAME …`: train an architecture that is not shipped."""

import argparse
import sys
from functools import partial

from models import CommandError
from models.command_line import run_command
from models.training.options import add_options, schedule_from

LEARNING_RATES = {"simple": 0.01, "vgg13": 0.01, "resnet": 0.06, "vgg16": 0.005, "resnet50": 0.02}
"""The architectures and the highest learning rate of each. Above it those without normalisation diverge, and
those that start from ImageNet's weights forget them."""


def main(arguments: list[str] | None = None) -> int:
    """Train one architecture; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m models.trials", description="Train an architecture that is not shipped."
    )
    parser.add_argument("--architecture", choices=LEARNING_RATES, required=True)
    parser.add_argument(
        "--imagenet",
        metavar="FILE",
        help="ImageNet's weights for vgg16 or resnet50, in Keras's format; default: Keras downloads them",
    )
    add_options(parser)
    return run_command(_train, parser.parse_args(arguments), needs_litert=False)


def _train(options: argparse.Namespace) -> None:
    from models.training.train import train
    from models.trials import baselines, pretrained

    name = options.architecture
    if name in pretrained.PRETRAINED:
        build = partial(pretrained.PRETRAINED[name], imagenet=options.imagenet or pretrained.DOWNLOADED)
    elif options.imagenet:
        raise CommandError(
            f"--imagenet is for {' and '.join(pretrained.PRETRAINED)}; {name} starts from random weights"
        )
    else:
        build = baselines.BASELINES[name]
    schedule = schedule_from(options, LEARNING_RATES[name])
    print(train(options.data, options.crops, options.run, schedule, build, options.wild))


if __name__ == "__main__":
    sys.exit(main())
