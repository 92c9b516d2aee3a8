"""The scripted lecture: who shows which expression when. It is the truth that readings are held against.

The lecture lasts twelve minutes and begins anew on the wall clock: the truth of any moment can be computed.
"""

from bisect import bisect_right
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from random import Random

from app.vision.emotion import EMOTIONS, Emotion

N, H, S = Emotion.NEUTRAL, Emotion.HAPPY, Emotion.SURPRISE
PHASES = (
    (100, {N: 0.80, H: 0.20}),  # the lecture begins
    (60, {N: 0.25, H: 0.70, S: 0.05}),  # a joke
    (110, {N: 0.90, H: 0.07, Emotion.SAD: 0.03}),  # a proof
    (60, {N: 0.35, H: 0.10, S: 0.55}),  # an experiment goes bang
    (50, {N: 0.35, H: 0.60, S: 0.05}),  # and everybody laughs
    (110, {N: 0.86, S: 0.10, Emotion.ANGRY: 0.04}),  # a hard exercise
    (70, {N: 0.40, H: 0.10, S: 0.50}),  # the answer is not what they thought
    (90, {N: 0.88, H: 0.08, Emotion.SAD: 0.04}),  # homework
    (70, {N: 0.40, H: 0.60}),  # good-bye
)
"""How long each phase lasts, in seconds, and how likely each expression is in it."""
LECTURE_SECONDS = sum(seconds for seconds, _ in PHASES)
SPELL_SECONDS = (6, 14)  # an expression lasts so long: short enough to look alive, long enough to be read
LATE_SECONDS = 3  # a class does not laugh all in one instant
AWAY_SECONDS = 45  # one student after the other looks away for so long
SMALLEST_AWAY = 3  # with fewer students than this nobody looks away


@dataclass(frozen=True, slots=True)
class Spell:
    """A stretch of the lecture in which one student neither changes expression nor turns round.

    `start` and `end` are seconds since the lecture began.
    """

    start: float
    end: float
    emotion: Emotion
    facing: bool
    """Whether the student faces the camera."""


def position(at: datetime) -> float:
    """Seconds since the lecture last began, 0 up to LECTURE_SECONDS."""
    return at.timestamp() % LECTURE_SECONDS


def spells_at(student: int, students: int, at: datetime) -> tuple[Spell, Spell]:
    """The spell that the student was in before the one of this moment, and the one of this moment."""
    spells = timeline(student, students)
    index = bisect_right(spells, position(at), key=lambda spell: spell.start) - 1
    return spells[index - 1], spells[index]


def shares(start: datetime, end: datetime, students: int) -> dict[Emotion, float]:
    """Each expression's part of the person-time of the students facing the camera; they add up to 1.

    Raises ValueError when the interval is empty.
    """
    if end <= start:
        raise ValueError(f"the interval ends ({end}) before it begins ({start})")
    seconds = dict.fromkeys(EMOTIONS, 0.0)
    for student in range(students):
        for spell in timeline(student, students):
            if spell.facing:
                seconds[spell.emotion] += _overlap(spell, start.timestamp(), end.timestamp())
    total = sum(seconds.values())
    return {emotion: part / total for emotion, part in seconds.items()}


def _overlap(spell: Spell, start: float, end: float) -> float:
    """Seconds of the spell that fall between two Unix times, over all repetitions of the lecture."""
    return _elapsed(spell, end) - _elapsed(spell, start)


def _elapsed(spell: Spell, until: float) -> float:
    """Seconds of the spell from the first lecture, at Unix time 0, until a Unix time."""
    laps, rest = divmod(until, LECTURE_SECONDS)
    return laps * (spell.end - spell.start) + min(max(rest - spell.start, 0), spell.end - spell.start)


@lru_cache(maxsize=128)
def timeline(student: int, students: int) -> tuple[Spell, ...]:
    """One student's whole lecture, spell after spell without a gap."""
    moods = list(_moods(student))
    cuts = sorted({start for start, _ in moods} | set(range(0, LECTURE_SECONDS, AWAY_SECONDS)))
    spells = []
    for start, end in zip(cuts, [*cuts[1:], LECTURE_SECONDS], strict=True):
        emotion = next(emotion for begin, emotion in reversed(moods) if begin <= start)
        spells.append(Spell(start, end, emotion, not _looks_away(student, students, start)))
    return tuple(spells)


def _moods(student: int) -> list[tuple[float, Emotion]]:
    """When each expression of a student begins, in seconds since the lecture began, and which it is."""
    chance = Random(f"moods {student}")
    moods, begin = [], 0
    for seconds, weights in PHASES:
        now, end = begin + (chance.uniform(0, LATE_SECONDS) if begin else 0.0), begin + seconds
        while now < end:
            moods.append((now, chance.choices(list(weights), list(weights.values()))[0]))
            now += chance.uniform(*SPELL_SECONDS)
        begin = end
    return moods


def _looks_away(student: int, students: int, second: float) -> bool:
    """Whether it is this student's turn to look away: each fifth, so that it wanders about the room."""
    return students >= SMALLEST_AWAY and (2 + 5 * int(second // AWAY_SECONDS)) % students == student
