"""A survey of a data file: faces for each split and expression, duplicates and near-duplicates."""

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from app.vision.emotion import EMOTIONS
from models.data.dataset import Dataset, Faces, Split
from models.data.near_duplicates import near_duplicate_pairs
from models.data.votes import ferplus_majority


@dataclass(frozen=True, slots=True)
class Duplicates:
    """Faces that occur more than once in a split, pixel for pixel."""

    copies: int
    """Faces that would go if each were kept once."""
    contradictory: int
    """Distinct faces with more than one label."""


@dataclass(frozen=True, slots=True)
class LabelAgreement:
    """How often the two faces of a near-duplicate pair bear the same label; None where there is no pair."""

    pairs: int
    same_label: float | None
    pairs_with_majorities: int
    """Pairs of which both faces have a FER+ majority."""
    same_majority: float | None


@dataclass(frozen=True, slots=True)
class Survey:
    """The contents of a dataset."""

    counts: dict[Split, list[int]]
    """Faces by expression, in the order of EMOTIONS."""
    majorities: dict[Split, int]
    """Faces with a FER+ majority."""
    duplicates: dict[Split, Duplicates]
    shared: dict[tuple[Split, Split], int]
    """Faces of the earlier split that also occur in the later one, pixel for pixel."""
    near_duplicates: dict[tuple[Split, Split], int]
    """Faces of the later split with a near-duplicate in the earlier one."""
    agreement: LabelAgreement


def survey(dataset: Dataset) -> Survey:
    """Count a dataset's faces, duplicates and near-duplicates."""
    identity = _identities(dataset.faces.images)
    distinct = dataset.faces[np.unique(identity, return_index=True)[1]]  # one face for each identity
    pairs = near_duplicate_pairs(distinct.images)
    splits = dataset.splits()
    rows = {split: dataset.split == split for split in splits}
    has_majority, _ = ferplus_majority(dataset.faces.votes)
    labels = dataset.faces.labels
    return Survey(
        counts={
            split: np.bincount(labels[rows[split]], minlength=len(EMOTIONS)).tolist() for split in splits
        },
        majorities={split: int(has_majority[rows[split]].sum()) for split in splits},
        duplicates={split: _duplicates(identity[rows[split]], labels[rows[split]]) for split in splits},
        shared={
            (earlier, later): int(np.isin(identity[rows[earlier]], identity[rows[later]]).sum())
            for earlier, later in combinations(splits, 2)
        },
        near_duplicates={
            (earlier, later): _count_near_duplicates(pairs, identity[rows[earlier]], identity[rows[later]])
            for earlier, later in combinations(splits, 2)
        },
        agreement=_agreement(distinct, *pairs),
    )


def survey_table(survey: Survey) -> str:
    """Format a survey as text."""
    splits = list(survey.counts)
    lines = ["".join(["", *(f"{split.name:>13}" for split in splits)]).rjust(22 + 13 * len(splits))]
    rows = dict(zip(EMOTIONS, zip(*survey.counts.values(), strict=True), strict=True))
    rows["all"] = [sum(counts) for counts in survey.counts.values()]
    rows["with a FER+ majority"] = list(survey.majorities.values())
    lines += [f"{name:22}" + "".join(f"{count:13,}" for count in counts) for name, counts in rows.items()]
    lines += ["", "Duplicates, the same pixel for pixel:"]
    lines += [
        f"  within {split.name}: copies {duplicates.copies:,}, "
        f"faces with several labels {duplicates.contradictory:,}"
        for split, duplicates in survey.duplicates.items()
    ]
    lines += [
        f"  of {earlier.name} also in {later.name}: {count:,}"
        + (" (`train` drops them)" if count and earlier is Split.Training else "")
        for (earlier, later), count in survey.shared.items()
    ]
    lines += ["", "Near-duplicates, the same photograph cropped or saved a little differently:"]
    lines += [
        f"  of {later.name} also in {earlier.name}: {count:,}"
        for (earlier, later), count in survey.near_duplicates.items()
    ]
    lines += [f"  {_agreement_line(survey.agreement)}"]
    return "\n".join(lines)


def _identities(images: np.ndarray) -> np.ndarray:
    """Number the faces so that the same pixels have the same number: (N,)."""
    pixels = np.ascontiguousarray(images.reshape(len(images), -1))
    rows = pixels.view(np.dtype((np.void, pixels.shape[1])))[:, 0]
    return np.unique(rows, return_inverse=True)[1]


def _duplicates(identity: np.ndarray, labels: np.ndarray) -> Duplicates:
    labelled = np.unique(np.stack([identity, labels]), axis=1)[0]
    distinct, label_counts = np.unique(labelled, return_counts=True)
    return Duplicates(copies=len(identity) - len(distinct), contradictory=int((label_counts > 1).sum()))


def _count_near_duplicates(pairs: np.ndarray, earlier: np.ndarray, later: np.ndarray) -> int:
    """Count the faces of the later split, identities (N,), with a near-duplicate in the earlier one."""
    first, second = np.concatenate([pairs, pairs[::-1]], axis=1)
    return int(np.isin(later, second[np.isin(first, earlier)]).sum())


def _agreement(faces: Faces, first: np.ndarray, second: np.ndarray) -> LabelAgreement:
    has_majority, majority = ferplus_majority(faces.votes)
    both = has_majority[first] & has_majority[second]
    return LabelAgreement(
        pairs=len(first),
        same_label=_share(faces.labels[first] == faces.labels[second]),
        pairs_with_majorities=int(both.sum()),
        same_majority=_share((majority[first] == majority[second])[both]),
    )


def _agreement_line(agreement: LabelAgreement) -> str:
    if not agreement.pairs:
        return "in all splits: no pair"
    line = f"in all splits: {agreement.pairs:,} pairs, the same label in {agreement.same_label:.0%}"
    if not agreement.pairs_with_majorities:
        return line
    return (
        f"{line}; the same FER+ majority in {agreement.same_majority:.0%} "
        f"of {agreement.pairs_with_majorities:,}"
    )


def _share(matches: np.ndarray) -> float | None:
    return float(matches.mean()) if len(matches) else None
