"""Which counts may be shown, so that no single answer can be read from them.

Counts are published in steps. Below the minimum group nothing is shown. Two steps in a row differ by nobody
or by at least MIN_CHANGED_DEVICES devices. Whatever else shows counts (a minute, a report) repeats a step.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

MIN_CHANGED_DEVICES = 3
"""With two, either of them could subtract their own answer and read the other's. Three is the smallest count
that official statistics publish for the same reason (Hundepool et al. 2012, Statistical Disclosure Control,
section 4.2: threshold rule)."""

SILENT_AFTER = timedelta(minutes=5)
"""A choice expires unless it is repeated within this time."""


@dataclass(frozen=True, slots=True)
class Vote:
    """A device's answer."""

    id: int
    choice: str
    at: datetime
    shown: str | None
    """What the newest published counts hold of it; None if they don't count it."""


@dataclass(frozen=True, slots=True)
class Publication:
    """What is to be shown from now on."""

    is_shown: bool
    """False while fewer than the minimum group answer."""
    changes: Mapping[str | None, tuple[int, ...]]
    """The ids of the votes to count otherwise than before, by what they count as. Empty: the counts stay."""
    counts: Mapping[str, int]
    """How many devices stand for each choice."""


def publication(
    votes: Sequence[Vote], minimum_group: int, now: datetime, silent_after: timedelta | None = SILENT_AFTER
) -> Publication:
    """What may be shown of these votes; with `silent_after` None, a choice counts for ever."""
    standing = {vote.id: _standing(vote, now, silent_after) for vote in votes}
    answered = sum(choice is not None for choice in standing.values())
    changed = [vote for vote in votes if standing[vote.id] != vote.shown]
    is_shown = answered >= minimum_group
    if not is_shown or len(changed) < min(MIN_CHANGED_DEVICES, minimum_group):
        return Publication(is_shown, {}, _counted(vote.shown for vote in votes))
    choices = {standing[vote.id] for vote in changed}
    return Publication(
        True,
        {each: tuple(vote.id for vote in changed if standing[vote.id] == each) for each in choices},
        _counted(standing.values()),
    )


def _standing(vote: Vote, now: datetime, silent_after: timedelta | None) -> str | None:
    is_silent = silent_after is not None and now - vote.at >= silent_after
    return None if is_silent else vote.choice


def _counted(choices: Iterable[str | None]) -> dict[str, int]:
    counts = Counter(choices)
    del counts[None]
    return dict(counts)
