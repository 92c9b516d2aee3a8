"""Evaluating a network on one split of FER-2013: against its labels and against the FER+ majority."""

from pathlib import Path

import numpy as np

from app.vision.emotion import EMOTIONS
from models.data.dataset import Dataset, Faces, Split, read_dataset
from models.data.near_duplicates import near_duplicates_of
from models.data.votes import SEVEN, ferplus_majority, ferplus_shares
from models.evaluation.measures import accuracy, confusion_matrix, measures, votes_likelihood
from models.network.serving import predict


def evaluate(network: Path, data: Path, split: Split) -> dict:
    """Evaluate a .keras or .tflite file on one split; `measure_outputs` explains the result."""
    dataset = read_dataset(data)
    faces = dataset.faces_of(split)
    measured = measure_outputs(predict(network, faces.images), faces, new_to_training(dataset, split))
    return {"network": network.name, "usage": split.name} | measured


def new_to_training(dataset: Dataset, split: Split) -> np.ndarray | None:
    """Tell which faces of a split have no near-duplicate in Training, bool (N,).

    None for Training itself, and for a dataset without Training.
    """
    if split is Split.Training or Split.Training not in dataset.splits():
        return None
    return ~near_duplicates_of(dataset.faces_of(split).images, dataset.faces_of(Split.Training).images)


def measure_outputs(outputs: dict[str, np.ndarray], faces: Faces, is_new: np.ndarray | None = None) -> dict:
    """Measure a serving network's outputs for these faces.

    At the top level, output `fer` against FER-2013's labels. Under `ferplus`, `scores` against the FER+
    majority, where there is one, and under its `votes` against the votes for the seven expressions, single
    votes dropped. Under `served`, `scores` against FER-2013's labels. Under `new`, the accuracy of the first
    two on the faces that are new to training, bool (N,), where that is given.
    """
    has_majority, majority = ferplus_majority(faces.votes)
    result = measures(outputs["fer"], faces.labels)
    if has_majority.any():
        result["ferplus"] = measures(outputs["scores"][has_majority], majority[has_majority])
        result["ferplus"]["votes"] = _votes_likelihood(outputs["scores"], faces.votes)
    result["served"] = measures(outputs["scores"], faces.labels)
    if is_new is not None and is_new.any():
        result["new"] = accuracy(outputs["fer"][is_new], faces.labels[is_new])
        rows = is_new & has_majority
        if rows.any():
            result["new"]["ferplus"] = accuracy(outputs["scores"][rows], majority[rows])
    return result


def selective_accuracy(
    scores: np.ndarray, truth: np.ndarray, threshold: float, weights: np.ndarray | None = None
) -> dict:
    """Measure scores (N, 7) when a face whose top score lies below the threshold is left without a name.

    `truth` (N,) are indices in EMOTIONS. `coverage` is the share of the faces that are named, and `accuracy`
    the share of the names that are right; 0 to 1, both by `weights` (N,) if given. `confusion` counts the
    named.
    """
    weights = np.ones(len(truth)) if weights is None else weights
    is_named, predicted = scores.max(1) >= threshold, scores.argmax(1)
    named, right = weights[is_named].sum(), weights[is_named & (predicted == truth)].sum()
    return {
        "coverage": float(named / weights.sum()),
        "accuracy": float(right / named) if named else 0.0,
        "confusion": confusion_matrix(truth[is_named], predicted[is_named]).tolist(),
    }


def evaluation_table(result: dict) -> str:
    """Format an evaluation as text."""
    paragraphs = [f"{result['network']} on {result['usage']}"]
    measured = {
        "FER-2013 labels": result,
        "FER+ majority": result.get("ferplus"),
        "served scores against FER-2013 labels": result["served"],
    }
    paragraphs += [_paragraph(title, part) for title, part in measured.items() if part]
    if new := result.get("new"):
        shares = [f"{_with_interval(new)} by FER-2013's labels"]
        shares += [f"{_with_interval(new['ferplus'])} by FER+ majority"] if "ferplus" in new else []
        paragraphs.append(f"Faces without a near-duplicate in Training: {', '.join(shares)}")
    return "\n\n".join(paragraphs)


def _votes_likelihood(scores: np.ndarray, votes: np.ndarray) -> dict[str, float]:
    shares = ferplus_shares(votes)[:, SEVEN]
    has_votes = shares.sum(1) > 0
    shares = shares[has_votes] / shares[has_votes].sum(1, keepdims=True)
    return votes_likelihood(scores[has_votes], shares)


def _paragraph(title: str, measured: dict) -> str:
    votes = measured.get("votes")
    against_votes = (
        f" ({votes['nll']:.3f} against the votes, at best {votes['at_best']:.3f})" if votes else ""
    )
    at_80 = measured["coverage"]["accuracy"][measured["coverage"]["share"].index(0.8)]
    lines = [
        f"{title}: {_with_interval(measured)}, "
        f"macro-F1 {measured['macro_f1']:.3f}, calibration error {measured['ece']:.3f}, "
        f"negative log-likelihood {measured['nll']:.3f}{against_votes}; "
        f"{at_80:.1%} at 80 % coverage",
        f"{'':10}{'precision':>10}{'recall':>8}{'F1':>7}{'faces':>7}   read as "
        + " ".join(f"{emotion:>8}" for emotion in EMOTIONS),
    ]
    for emotion, row in zip(EMOTIONS, measured["confusion"], strict=True):
        figures = measured["per_class"][emotion]
        lines.append(
            f"{emotion:10}{figures['precision']:10.2f}{figures['recall']:8.2f}{figures['f1']:7.2f}"
            f"{figures['n']:7}           {' '.join(f'{count:8}' for count in row)}"
        )
    return "\n".join(lines)


def _with_interval(measured: dict) -> str:
    low, high = measured["accuracy_ci95"]
    return f"{measured['accuracy']:.1%} of {measured['n']} faces (95 % interval {low:.1%} to {high:.1%})"
