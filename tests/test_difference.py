"""Whether two lectures differ by more than chance, on simulated classes whose truth is known."""

from dataclasses import dataclass

import numpy as np
import pytest

from app.clock import MINUTE
from app.pulse.choice import Choice
from app.report.difference import choice_differences, differences
from app.report.pulse_report import PulseReport, PulseReportMinute
from app.report.report_minute import MinuteStatus, ReportMinute
from app.store.minute_figures import PooledMinutes
from app.vision.emotion import Emotion
from app.vision.palette import STACK_ORDER
from tests.test_stack_chart import START

USUAL = np.array([0.03, 0.01, 0.02, 0.15, 0.05, 0.06, 0.58, 0.1])


@dataclass
class Lecture:
    """As much of a `Report` as a comparison needs."""

    minutes: list[ReportMinute]

    @property
    def shares(self) -> dict:
        return PooledMinutes.of(self.minutes).shares


def lecture(rng: np.random.Generator, minutes: int = 45, happy: float = 1.0) -> Lecture:
    """A class whose mood changes over minutes: its shares' logarithms follow an AR(1) process."""
    mood, rows = np.zeros(8), []
    for number in range(minutes):
        mood = 0.6 * mood + rng.normal(0, 0.35, 8)
        shares = USUAL * np.exp(mood) * np.where(np.arange(8) == 3, happy, 1)
        spans = tuple(700 * shares / shares.sum())
        rows.append(
            ReportMinute(
                START + number * MINUTE, MinuteStatus.READ, 60, 300, 12, 700, expression_seconds=spans
            )
        )
    return Lecture(rows)


def test_lectures_that_do_not_differ_seldom_seem_to():
    rng = np.random.default_rng(7)
    found = sum(
        any(each.is_more_than_chance for each in differences(lecture(rng), lecture(rng))) for _ in range(100)
    )
    assert found <= 10, "promised: one of twenty"


def test_a_class_that_smiles_twice_as_much_is_found():
    rng = np.random.default_rng(8)
    found = [differences(lecture(rng), lecture(rng, happy=2.5)) for _ in range(20)]
    happy = [row[STACK_ORDER.index(Emotion.HAPPY)] for row in found]
    assert sum(each.is_more_than_chance for each in happy) >= 16
    assert all(each.points.startswith("+") for each in happy if each.is_more_than_chance)


@pytest.mark.parametrize("minutes", [3, 14])
def test_a_short_lecture_says_nothing(minutes):
    rng = np.random.default_rng(9)
    found = differences(lecture(rng), lecture(rng, minutes, happy=5))
    assert {each.is_more_than_chance for each in found} == {None}


@dataclass
class AskedLecture:
    """As much of a `Report` as a comparison of what students said needs."""

    pulse: PulseReport


def asked_lecture(
    rng: np.random.Generator, minutes: int = 45, lost: float = 1.0, constancy: float = 1.5
) -> AskedLecture:
    """A class of 20 that shares a mood; each student leans to some choice, by `constancy`."""
    usual = np.log([0.6, 0.2 * lost, 0.12, 0.08])
    leaning = rng.normal(0, constancy, (20, 4)) if constancy else 0
    mood, said, rows = np.zeros(4), None, []
    for number in range(minutes):
        mood = 0.6 * mood + rng.normal(0, 0.35, 4)
        wants = (usual + leaning + mood + rng.gumbel(size=(20, 4))).argmax(1)
        said = wants if said is None else np.where(rng.random(20) < 0.2, wants, said)
        counts = dict(zip(Choice, np.bincount(said, minlength=4).tolist(), strict=True))
        rows.append(PulseReportMinute(START + number * MINUTE, counts, 5, False))
    return AskedLecture(PulseReport(tuple(rows), (), None))


@pytest.mark.parametrize("constancy", [0, 1.5, 20])
def test_students_who_say_the_same_seldom_seem_to_differ(constancy):
    """Also where nobody ever says anything else: 45 minutes of 20 people are 20 answers, not 900."""
    rng = np.random.default_rng(11)
    found = sum(
        any(
            each.is_more_than_chance
            for each in choice_differences(*(asked_lecture(rng, constancy=constancy) for _ in range(2)))
        )
        for _ in range(100)
    )
    assert found <= 10, "promised: one of twenty"


def test_a_class_in_which_most_are_lost_is_found():
    rng = np.random.default_rng(12)
    found = [choice_differences(asked_lecture(rng), asked_lecture(rng, lost=60)) for _ in range(20)]
    lost = [row[list(Choice).index(Choice.LOST)] for row in found]
    assert sum(each.is_more_than_chance for each in lost) >= 16
    assert all(each.difference > 0 for each in lost)


def test_a_short_pulse_says_nothing():
    rng = np.random.default_rng(13)
    found = choice_differences(asked_lecture(rng), asked_lecture(rng, 19, lost=20))
    assert [each.is_more_than_chance for each in found] == [None] * 4
