"""Running a command: packages checked first, and bad input reported in one line."""

import os
import sys
from argparse import Namespace
from collections.abc import Callable
from importlib.util import find_spec

from models import CommandError


def run_command(command: Callable[[Namespace], None], options: Namespace, *, needs_litert: bool) -> int:
    """Run a command; return 0, 2 after a line about input that it can't use, or 130 when interrupted."""
    try:
        check_packages(needs_litert=needs_litert)
        command(options)
    except (CommandError, OSError) as error:
        print(f"models: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("models: stopped; the same command resumes a training", file=sys.stderr)
        return 130
    return 0


def check_packages(*, needs_litert: bool) -> None:
    """Raise CommandError where a package for training is missing.

    With another of Keras's backends only writing a LiteRT file needs tensorflow.
    """
    packages = ["keras", "matplotlib", "tqdm"]
    if needs_litert or os.environ.get("KERAS_BACKEND", "tensorflow") == "tensorflow":
        packages.insert(0, "tensorflow")
    if missing := [package for package in packages if not find_spec(package)]:
        raise CommandError(f"{', '.join(missing)} missing; run: pip install -r requirements-train.txt")
