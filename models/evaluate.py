"""Measuring a network on one part of FER-2013: against its labels and against the FER+ majority."""

from pathlib import Path

import numpy as np

from app.vision.emotion import EMOTIONS
from models.dataset import SEVEN, DataSet, Faces, Usage, ferplus_majority, ferplus_shares, read_all
from models.measures import accuracy, measures, votes_likelihood
from models.serving import read_with
from models.twins import also_among


def evaluate(network: Path, data: Path, usage: Usage) -> dict:
    """Measure a .keras or .tflite file on one part of the data; `figures` says what comes back."""
    every = read_all(data)
    faces = every.part(usage)
    measured = figures(read_with(network, faces.images), faces, new_to_training(every, usage))
    return {"network": network.name, "usage": usage.name} | measured


def new_to_training(data: DataSet, usage: Usage) -> np.ndarray | None:
    """Say which faces of a part show a photograph that Training has not, (N,) bool.

    None for Training itself, and where there is none of it.
    """
    if usage is Usage.Training or Usage.Training not in data.parts():
        return None
    return ~also_among(data.part(usage).images, data.part(Usage.Training).images)


def figures(outputs: dict[str, np.ndarray], faces: Faces, new: np.ndarray | None = None) -> dict:
    """Measure what a network read of these faces.

    The head that learnt FER-2013's labels against them; under `ferplus` the scores that are served against
    the FER+ majority, where there is one, and under its `votes` against the votes for the seven expressions,
    single ones dropped; under `served` the same scores against FER-2013's labels. Under `new` how right the
    first two are on the faces that are, (N,) bool, where that is given.
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
    if new is not None and new.any():
        result["new"] = accuracy(outputs["fer"][new], faces.labels[new])
        known = new & has_majority
        if known.any():
            result["new"]["ferplus"] = accuracy(outputs["scores"][known], majority[known])
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
    if new := result.get("new"):
        shares = [f"{_share(new)} by FER-2013's labels"]
        shares += [f"{_share(new['ferplus'])} by FER+ majority"] if "ferplus" in new else []
        parts.append(f"Faces whose photograph is not in Training too: {', '.join(shares)}")
    return "\n\n".join(parts)


def _part(title: str, part: dict) -> str:
    votes = part.get("votes")
    against_votes = (
        f" ({votes['nll']:.3f} against the votes, at best {votes['at_best']:.3f})" if votes else ""
    )
    at_80 = part["coverage"]["accuracy"][part["coverage"]["share"].index(0.8)]
    lines = [
        f"{title}: {_share(part)}, "
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


def _share(part: dict) -> str:
    low, high = part["accuracy_ci95"]
    return f"{part['accuracy']:.1%} of {part['n']} faces (95 % interval {low:.1%} to {high:.1%})"
