"""The scripted lecture: who shows which expression when. It is the ground truth for what the program reads.

The lecture lasts twelve minutes and repeats by the wall clock, so the truth of any moment can be computed.
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
EXPRESSION_SECONDS = (6, 14)  # of one expression: short enough to look alive, long enough to be read
MAX_DELAY_SECONDS = 3  # a class does not start laughing in one instant
AWAY_SECONDS = 45  # how long one student after the other looks away
MIN_STUDENTS_FOR_AWAY = 3  # with fewer students nobody looks away


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of the lecture in which a student neither changes expression nor turns.

    `start` and `end` are seconds since the lecture began.
    """

    start: float
    end: float
    emotion: Emotion
    is_facing: bool
    """Whether the student faces the camera."""


def seconds_into_lecture(at: datetime) -> float:
    """Give the seconds since the lecture last began, 0 up to LECTURE_SECONDS."""
    return at.timestamp() % LECTURE_SECONDS


def segments_at(student: int, students: int, at: datetime) -> tuple[Segment, Segment]:
    """Give a student's segment before that of this moment, and that of this moment."""
    segments = timeline(student, students)
    index = bisect_right(segments, seconds_into_lecture(at), key=lambda segment: segment.start) - 1
    return segments[index - 1], segments[index]


def shares(start: datetime, end: datetime, students: int) -> dict[Emotion, float]:
    """Give each expression's share of the person-time of the students facing the camera; they add up to 1.

    Raises ValueError if the interval is empty.
    """
    if end <= start:
        raise ValueError(f"the interval ends ({end}) before it begins ({start})")
    seconds = dict.fromkeys(EMOTIONS, 0.0)
    for student in range(students):
        for segment in timeline(student, students):
            if segment.is_facing:
                seconds[segment.emotion] += _overlap(segment, start.timestamp(), end.timestamp())
    total = sum(seconds.values())
    return {emotion: part / total for emotion, part in seconds.items()}


def _overlap(segment: Segment, start: float, end: float) -> float:
    """The segment's seconds between two Unix times, over all repetitions of the lecture."""
    return _elapsed(segment, end) - _elapsed(segment, start)


def _elapsed(segment: Segment, until: float) -> float:
    """The segment's seconds from the first lecture, at Unix time 0, until a Unix time."""
    laps, rest = divmod(until, LECTURE_SECONDS)
    return laps * (segment.end - segment.start) + min(
        max(rest - segment.start, 0), segment.end - segment.start
    )


@lru_cache(maxsize=128)
def timeline(student: int, students: int) -> tuple[Segment, ...]:
    """Give a student's whole lecture, segment after segment without a gap."""
    expressions = list(_expression_starts(student))
    cuts = sorted({start for start, _ in expressions} | set(range(0, LECTURE_SECONDS, AWAY_SECONDS)))
    segments = []
    for start, end in zip(cuts, [*cuts[1:], LECTURE_SECONDS], strict=True):
        emotion = next(emotion for begin, emotion in reversed(expressions) if begin <= start)
        segments.append(Segment(start, end, emotion, not _looks_away(student, students, start)))
    return tuple(segments)


def _expression_starts(student: int) -> list[tuple[float, Emotion]]:
    """The expressions of a student, each with its start in seconds since the lecture began."""
    chance = Random(f"moods {student}")
    starts, begin = [], 0
    for seconds, weights in PHASES:
        now, end = begin + (chance.uniform(0, MAX_DELAY_SECONDS) if begin else 0.0), begin + seconds
        while now < end:
            starts.append((now, chance.choices(list(weights), list(weights.values()))[0]))
            now += chance.uniform(*EXPRESSION_SECONDS)
        begin = end
    return starts


def _looks_away(student: int, students: int, second: float) -> bool:
    """Whether it is this student's turn to look away. Turns go to every fifth, so that they wander about."""
    return students >= MIN_STUDENTS_FOR_AWAY and (2 + 5 * int(second // AWAY_SECONDS)) % students == student
