"""Which labels of noisy sets to trust: those that a network trained on the other sets agrees with."""

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from models.data.wild_faces import WELL_LABELLED, WildFaces, draw_chances, smoothed
from models.network.mixture import Mixture
from models.network.serving import load_trained, predict_with_litert, save_litert, serving_network

MIN_SCORE = 0.2
"""A label is trusted that has at least this score, or the highest."""

LABEL_WEIGHT = 0.5
"""The label's part of a trusted face's target; the rest is the network's answer."""

SHARES = {
    "raf_train": 0.50,
    "sfew_train": 0.07,
    "ck48": 0.04,
    "affect": 0.17,
    "affect_ffhq": 0.08,
    "expw48": 0.07,
    "expw_bal": 0.07,
}
"""How often a batch draws from each set once its labels are cleaned."""


def clean(network: Path, faces: WildFaces) -> WildFaces:
    """Trust the labels that the `wild` head of a trained network agrees with, in 8 bits.

    Well labelled sets keep all of theirs.
    """
    is_noisy = ~np.isin(faces.sources, list(WELL_LABELLED))
    with TemporaryDirectory() as folder:
        litert = Path(folder) / "wild.tflite"
        save_litert(
            serving_network(load_trained(network), Mixture(("wild",), (1.0,))), litert, eight_bits=True
        )
        scores = predict_with_litert(litert, faces.images[is_noisy])["scores"]
    labels = faces.labels[is_noisy]
    is_trusted = np.ones(len(faces), bool)
    is_trusted[is_noisy] = (scores[np.arange(len(labels)), labels] >= MIN_SCORE) | (
        scores.argmax(1) == labels
    )
    targets = smoothed(faces.labels)
    targets[is_noisy] = LABEL_WEIGHT * targets[is_noisy] + (1 - LABEL_WEIGHT) * scores
    is_used = is_trusted & ~faces.is_held_out
    return replace(faces, targets=targets, chances=draw_chances(faces.labels, faces.sources, is_used, SHARES))


def cleaning_table(faces: WildFaces) -> str:
    """Say of each set how many faces there are, how many are held out, and how many a run trains on."""
    lines = [f"{'set':14}{'faces':>8}{'held out':>10}{'trained on':>12}"]
    for source in SHARES:
        rows = faces.sources == source
        counts = rows.sum(), (rows & faces.is_held_out).sum(), (rows & (faces.chances > 0)).sum()
        lines.append(f"{source:14}{counts[0]:>8,}{counts[1]:>10,}{counts[2]:>12,}")
    return "\n".join(lines)
