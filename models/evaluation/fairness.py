"""Whether people of each group, age and pose are read equally well: found, right, named."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb

import numpy as np

from app.report.interval import wilson
from app.vision.emotion import EMOTIONS
from models.data.fairface import People

AGES = {
    "under 10": ("0-2", "3-9"),
    "10 to 19": ("10-19",),
    "20 to 39": ("20-29", "30-39"),
    "40 and older": ("40-49", "50-59", "60-69", "more than 70"),
}
SIGNIFICANCE = 0.05  # of all comparisons together


@dataclass(frozen=True, slots=True)
class PartFigures:
    """How many people of a part are found; of these, how many that readers agree on are right, and named."""

    name: str
    people: int
    found: int
    labelled: int
    """Found people whose expression at least two of three readers name."""
    right: int
    named: int
    named_right: int
    p: float
    """How likely so large a difference from all other people is by chance (Fisher's exact test)."""

    @property
    def share_right(self) -> float:
        """The share of `labelled` that is right, 0 to 1."""
        return self.right / max(self.labelled, 1)


def fairness(people: People, scores: np.ndarray, uncertain_below: float) -> list[PartFigures]:
    """Measure all people, then each group, age and pose; `scores` (n, 7) are those of the found faces."""
    place = np.cumsum(people.is_found) - 1
    names = list(EMOTIONS)
    label = np.array(
        [names.index(row["expression"]) if row["expression"] in names else -1 for row in people.rows]
    )
    is_labelled = people.is_found & (label >= 0)
    of_people = scores[np.maximum(place, 0)]
    is_right = is_labelled & (of_people.argmax(1) == label)
    is_named = is_labelled & (of_people.max(1) >= uncertain_below)

    def part(name: str, chosen: np.ndarray) -> PartFigures:
        others = ~chosen
        p = fisher(
            int((is_right & chosen).sum()),
            int((is_labelled & chosen).sum()),
            int((is_right & others).sum()),
            int((is_labelled & others).sum()),
        )
        flags = people.is_found, is_labelled, is_right, is_named, is_named & is_right
        return PartFigures(name, int(chosen.sum()), *(int((flag & chosen).sum()) for flag in flags), p)

    parts = [part("all", np.ones(len(people.rows), bool))]
    for column, values_of in _parts(people).items():
        for name, values in values_of.items():
            parts.append(part(name, np.array([row[column] in values for row in people.rows])))
    return parts


def worse_than_the_whole(parts: Sequence[PartFigures]) -> list[PartFigures]:
    """The parts that are read worse than all others by more than chance (Bonferroni)."""
    whole, *others = parts
    limit = SIGNIFICANCE / len(others)
    return [each for each in others if each.share_right < whole.share_right and each.p < limit]


def fairness_table(parts: Sequence[PartFigures]) -> str:
    """Format the figures as Markdown, and say which differences are more than chance."""
    lines = [
        "| people | | found | read as by most readers (95 % interval) | named | of the names right |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    for each in parts:
        low, high = wilson(each.right, max(each.labelled, 1))
        lines.append(
            f"| {each.name} | {each.people} | {_percent(each.found, each.people)} "
            f"| {_percent(each.right, each.labelled)} ({100 * low:.0f} – {100 * high:.0f} %) "
            f"| {_percent(each.named, each.labelled)} | {_percent(each.named_right, each.named)} |"
        )
    worse = worse_than_the_whole(parts)
    named = " and ".join(f"{each.name} (p = {each.p:.1g})" for each in worse)
    return "\n".join(lines) + (
        f"\n\nRead worse than all others by more than chance: {named}."
        if worse
        else "\n\nNo part is read worse than all others by more than chance."
    )


def fisher(right: int, count: int, other_right: int, other_count: int) -> float:
    """How likely two shares lie at least so far apart by chance: Fisher's exact test, two-sided."""
    if not count or not other_count:
        return 1.0
    total_right = right + other_right
    total = comb(count + other_count, total_right)
    fewest, most = max(0, total_right - other_count), min(count, total_right)
    chances = [
        comb(count, number) * comb(other_count, total_right - number) / total
        for number in range(fewest, most + 1)
    ]
    seen = chances[right - fewest]
    return min(1.0, sum(each for each in chances if each <= seen * (1 + 1e-9)))


def _parts(people: People) -> dict[str, dict[str, tuple[str, ...]]]:
    groups = sorted({row["group"] for row in people.rows})
    return {
        "group": {name: (name,) for name in groups},
        "age": AGES,
        "pose": {name: (name,) for name in ("front", "turned", "profile")},
    }


def _percent(count: int, whole: int) -> str:
    return f"{count / whole:.0%}".replace("%", " %") if whole else "–"
