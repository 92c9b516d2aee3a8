"""Measuring a network on one part of FER-2013: against its labels and against the FER+ majority."""

from pathlib import Path

import numpy as np

from app.vision.emotion import EMOTIONS
from models.dataset import SEVEN, Faces, Usage, ferplus_majority, ferplus_shares, read_faces
from models.measures import measures, votes_likelihood
from models.serving import read_with


def evaluate(network: Path, data: Path, usage: Usage) -> dict:
    """Measure a .keras or .tflite file on one part of the data; `figures` says what comes back."""
    faces = read_faces(data, usage)
    return {"network": network.name, "usage": usage.name} | figures(read_with(network, faces.images), faces)


def figures(outputs: dict[str, np.ndarray], faces: Faces) -> dict:
    """Measure what a network read of these faces.

    The head that learnt FER-2013's labels against them; under `ferplus` the scores that are served against
    the FER+ majority, where there is one, and under its `votes` against the votes for the seven expressions,
    single ones dropped; under `served` the same scores against FER-2013's labels.
    """
    has_majority, majority = ferplus_majority(faces.votes)
    result = measures(outputs["fer"], faces.labels)
    if has_majority.any():
        result["ferplus"] = measures(outputs["scores"][has_majority], majority[has_majority])
        shares = ferplus_shares(faces.votes)[:, SEVEN]
        voted = shares.sum(1) > 0
        shares = shares[voted] / shares[voted].sum(1, keepdims=True)
        result["ferplus"]["votes"] = votes_likelihood(outputs["scores"][voted], shares)
    result["served"] = measures(outputs["scores"], faces.labels)
    return result


def table(result: dict) -> str:
    """Write figures for people."""
    parts = [f"{result['network']} on {result['usage']}"]
    titles = {
        "FER-2013 labels": result,
        "FER+ majority": result.get("ferplus"),
        "the served scores against FER-2013 labels": result["served"],
    }
    parts += [_part(title, part) for title, part in titles.items() if part]
    return "\n\n".join(parts)


def _part(title: str, part: dict) -> str:
    low, high = part["accuracy_ci95"]
    votes = part.get("votes")
    against_votes = (
        f" ({votes['nll']:.3f} against the votes, at best {votes['at_best']:.3f})" if votes else ""
    )
    at_80 = part["coverage"]["accuracy"][part["coverage"]["share"].index(0.8)]
    lines = [
        f"{title}: {part['accuracy']:.1%} of {part['n']} faces (95 % interval {low:.1%} to {high:.1%}), "
        f"macro-F1 {part['macro_f1']:.3f}, calibration error {part['ece']:.3f}, "
        f"negative log-likelihood {part['nll']:.3f}{against_votes}; "
        f"{at_80:.1%} of the 80 % that it is surest of",
        f"{'':10}{'precision':>10}{'recall':>8}{'F1':>7}{'faces':>7}   read as "
        + " ".join(f"{emotion:>8}" for emotion in EMOTIONS),
    ]
    for emotion, row in zip(EMOTIONS, part["confusion"], strict=True):
        one = part["per_class"][emotion]
        lines.append(
            f"{emotion:10}{one['precision']:10.2f}{one['recall']:8.2f}{one['f1']:7.2f}{one['n']:7}"
            f"           {' '.join(f'{count:8}' for count in row)}"
        )
    return "\n".join(lines)
