"""Figures as pictures (PNG), in the colours that the program gives the expressions."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.vision.emotion import EMOTIONS, Emotion
from app.vision.palette import COLOURS, DARK, LIGHT, UNCERTAIN
from models import Refusal

try:
    import matplotlib
except ModuleNotFoundError:  # a server that only reads faces does without
    raise Refusal("pictures need matplotlib: pip install -r requirements-train.txt") from None

matplotlib.use("Agg")

from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.ticker import MaxNLocator, PercentFormatter

MAIN, SECOND = COLOURS[Emotion.NEUTRAL], COLOURS[Emotion.ANGRY]
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


def draw_figures(result: dict, folder: Path) -> list[Path]:
    """Draw what `evaluate` gives, for each kind of label: confusion, reliability, accuracy over coverage."""
    parts = {"FER-2013 labels": result}
    if "ferplus" in result:
        parts["FER+ majority"] = result["ferplus"]
    drawn = []
    for name, (title, part) in zip(("fer", "ferplus"), parts.items(), strict=False):
        for kind, draw in (("confusion", draw_confusion), ("reliability", draw_reliability)):
            drawn.append(folder / f"{kind}-{name}.png")
            draw(part, f"{result['network']} on {result['usage']}, {title}", drawn[-1])
    drawn.append(folder / "coverage.png")
    draw_coverage(parts, drawn[-1])
    return drawn


def draw_classes(counts: dict[str, list[int]], path: Path) -> None:
    """Draw how many faces of each expression, in the order of EMOTIONS, each part holds."""
    with _sheet(path, 1, len(counts), 3.4 * len(counts) + 0.8, 3.2) as axes:
        for one, (part, numbers) in zip(axes, counts.items(), strict=True):
            bars = one.barh(EMOTIONS, numbers, color=[COLOURS[emotion] for emotion in EMOTIONS])
            one.bar_label(bars, [f"{number:,}" for number in numbers], padding=4)
            one.set_title(f"{part}: {sum(numbers):,} faces")
            one.set_xlim(0, max(numbers) * 1.25)
            one.xaxis.set_visible(False)
            one.spines["bottom"].set_visible(False)
            one.invert_yaxis()


def draw_confusion(part: dict, title: str, path: Path) -> None:
    """Draw the confusion matrix of `measures`: colour and per cent say the share of a row."""
    shares = [[count / max(sum(row), 1) for count in row] for row in part["confusion"]]
    colours = LinearSegmentedColormap.from_list("shares", [LIGHT, MAIN])
    with _sheet(path, 1, 1, 6.4, 5.6) as (axes,):
        axes.imshow(shares, cmap=colours, vmin=0, vmax=1)
        for row, (counts, parts) in enumerate(zip(part["confusion"], shares, strict=True)):
            for column, (count, share) in enumerate(zip(counts, parts, strict=True)):
                ink = LIGHT if share > 0.55 else DARK
                text = f"{share:.0%}\n{count}" if count else "–"
                axes.text(column, row, text, ha="center", va="center", color=ink, size=9)
        names = [f"{emotion} ({part['per_class'][emotion]['n']})" for emotion in EMOTIONS]
        axes.set_xticks(range(len(EMOTIONS)), EMOTIONS, rotation=30, ha="right", rotation_mode="anchor")
        axes.set_yticks(range(len(EMOTIONS)), names)
        axes.set_xlabel("read as")
        axes.set_ylabel("is")
        axes.set_title(f"{title}\n{_headline(part)}")
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)


def draw_reliability(part: dict, title: str, path: Path) -> None:
    """Draw how often the network is right against how sure it is, and how many faces it is so sure of."""
    bins = part["reliability"]
    width = 1 / len(bins["n"])
    middles = [(index + 0.5) * width for index in range(len(bins["n"]))]
    filled = [index for index, count in enumerate(bins["n"]) if count]
    points = [[bins[name][index] for index in filled] for name in ("confidence", "accuracy")]
    sizes = [12 + 300 * bins["n"][index] / part["n"] for index in filled]
    with _sheet(path, 2, 1, 5.6, 6.2, height_ratios=(4, 1), sharex=True) as (axes, below):
        axes.plot(
            [0, 1], [0, 1], color=UNCERTAIN, linestyle="--", linewidth=1, label="as right as it is sure"
        )
        axes.plot(*points, color=MAIN, label="this network")
        axes.scatter(*points, sizes, color=MAIN)
        axes.set_title(
            f"{title}\ncalibration error {part['ece']:.3f} in {len(middles)} bins, {part['n']:,} faces"
        )
        axes.set_ylabel("right")
        axes.legend(loc="upper left")
        below.bar(middles, bins["n"], width * 0.9, color=MAIN)
        below.set_ylabel("faces")
        below.set_xlabel("top score")
        for one in (axes, below):
            one.grid(True)
        axes.set_ylim(0, 1)
        axes.set_xlim(0, 1)
        axes.yaxis.set_major_formatter(PercentFormatter(1))
        below.xaxis.set_major_formatter(PercentFormatter(1))


def draw_coverage(parts: dict[str, dict], path: Path) -> None:
    """Draw how right the network is when it names only the share of the faces that it is surest of."""
    with _sheet(path, 1, 1, 6.4, 4.4) as (axes,):
        for colour, (title, part) in zip((MAIN, SECOND), parts.items(), strict=False):
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
        axes.set_title("Naming only the faces that it is surest of")
        axes.set_xlabel("share of the faces that it names")
        axes.set_ylabel("right among these")
        axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        axes.set_xlim(0, 1)
        axes.grid(True)
        axes.legend(loc="lower left")


def draw_curves(log: list[dict[str, str]], path: Path) -> None:
    """Draw the log of a training run, a dictionary for each epoch: loss, and accuracy on PublicTest."""
    epochs = [int(line["epoch"]) for line in log]
    curves = {name: [float(line[name]) for line in log] for name in ("loss", "fer", "ferplus")}
    with _sheet(path, 1, 2, 9, 3.6) as (left, right):
        left.plot(epochs, curves["loss"], color=DARK, marker=".")
        left.set_title("Loss in training")
        for name, title, colour in (("fer", "FER-2013 labels", MAIN), ("ferplus", "FER+ majority", SECOND)):
            right.plot(epochs, curves[name], color=colour, marker=".", label=title)
        right.set_title("Accuracy on PublicTest")
        right.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        right.legend(loc="lower right")
        for axes in (left, right):
            axes.grid(True)
            axes.set_xlabel("epoch")
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))


def _headline(part: dict) -> str:
    low, high = part["accuracy_ci95"]
    return f"{part['accuracy']:.1%} of {part['n']:,} faces (95 % interval {low:.1%} to {high:.1%})"


@contextmanager
def _sheet(path: Path, rows: int, columns: int, width: float, height: float, **grid) -> Iterator[list[Axes]]:
    """Give axes to draw on, and write them to the path."""
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
