"""What a data file holds: faces for each part and expression, and faces that it holds twice."""

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from app.vision.emotion import EMOTIONS
from models.dataset import DataSet, Faces, Usage, ferplus_majority
from models.twins import pairs


@dataclass(frozen=True, slots=True)
class Repeated:
    """Faces that stand more than once in a part, the same to the pixel."""

    copies: int  # faces that would go if each were kept once
    contradictory: int  # different faces that bear more than one label


@dataclass(frozen=True, slots=True)
class Twins:
    """Pairs of different faces of one photograph; shares are None where there is no pair."""

    pairs: int
    same_label: float | None
    with_majorities: int  # pairs of which both have a FER+ majority
    same_majority: float | None


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
    photographs: dict[tuple[Usage, Usage], int]
    """How many faces of the later part show a photograph that the earlier one has too, a little different."""
    twins: Twins


def survey(data: DataSet) -> Survey:
    """Count what is there."""
    face = _numbered(data.faces.images)
    different = data.faces[np.unique(face, return_index=True)[1]]  # the face of each number
    twins = pairs(different.images)
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
        photographs={
            (one, other): _photographs(twins, face[rows[one]], face[rows[other]])
            for one, other in combinations(parts, 2)
        },
        twins=_agreement(different, *twins),
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
    lines += ["", "The same photograph, cut out or saved a little differently:"]
    lines += [
        f"  of {other.name} also in {one.name}: {count:,}"
        for (one, other), count in found.photographs.items()
    ]
    lines += [f"  {_told(found.twins)}"]
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


def _photographs(twins: np.ndarray, earlier: np.ndarray, later: np.ndarray) -> int:
    """Count the faces of the later part, numbers (N,), of which a twin stands in the earlier one."""
    one, other = np.concatenate([twins, twins[::-1]], axis=1)
    return int(np.isin(later, other[np.isin(one, earlier)]).sum())


def _agreement(faces: Faces, one: np.ndarray, other: np.ndarray) -> Twins:
    has_majority, majority = ferplus_majority(faces.votes)
    both = has_majority[one] & has_majority[other]
    return Twins(
        pairs=len(one),
        same_label=_share(faces.labels[one] == faces.labels[other]),
        with_majorities=int(both.sum()),
        same_majority=_share((majority[one] == majority[other])[both]),
    )


def _told(twins: Twins) -> str:
    if not twins.pairs:
        return "in all parts: no pair"
    agreed = f"in all parts: {twins.pairs:,} pairs, the same label in {twins.same_label:.0%}"
    if not twins.with_majorities:
        return agreed
    return f"{agreed}; the same FER+ majority in {twins.same_majority:.0%} of {twins.with_majorities:,}"


def _share(which: np.ndarray) -> float | None:
    return float(which.mean()) if len(which) else None
