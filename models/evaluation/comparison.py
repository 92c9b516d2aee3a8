"""Networks side by side: their accuracy on the same faces, what they cost, and whether they differ."""

from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from models.data.dataset import Split, read_split
from models.data.votes import ferplus_majority
from models.data.wild_faces import MEASURED_NAME, WildFaces, read_wild_faces
from models.evaluation.cost import BATCHES, cost
from models.evaluation.measures import mcnemar, measures
from models.network.serving import load_keras, predict_with_litert, save_litert


def compare(networks: list[Path], data: Path, split: Split, wild: Path | None = None) -> dict:
    """Measure .tflite or .keras files on one split, and on the held-out faces of a file of faces in the wild.

    A .keras is converted to float32 LiteRT first.

    Returns `networks`, a dictionary each, and `neighbours`, McNemar's test of each with the next.
    """
    faces = read_split(data, split)
    wild_images, wild_labels = read_wild_faces(wild).held_out() if wild else WildFaces.none().held_out()
    has_majority, majority = ferplus_majority(faces.votes)
    with TemporaryDirectory() as folder:
        files = [_as_litert(path, Path(folder) / f"{index}.tflite") for index, path in enumerate(networks)]
        outputs = [predict_with_litert(file, faces.images) for file in files]
        in_the_wild = [predict_with_litert(file, wild_images)["scores"] if wild else None for file in files]
        rows = [
            {"network": str(path)} | cost(file) | _accuracy(output["fer"], faces.labels)
            for path, file, output in zip(networks, files, outputs, strict=True)
        ]
    if has_majority.any():
        for row, output in zip(rows, outputs, strict=True):
            row["ferplus"] = _accuracy(output["scores"][has_majority], majority[has_majority])
    is_right = [
        {
            "fer": output["fer"].argmax(1) == faces.labels,
            "ferplus": (output["scores"].argmax(1) == majority)[has_majority],
        }
        for output in outputs
    ]
    if wild:
        for row, right, scores in zip(rows, is_right, in_the_wild, strict=True):
            row["wild"] = _accuracy(scores, wild_labels)
            right["wild"] = scores.argmax(1) == wild_labels
    neighbours = [
        {"first": str(first), "second": str(second)}
        | {
            labels: mcnemar(of_first[labels], of_second[labels])
            for labels in of_first
            if len(of_first[labels])
        }
        for (first, of_first), (second, of_second) in pairwise(zip(networks, is_right, strict=True))
    ]
    return {"usage": split.name, "n": len(faces), "networks": rows, "neighbours": neighbours}


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


def _accuracy(scores: np.ndarray, truth: np.ndarray) -> dict:
    measured = measures(scores, truth)
    return {name: measured[name] for name in ("n", "accuracy", "accuracy_ci95", "macro_f1", "mean_recall")}


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
