"""Compares networks: accuracy on the same faces, cost, and whether they differ beyond chance."""

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from models.data.dataset import Faces, Split, read_split
from models.data.votes import ferplus_majority
from models.data.wild_faces import MEASURED_NAME, WildFaces, read_wild_faces
from models.evaluation.cost import BATCHES, cost
from models.evaluation.measures import mcnemar, measures
from models.network.serving import load_keras, predict_with_litert, save_litert


@dataclass(frozen=True, slots=True)
class Judgement:
    """A network's scores (N, 7) for faces, and the labels (N,) that it is judged by, indices in EMOTIONS."""

    scores: np.ndarray
    labels: np.ndarray

    def is_right(self) -> np.ndarray:
        """Whether the highest score is that of the label, bool (N,)."""
        return self.scores.argmax(1) == self.labels

    def accuracy(self) -> dict:
        """Some of the figures that `measures` gives."""
        figures = measures(self.scores, self.labels)
        return {name: figures[name] for name in ("n", "accuracy", "accuracy_ci95", "macro_f1", "mean_recall")}


def compare(networks: list[Path], data: Path, split: Split, wild: Path | None = None) -> dict:
    """Measure .tflite or .keras files on one split, and on the held-out faces of a file of faces in the wild.

    A .keras is converted to float32 LiteRT first.

    Returns `networks`, a dictionary each, and `neighbours`, McNemar's test of each with the next.
    """
    faces = read_split(data, split)
    wild_faces = read_wild_faces(wild) if wild else None
    judgements, rows = [], []
    with TemporaryDirectory() as folder:
        for index, path in enumerate(networks):
            file = _as_litert(path, Path(folder) / f"{index}.tflite")
            by_labels = _judge(file, faces, wild_faces)
            judgements.append(by_labels)
            rows.append({"network": str(path)} | cost(file) | _accuracies(by_labels))
    return {
        "usage": split.name,
        "n": len(faces),
        "networks": rows,
        "neighbours": _neighbours(networks, judgements),
    }


def _judge(file: Path, faces: Faces, wild: WildFaces | None) -> dict[str, Judgement]:
    """Judge a network by FER-2013's labels, the FER+ majority and labels in the wild, where there are any."""
    outputs = predict_with_litert(file, faces.images)
    has_majority, majority = ferplus_majority(faces.votes)
    judgements = {"fer": Judgement(outputs["fer"], faces.labels)}
    if has_majority.any():
        judgements["ferplus"] = Judgement(outputs["scores"][has_majority], majority[has_majority])
    if wild is not None:
        images, labels = wild.held_out()
        judgements["wild"] = Judgement(predict_with_litert(file, images)["scores"], labels)
    return judgements


def _accuracies(judgements: dict[str, Judgement]) -> dict:
    others = {name: each.accuracy() for name, each in judgements.items() if name != "fer"}
    return judgements["fer"].accuracy() | others


def _neighbours(networks: list[Path], judgements: list[dict[str, Judgement]]) -> list[dict]:
    """McNemar's test of each network with the next, by each kind of labels."""
    return [
        {"first": str(first), "second": str(second)}
        | {name: mcnemar(of_first[name].is_right(), of_second[name].is_right()) for name in of_first}
        for (first, of_first), (second, of_second) in pairwise(zip(networks, judgements, strict=True))
    ]


def comparison_table(result: dict) -> str:
    """Format a comparison as Markdown."""
    lines = [
        f"{result['n']:,} faces of {result['usage']}, LiteRT on one thread",
        "",
        f"| network | {MEASURED_NAME} (95 %) | mean recall | FER+ majority (95 %) | macro-F1 "
        "| FER-2013 labels (95 %) | macro-F1 | LiteRT file "
        f"| multiply-adds | ms a face, {' / '.join(map(str, BATCHES))} at once | memory |",
        "|---|" + "--:|" * 10,
    ]
    lines += [f"| {' | '.join(_cells(row))} |" for row in result["networks"]]
    for pair in result["neighbours"]:
        lines += ["", f"{pair['first']} and {pair['second']}:"]
        for labels, title in (
            ("wild", f"by {MEASURED_NAME}'s labels"),
            ("ferplus", "by the FER+ majority"),
            ("fer", "by FER-2013's labels"),
        ):
            if labels in pair:
                test = pair[labels]
                p = f"p = {test['p']:.2g}" if test["p"] >= 1e-4 else "p < 0.0001"
                lines.append(
                    f"  {title} only the first is right on {test['only_first']:,} faces, only the second on "
                    f"{test['only_second']:,} (McNemar, exact, {p})"
                )
    return "\n".join(lines)


def _as_litert(path: Path, converted: Path) -> Path:
    if path.suffix == ".tflite":
        return path
    save_litert(load_keras(path), converted, eight_bits=False)
    return converted


def _cells(row: dict) -> list[str]:
    wild, ferplus = row.get("wild"), row.get("ferplus")
    return [
        row["network"],
        _with_interval(wild) if wild else "–",
        f"{wild['mean_recall']:.1%}" if wild else "–",
        _with_interval(ferplus) if ferplus else "–",
        f"{ferplus['macro_f1']:.3f}" if ferplus else "–",
        _with_interval(row),
        f"{row['macro_f1']:.3f}",
        f"{row['bytes'] / 1e6:.1f} MB",
        f"{row['multiply_adds'] / 1e6:.0f} M",
        " / ".join(f"{row['ms_a_face'][batch]:.2f}" for batch in BATCHES),
        f"{row['peak_memory'] / 1e6:.0f} MB" if row["peak_memory"] else "–",
    ]


def _with_interval(measured: dict) -> str:
    low, high = measured["accuracy_ci95"]
    return f"{measured['accuracy']:.1%} ({low:.1%} – {high:.1%})"
