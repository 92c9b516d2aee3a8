"""The commands of `python -m models`: prepare data, train, evaluate, compare and export networks.

Each imports what it needs only when it runs: TensorFlow takes seconds, and --help needs none of it.
"""

import argparse
import json
import os
import sys
from pathlib import Path

from models.command_line import run_command
from models.training.options import add_options, schedule_from

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # silences TensorFlow's own start-up messages

FOLDER = Path(__file__).parent
SPLITS = ("Training", "PublicTest", "PrivateTest")


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return the exit status."""
    options = _parser().parse_args(arguments)
    return run_command(options.command, options, needs_litert=options.needs_litert)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m models", description="Train, evaluate and export the network."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_data(commands.add_parser("data", help="convert FER-2013, as it is distributed, into one .npz"))
    _add_wild(commands.add_parser("wild", help="gather labelled faces in the wild, some of them held out"))
    _add_clean(
        commands.add_parser("clean", help="trust the labels in the wild that a trained network shares")
    )
    _add_train(commands.add_parser("train", help="train the network, or resume a stopped run"))
    _add_evaluate(commands.add_parser("evaluate", help="evaluate a network on one split of FER-2013"))
    _add_compare(commands.add_parser("compare", help="compare several networks on the same faces"))
    _add_fairness(commands.add_parser("fairness", help="measure who is read how well, by group and age"))
    _add_export(commands.add_parser("export", help="write the files that the program serves"))
    return parser


def _add_data(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "source", type=Path, help="fer2013.csv, a folder of class folders (train/angry/…, test/…), or .npz"
    )
    parser.add_argument("--votes", type=Path, help="fer2013new.csv of FER+, with the rows of fer2013.csv")
    parser.add_argument(
        "--skip-unreadable", action="store_true", help="skip and list pictures that can't be used"
    )
    parser.add_argument(
        "--out",
        type=Path,
        required=True,
        help=".npz to write; a .png with the class counts is drawn beside it",
    )
    parser.set_defaults(command=_data, needs_litert=False)


def _add_wild(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, help="folder of raf.npz, affect.npz, expw.npz and small.npz")
    parser.add_argument("--seed", type=int, default=27, help="of what is held out; default: %(default)s")
    parser.add_argument("--out", type=Path, required=True, help=".npz to write")
    parser.set_defaults(command=_wild, needs_litert=False)


def _add_clean(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("wild", type=Path, help=".npz that `wild` wrote")
    parser.add_argument("--network", type=Path, required=True, help="network.keras of a run trained on it")
    parser.add_argument("--out", type=Path, required=True, help=".npz to write, for the next run")
    parser.set_defaults(command=_clean, needs_litert=True)


def _add_train(parser: argparse.ArgumentParser) -> None:
    add_options(parser)
    parser.set_defaults(command=_train, needs_litert=False)


def _add_evaluate(parser: argparse.ArgumentParser) -> None:
    _add_split(parser)
    parser.add_argument(
        "--network", type=Path, default=FOLDER / "emotion_cnn.tflite", help=".keras or .tflite"
    )
    parser.add_argument("--pictures", type=Path, help="folder for plots of the figures, as PNG")
    parser.set_defaults(command=_evaluate, needs_litert=False)


def _add_compare(parser: argparse.ArgumentParser) -> None:
    _add_split(parser)
    parser.add_argument("networks", type=Path, nargs="+", help=".keras or .tflite")
    parser.add_argument("--wild", type=Path, help="faces in the wild, whose held-out part is measured too")
    parser.set_defaults(command=_compare, needs_litert=True)


def _add_fairness(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, help="FairFace's pictures: labels.csv and images/")
    parser.add_argument("--detector", type=Path, required=True, help="YuNet's file, which finds the faces")
    parser.add_argument(
        "--network", type=Path, default=FOLDER, help="folder of a network and its card; default: %(default)s"
    )
    parser.set_defaults(command=_fairness, needs_litert=True)


def _add_split(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, required=True, help="FER-2013 as .npz")
    parser.add_argument("--usage", choices=SPLITS, default="PublicTest", help="split; default: %(default)s")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")


def _add_export(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, required=True, help="FER-2013 as .npz")
    parser.add_argument(
        "--network",
        type=Path,
        nargs="+",
        required=True,
        help="network.keras of a run; several runs, of which one began from another, are averaged",
    )
    parser.add_argument(
        "--crops", type=Path, help="face proposals of a cascade as .npz, for the threshold of `face`"
    )
    parser.add_argument(
        "--wild", type=Path, help="faces in the wild, whose held-out part chooses and measures what is served"
    )
    parser.add_argument("--out", type=Path, default=FOLDER, help="folder; default: %(default)s")
    parser.set_defaults(command=_export, needs_litert=True)


def _data(options: argparse.Namespace) -> None:
    from models.data.dataset import DataError, write_dataset
    from models.data.fer2013 import read_fer2013
    from models.data.survey import survey, survey_table
    from models.evaluation.plots import plot_class_counts

    if options.out.suffix != ".npz":
        raise DataError(f"--out {options.out} is no .npz file; `train` and the others read .npz")
    dataset, faults = read_fer2013(options.source, options.votes, skip_unreadable=options.skip_unreadable)
    for fault in faults:
        print(f"skipped: {fault}", file=sys.stderr)
    counts, picture = survey(dataset), options.out.with_suffix(".png")
    write_dataset(options.out, dataset)
    plot_class_counts({split.name: of_split for split, of_split in counts.counts.items()}, picture)
    print(f"{survey_table(counts)}\n\nwrote {options.out} and {picture}")


def _wild(options: argparse.Namespace) -> None:
    from models.data.label_cleaning import cleaning_table
    from models.data.wild_faces import gather, write_wild_faces

    faces = gather(options.folder, options.seed)
    write_wild_faces(options.out, faces)
    print(f"{cleaning_table(faces)}\n\nwrote {options.out}")


def _clean(options: argparse.Namespace) -> None:
    from models.data.label_cleaning import clean, cleaning_table
    from models.data.wild_faces import read_wild_faces, write_wild_faces

    faces = clean(options.network, read_wild_faces(options.wild))
    write_wild_faces(options.out, faces)
    print(f"{cleaning_table(faces)}\n\nwrote {options.out}")


def _train(options: argparse.Namespace) -> None:
    from models.training.train import train

    print(train(options.data, options.crops, options.run, schedule_from(options), wild=options.wild))


def _evaluate(options: argparse.Namespace) -> None:
    from models.data.dataset import Split
    from models.evaluation.evaluate import evaluate, evaluation_table
    from models.evaluation.plots import plot_evaluation

    result = evaluate(options.network, options.data, Split[options.usage])
    if options.pictures:
        for path in plot_evaluation(result, options.pictures):
            print(f"wrote {path}", file=sys.stderr)
    print(json.dumps(result) if options.json else evaluation_table(result))


def _compare(options: argparse.Namespace) -> None:
    from models.data.dataset import Split
    from models.evaluation.comparison import compare, comparison_table

    result = compare(options.networks, options.data, Split[options.usage], options.wild)
    print(json.dumps(result) if options.json else comparison_table(result))


def _fairness(options: argparse.Namespace) -> None:
    from app.vision.model_card import read_model_card
    from models.data.fairface import read_people
    from models.evaluation.fairness import fairness, fairness_table
    from models.export import LITERT
    from models.network.serving import predict_with_litert

    people = read_people(options.folder, options.detector)
    scores = predict_with_litert(options.network / LITERT, people.crops)["scores"]
    print(fairness_table(fairness(people, scores, read_model_card(options.network).uncertain_below)))


def _export(options: argparse.Namespace) -> None:
    from models.evaluation.evaluate import evaluation_table
    from models.export import LITERT, export

    card = export(options.network, options.data, options.crops, options.out, options.wild)
    print(evaluation_table({"network": LITERT, "usage": "PublicTest"} | card["figures"]["PublicTest"]))


if __name__ == "__main__":
    sys.exit(main())
