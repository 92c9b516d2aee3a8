"""What a data file holds: faces for each part and expression, and faces that it holds twice."""

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from app.vision.emotion import EMOTIONS
from models.dataset import DataSet, Usage, ferplus_majority


@dataclass(frozen=True, slots=True)
class Repeated:
    """Faces that stand more than once in a part, the same to the pixel."""

    copies: int  # faces that would go if each were kept once
    contradictory: int  # different faces that bear more than one label


@dataclass(frozen=True, slots=True)
class Survey:
    """What each part holds."""

    counts: dict[Usage, list[int]]
    """Faces by expression, in the order of EMOTIONS."""
    majorities: dict[Usage, int]
    """Faces of which over half of the FER+ voters say the same."""
    repeated: dict[Usage, Repeated]
    shared: dict[tuple[Usage, Usage], int]
    """How many faces of the earlier part also stand in the later one."""


def survey(data: DataSet) -> Survey:
    """Count what is there."""
    face = _numbered(data.faces.images)
    parts = data.parts()
    rows = {part: data.usage == part for part in parts}
    has_majority, _ = ferplus_majority(data.faces.votes)
    labels = data.faces.labels
    return Survey(
        counts={part: np.bincount(labels[rows[part]], minlength=len(EMOTIONS)).tolist() for part in parts},
        majorities={part: int(has_majority[rows[part]].sum()) for part in parts},
        repeated={part: _repeated(face[rows[part]], labels[rows[part]]) for part in parts},
        shared={
            (one, other): int(np.isin(face[rows[one]], face[rows[other]]).sum())
            for one, other in combinations(parts, 2)
        },
    )


def table(found: Survey) -> str:
    """Write a survey for people."""
    parts = list(found.counts)
    lines = ["".join(["", *(f"{part.name:>13}" for part in parts)]).rjust(22 + 13 * len(parts))]
    rows = dict(zip(EMOTIONS, zip(*found.counts.values(), strict=True), strict=True))
    rows["all"] = [sum(counts) for counts in found.counts.values()]
    rows["with a FER+ majority"] = list(found.majorities.values())
    lines += [f"{name:22}" + "".join(f"{count:13,}" for count in counts) for name, counts in rows.items()]
    lines += ["", "The same to the pixel:"]
    lines += [
        f"  within {part.name}: copies {one.copies:,}, faces that bear several labels {one.contradictory:,}"
        for part, one in found.repeated.items()
    ]
    lines += [
        f"  of {one.name} also in {other.name}: {count:,}"
        + (" (`train` leaves them out)" if count and one is Usage.Training else "")
        for (one, other), count in found.shared.items()
    ]
    return "\n".join(lines)


def _numbered(images: np.ndarray) -> np.ndarray:
    """Give each face a number, the same for the same pixels: (N,)."""
    pixels = np.ascontiguousarray(images.reshape(len(images), -1))
    whole = pixels.view(np.dtype((np.void, pixels.shape[1])))[:, 0]
    return np.unique(whole, return_inverse=True)[1]


def _repeated(face: np.ndarray, labels: np.ndarray) -> Repeated:
    faces, labellings = np.unique(face), np.unique(np.stack([face, labels]), axis=1)[0]
    _, different = np.unique(labellings, return_counts=True)
    return Repeated(copies=len(face) - len(faces), contradictory=int((different > 1).sum()))
