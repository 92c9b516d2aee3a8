"""Plots of a dataset, an evaluation and a training run (PNG), in the expressions' colours in the program."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import matplotlib

matplotlib.use("Agg")  # before pyplot: no window

from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.ticker import MaxNLocator, PercentFormatter

from app.vision.emotion import EMOTIONS, Emotion
from app.vision.palette import COLOURS, DARK, LIGHT, UNCERTAIN

MAIN_COLOUR, SECOND_COLOUR = COLOURS[Emotion.NEUTRAL], COLOURS[Emotion.ANGRY]
STYLE = {
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.titlelocation": "left",
    "axes.edgecolor": UNCERTAIN,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "grid.color": "#e4e6ea",
    "legend.frameon": False,
    "text.color": DARK,
    "axes.labelcolor": DARK,
    "xtick.color": DARK,
    "ytick.color": DARK,
    "figure.facecolor": LIGHT,
    "savefig.dpi": 150,
    "figure.constrained_layout.h_pad": 0.1,
    "figure.constrained_layout.w_pad": 0.1,
}


def plot_evaluation(result: dict, folder: Path) -> list[Path]:
    """Plot an evaluation for each kind of label: confusion, reliability, accuracy over coverage."""
    measured = {"FER-2013 labels": result}
    if "ferplus" in result:
        measured["FER+ majority"] = result["ferplus"]
    paths = []
    for labels, (title, part) in zip(("fer", "ferplus"), measured.items(), strict=False):
        for name, plot in (("confusion", plot_confusion), ("reliability", plot_reliability)):
            paths.append(folder / f"{name}-{labels}.png")
            plot(part, f"{result['network']} on {result['usage']}, {title}", paths[-1])
    paths.append(folder / "coverage.png")
    plot_coverage(measured, paths[-1])
    return paths


def plot_class_counts(counts: dict[str, list[int]], path: Path) -> None:
    """Plot the number of faces of each expression, in the order of EMOTIONS, for each split."""
    with _figure(path, 1, len(counts), 3.4 * len(counts) + 0.8, 3.2) as all_axes:
        for axes, (split, numbers) in zip(all_axes, counts.items(), strict=True):
            bars = axes.barh(EMOTIONS, numbers, color=[COLOURS[emotion] for emotion in EMOTIONS])
            axes.bar_label(bars, [f"{number:,}" for number in numbers], padding=4)
            axes.set_title(f"{split}: {sum(numbers):,} faces")
            axes.set_xlim(0, max(numbers) * 1.25)
            axes.xaxis.set_visible(False)
            axes.spines["bottom"].set_visible(False)
            axes.invert_yaxis()


def plot_confusion(measured: dict, title: str, path: Path) -> None:
    """Plot the confusion matrix of `measures`; colours and percentages are shares of a row."""
    shares = [[count / max(sum(row), 1) for count in row] for row in measured["confusion"]]
    colours = LinearSegmentedColormap.from_list("shares", [LIGHT, MAIN_COLOUR])
    with _figure(path, 1, 1, 6.4, 5.6) as (axes,):
        axes.imshow(shares, cmap=colours, vmin=0, vmax=1)
        for row, (counts, row_shares) in enumerate(zip(measured["confusion"], shares, strict=True)):
            for column, (count, share) in enumerate(zip(counts, row_shares, strict=True)):
                ink = LIGHT if share > 0.55 else DARK
                text = f"{share:.0%}\n{count}" if count else "–"
                axes.text(column, row, text, ha="center", va="center", color=ink, size=9)
        names = [f"{emotion} ({measured['per_class'][emotion]['n']})" for emotion in EMOTIONS]
        axes.set_xticks(range(len(EMOTIONS)), EMOTIONS, rotation=30, ha="right", rotation_mode="anchor")
        axes.set_yticks(range(len(EMOTIONS)), names)
        axes.set_xlabel("read as")
        axes.set_ylabel("labelled")
        axes.set_title(f"{title}\n{_headline(measured)}")
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)


def plot_reliability(measured: dict, title: str, path: Path) -> None:
    """Plot accuracy against confidence, and the number of faces at each confidence."""
    bins = measured["reliability"]
    width = 1 / len(bins["n"])
    middles = [(index + 0.5) * width for index in range(len(bins["n"]))]
    filled = [index for index, count in enumerate(bins["n"]) if count]
    points = [[bins[name][index] for index in filled] for name in ("confidence", "accuracy")]
    sizes = [12 + 300 * bins["n"][index] / measured["n"] for index in filled]
    with _figure(path, 2, 1, 5.6, 6.2, height_ratios=(4, 1), sharex=True) as (axes, histogram):
        axes.plot([0, 1], [0, 1], color=UNCERTAIN, linestyle="--", linewidth=1, label="perfect calibration")
        axes.plot(*points, color=MAIN_COLOUR, label="this network")
        axes.scatter(*points, sizes, color=MAIN_COLOUR)
        axes.set_title(
            f"{title}\ncalibration error {measured['ece']:.3f} in {len(middles)} bins, "
            f"{measured['n']:,} faces"
        )
        axes.set_ylabel("accuracy")
        axes.legend(loc="upper left")
        histogram.bar(middles, bins["n"], width * 0.9, color=MAIN_COLOUR)
        histogram.set_ylabel("faces")
        histogram.set_xlabel("confidence (top score)")
        axes.grid(True)
        histogram.grid(True)
        axes.set_ylim(0, 1)
        axes.set_xlim(0, 1)
        axes.yaxis.set_major_formatter(PercentFormatter(1))
        histogram.xaxis.set_major_formatter(PercentFormatter(1))


def plot_coverage(measured: dict[str, dict], path: Path) -> None:
    """Plot the accuracy when only a share of the faces, the most confident ones, is named."""
    with _figure(path, 1, 1, 6.4, 4.4) as (axes,):
        for colour, (title, part) in zip((MAIN_COLOUR, SECOND_COLOUR), measured.items(), strict=False):
            curve = part["coverage"]
            axes.plot(curve["share"], curve["accuracy"], color=colour, marker="o", markersize=3, label=title)
            axes.annotate(
                f"{curve['accuracy'][-1]:.1%}",
                (1, curve["accuracy"][-1]),
                textcoords="offset points",
                xytext=(6, -4),
                color=colour,
                annotation_clip=False,
            )
        axes.set_title("Naming only the most confident faces")
        axes.set_xlabel("coverage: share of the faces that are named")
        axes.set_ylabel("accuracy on these")
        axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        axes.set_xlim(0, 1)
        axes.grid(True)
        axes.legend(loc="lower left")


def plot_training_curves(log: list[dict[str, str]], path: Path) -> None:
    """Plot the log of a training run, a dictionary for each epoch: loss, and accuracy on PublicTest."""
    epochs = [int(line["epoch"]) for line in log]
    curves = {name: [float(line[name]) for line in log] for name in ("loss", "fer", "ferplus")}
    with _figure(path, 1, 2, 9, 3.6) as (left, right):
        left.plot(epochs, curves["loss"], color=DARK, marker=".")
        left.set_title("Training loss")
        for name, title, colour in (
            ("fer", "FER-2013 labels", MAIN_COLOUR),
            ("ferplus", "FER+ majority", SECOND_COLOUR),
        ):
            right.plot(epochs, curves[name], color=colour, marker=".", label=title)
        right.set_title("Accuracy on PublicTest")
        right.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        right.legend(loc="lower right")
        for axes in (left, right):
            axes.grid(True)
            axes.set_xlabel("epoch")
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))


def _headline(measured: dict) -> str:
    low, high = measured["accuracy_ci95"]
    return f"{measured['accuracy']:.1%} of {measured['n']:,} faces (95 % interval {low:.1%} to {high:.1%})"


@contextmanager
def _figure(path: Path, rows: int, columns: int, width: float, height: float, **grid) -> Iterator[list[Axes]]:
    """Open a figure's axes for plotting, then write it to the path."""
    with matplotlib.rc_context(STYLE):
        sharex = grid.pop("sharex", False)
        figure, axes = pyplot.subplots(
            rows,
            columns,
            figsize=(width, height),
            layout="constrained",
            squeeze=False,
            sharex=sharex,
            gridspec_kw=grid,
        )
        yield list(axes.flat)
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path)
        pyplot.close(figure)
