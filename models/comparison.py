"""Networks side by side: how right they are on the same faces, what they cost, and whether they differ."""

from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from models.cost import BATCHES, cost
from models.dataset import Usage, ferplus_majority, read_faces
from models.measures import mcnemar, measures
from models.serving import load_keras, read_with_litert, save_litert


def compare(networks: list[Path], data: Path, usage: Usage) -> dict:
    """Measure .tflite or .keras files on one part of the data; a .keras is made a float32 LiteRT file first.

    Gives `networks`, a dictionary each, and `neighbours`: each with the next, by McNemar's test.
    """
    faces = read_faces(data, usage)
    has_majority, majority = ferplus_majority(faces.votes)
    with TemporaryDirectory() as folder:
        files = [_as_litert(path, Path(folder) / f"{place}.tflite") for place, path in enumerate(networks)]
        outputs = [read_with_litert(file, faces.images) for file in files]
        rows = [
            {"network": str(path)} | cost(file) | _accuracy(read["fer"], faces.labels)
            for path, file, read in zip(networks, files, outputs, strict=True)
        ]
    if has_majority.any():
        for row, read in zip(rows, outputs, strict=True):
            row["ferplus"] = _accuracy(read["scores"][has_majority], majority[has_majority])
    right = [
        {
            "fer": read["fer"].argmax(1) == faces.labels,
            "ferplus": (read["scores"].argmax(1) == majority)[has_majority],
        }
        for read in outputs
    ]
    neighbours = [
        {"first": str(first), "second": str(second)}
        | {labels: mcnemar(one[labels], other[labels]) for labels in one if len(one[labels])}
        for (first, one), (second, other) in pairwise(zip(networks, right, strict=True))
    ]
    return {"usage": usage.name, "n": len(faces), "networks": rows, "neighbours": neighbours}


def table(result: dict) -> str:
    """Write a comparison as Markdown, which people can read as it is."""
    lines = [
        f"{result['n']:,} faces of {result['usage']}, LiteRT on one thread",
        "",
        "| network | FER-2013 labels (95 %) | macro-F1 | FER+ majority (95 %) | macro-F1 | LiteRT file "
        f"| multiply-adds | ms a face, {' / '.join(map(str, BATCHES))} at once | memory |",
        "|---|" + "--:|" * 8,
    ]
    lines += [f"| {' | '.join(_cells(row))} |" for row in result["networks"]]
    for pair in result["neighbours"]:
        lines += ["", f"{pair['first']} and {pair['second']}:"]
        for labels, title in (("fer", "by FER-2013's labels"), ("ferplus", "by the FER+ majority")):
            if labels in pair:
                found = pair[labels]
                p = f"p = {found['p']:.2g}" if found["p"] >= 1e-4 else "p < 0.0001"
                lines.append(
                    f"  {title} only the first is right on {found['only_first']:,} faces, only the second on "
                    f"{found['only_second']:,} (McNemar, exact, {p})"
                )
    return "\n".join(lines)


def _as_litert(path: Path, converted: Path) -> Path:
    if path.suffix == ".tflite":
        return path
    save_litert(load_keras(path), converted, eight_bits=False)
    return converted


def _accuracy(scores: np.ndarray, truth: np.ndarray) -> dict:
    found = measures(scores, truth)
    return {name: found[name] for name in ("n", "accuracy", "accuracy_ci95", "macro_f1")}


def _cells(row: dict) -> list[str]:
    ferplus = row.get("ferplus")
    return [
        row["network"],
        _with_interval(row),
        f"{row['macro_f1']:.3f}",
        _with_interval(ferplus) if ferplus else "–",
        f"{ferplus['macro_f1']:.3f}" if ferplus else "–",
        f"{row['bytes'] / 1e6:.1f} MB",
        f"{row['multiply_adds'] / 1e6:.0f} M",
        " / ".join(f"{row['ms_a_face'][batch]:.2f}" for batch in BATCHES),
        f"{row['peak_memory'] / 1e6:.0f} MB" if row["peak_memory"] else "–",
    ]


def _with_interval(part: dict) -> str:
    low, high = part["accuracy_ci95"]
    return f"{part['accuracy']:.1%} ({low:.1%} – {high:.1%})"
