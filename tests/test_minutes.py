"""Readings are counted into minutes."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.monitor.minute_aggregator import MAX_STEP_SECONDS, MinuteAggregator
from app.store.counted_minute import CountedMinute
from app.vision.emotion import EMOTIONS, Emotion
from app.vision.frame import Box, Face, Reading

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
BOX = Box(0, 0, 60, 60)


def reading(seconds: float, *emotions: Emotion | None, wall: float | None = None) -> Reading:
    """A reading `seconds` after noon with one face for each of `emotions`, tracks counted from 0."""
    faces = tuple(Face(track, BOX, scores=None, emotion=emotion) for track, emotion in enumerate(emotions))
    return Reading(NOON + timedelta(seconds=seconds if wall is None else wall), seconds, faces)


def count(*readings: Reading, minimum_group: int = 1) -> dict[datetime, CountedMinute]:
    aggregator = MinuteAggregator()
    for each in readings:
        aggregator.add(each, None, minimum_group)
    return {minute.minute: minute for minute in aggregator.unwritten_minutes()}


def every(step: float, until: float, *emotions: Emotion | None) -> list[Reading]:
    return [reading(number * step, *emotions) for number in range(int(until / step) + 1)]


@pytest.mark.parametrize("fps", [1, 5, 25, 30])
def test_a_face_seen_for_half_a_minute_weighs_thirty_seconds(fps):
    minute = count(*every(1 / fps, 30, Emotion.HAPPY))[NOON]
    assert minute.face_seconds == pytest.approx(30)
    assert minute.online_seconds == pytest.approx(30)
    assert minute.expression_seconds[EMOTIONS.index(Emotion.HAPPY)] == pytest.approx(30)
    assert minute.frames_analysed == 30 * fps + 1


def test_two_faces_are_counted_as_two_people():
    minute = count(*every(0.2, 10, Emotion.HAPPY, None))[NOON]
    assert minute.face_seconds == pytest.approx(20)
    assert minute.faces_mean == pytest.approx(2)
    assert minute.faces_max == 2
    assert minute.expression_seconds[-1] == pytest.approx(10), "the uncertain one"


def test_a_face_that_comes_in_between_counts_from_its_first_reading():
    minute = count(reading(0), reading(1), reading(2, Emotion.SAD), reading(3, Emotion.SAD))[NOON]
    assert minute.face_seconds == pytest.approx(1)


def test_a_minute_without_camera_is_a_gap():
    minutes = count(*every(0.2, 30, Emotion.NEUTRAL), reading(200, Emotion.NEUTRAL))
    assert list(minutes) == [NOON, NOON + timedelta(minutes=3)]
    assert minutes[NOON].online_seconds == pytest.approx(30)
    assert minutes[NOON + timedelta(minutes=3)].online_seconds == 0


def test_a_step_over_the_full_minute_is_divided():
    minutes = count(reading(59.5, Emotion.HAPPY), reading(60.5, Emotion.HAPPY))
    assert [minute.face_seconds for minute in minutes.values()] == pytest.approx([0.5, 0.5])


def test_expressions_count_only_while_the_minimum_group_is_in_view():
    eight = every(1, 26, *[Emotion.HAPPY] * 8)
    then_one = [reading(second, Emotion.SAD) for second in range(27, 60)]
    minute = count(*eight, *then_one, minimum_group=5)[NOON]
    assert minute.face_seconds == pytest.approx(8 * 26 + 33)
    assert minute.counted_seconds == pytest.approx(8 * 26)
    assert minute.shares[Emotion.HAPPY] == 1, "nothing of the one who stayed"
    assert (minute.online_seconds, minute.faces_max) == (59, 8)


def test_a_group_in_which_all_but_one_are_exchanged_is_no_group():
    first, second = reading(0, *[Emotion.HAPPY] * 5), reading(1, *[Emotion.SAD] * 5)
    others = tuple(replace(face, track_id=face.track_id + 4) for face in second.faces)
    minute = count(first, replace(second, faces=others), minimum_group=5)[NOON]
    assert (minute.face_seconds, minute.counted_seconds) == (1, 0)
    assert minute.is_suppressed


times = st.lists(st.floats(0.01, MAX_STEP_SECONDS - 0.01), min_size=1, max_size=60)
people = st.lists(st.sampled_from([*EMOTIONS, None]), max_size=5)


@given(times, people)
def test_face_seconds_are_conserved_whatever_the_moments_of_the_readings(steps, emotions):
    moments = [sum(steps[:number]) for number in range(len(steps) + 1)]
    minutes = count(*(reading(moment, *emotions) for moment in moments)).values()
    assert sum(minute.face_seconds for minute in minutes) == pytest.approx(len(emotions) * moments[-1])
    assert sum(minute.online_seconds for minute in minutes) == pytest.approx(moments[-1])
    for minute in minutes:
        assert sum(minute.expression_seconds) == pytest.approx(minute.face_seconds)
        assert minute.online_seconds <= 60 + 1e-6


@given(times, st.lists(st.floats(-7200, 7200), min_size=61, max_size=61))
def test_a_wall_clock_that_jumps_loses_and_doubles_nothing(steps, jumps):
    moments = [sum(steps[:number]) for number in range(len(steps) + 1)]
    readings = [
        reading(moment, Emotion.HAPPY, wall=moment + jump)
        for moment, jump in zip(moments, jumps, strict=False)
    ]
    minutes = count(*readings).values()
    assert sum(minute.face_seconds for minute in minutes) == pytest.approx(moments[-1])
    assert sum(minute.frames_analysed for minute in minutes) == len(readings)


def test_a_lecture_has_minutes_of_its_own():
    aggregator = MinuteAggregator()
    aggregator.add(reading(0, Emotion.HAPPY), None, 1)
    aggregator.add(reading(1, Emotion.HAPPY), None, 1)
    aggregator.add(reading(2, Emotion.HAPPY), 7, 1)
    minutes = aggregator.unwritten_minutes()
    assert [(minute.lecture_id, minute.face_seconds) for minute in minutes] == [(None, 1), (7, 1)]


def test_a_minute_is_kept_until_it_is_finished_and_written():
    aggregator = MinuteAggregator()
    aggregator.add(reading(0, Emotion.HAPPY), None, 1)
    (open_minute,) = aggregator.unwritten_minutes()
    assert not aggregator.mark_written(open_minute), "it may still grow"
    aggregator.add(reading(61, Emotion.HAPPY), None, 1)
    assert aggregator.has_finished_minute()
    assert aggregator.mark_written(open_minute)
    assert [minute.minute for minute in aggregator.unwritten_minutes()] == [NOON + timedelta(minutes=1)]


def test_a_minute_that_changed_while_it_was_written_is_written_again():
    aggregator = MinuteAggregator()
    aggregator.add(reading(0, Emotion.HAPPY), None, 1)
    (older,) = aggregator.unwritten_minutes()
    aggregator.add(reading(1, Emotion.HAPPY), None, 1)
    aggregator.add(reading(61, Emotion.HAPPY), None, 1)
    assert not aggregator.mark_written(older)
    assert len(aggregator.unwritten_minutes()) == 2


def test_the_last_minute_of_a_lecture_is_finished_though_no_reading_follows():
    """It stayed open for two minutes where the camera closed with the lecture."""
    aggregator = MinuteAggregator()
    aggregator.add(reading(0, Emotion.HAPPY), 7, 1)
    aggregator.add(reading(1, Emotion.HAPPY), 7, 1)
    aggregator.close_minute()
    assert aggregator.has_finished_minute()
    aggregator.add(reading(2, Emotion.HAPPY), None, 1)
    assert [minute.lecture_id for minute in aggregator.unwritten_minutes()] == [7, None]
