"""No answer, and no difference of two answers, stands for fewer people than the minimum group."""

from datetime import UTC, datetime, timedelta
from itertools import combinations, pairwise

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.clock import start_of_minute
from app.monitor.live_figures import LiveFigures
from app.monitor.minute_aggregator import MinuteAggregator
from app.store import minute_queries, room_queries
from app.store.scope import EVERYTHING
from app.store.tables import Minute, Room, db
from app.vision.emotion import Emotion
from app.vision.frame import Box, Face, Reading
from app.vision.palette import COLOURS, rgb
from tests.server import wait_for
from tests.test_pause import change_room

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
EXPRESSIONS = [Emotion.HAPPY, Emotion.SAD, Emotion.NEUTRAL, None]

readings_of_a_class = st.lists(
    st.dictionaries(st.integers(1, 9), st.sampled_from(EXPRESSIONS), max_size=9), min_size=2, max_size=60
)
"""For each reading the track and the expression of every face: they come, go and change."""


@pytest.fixture
def room(app_context) -> Room:
    return room_queries.get_or_create_room("Room 7")


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    readings_of_a_class, st.integers(1, 6), st.sampled_from([0.7, 1.9]), st.integers(1, 7), st.integers(0, 59)
)
def test_no_two_answers_about_a_minute_differ(room, faces, group, step, writes_every, begin):
    """Somebody asks after every reading, while the monitor writes after some of them."""
    db.session.query(Minute).delete()
    aggregator, readings = MinuteAggregator(), readings_from(faces, step, begin)
    answers: dict[datetime, set] = {}
    for number, reading in enumerate(readings):
        aggregator.add(reading, None, group)
        if number % writes_every == 0:
            write(room, aggregator, group)
        ask_for_minutes(room, reading.at, answers)
    write(room, aggregator, group)
    ask_for_minutes(room, readings[-1].at + timedelta(minutes=2), answers)
    for minute, given_out in answers.items():
        assert len(given_out) == 1, minute
    expected = dict.fromkeys(answers, 0.0)
    for minute, people, seconds in steps_of(readings):
        if people >= group:
            expected[minute] += people * seconds
    assert {minute: next(iter(found))[0] for minute, found in answers.items()} == {
        minute: pytest.approx(seconds) for minute, seconds in expected.items() if seconds
    } | {minute: None for minute, seconds in expected.items() if not seconds}


def ask_for_minutes(room: Room, now: datetime, answers: dict[datetime, set]) -> None:
    """Add what is given out about each minute that is said to be complete: its seconds and its shares."""
    db.session.expire_all()
    for row in minute_queries.minutes_between(EVERYTHING, None, None, room, now, limit=100):
        if row.shares is not None:
            shares = tuple(row.shares.values())
            answers.setdefault(row.minute, set()).add((row.counted_seconds, shares, row.uncertain_share))
        elif now >= row.minute + timedelta(minutes=2):
            answers.setdefault(row.minute, set()).add((None, None, None))


def write(room: Room, aggregator: MinuteAggregator, group: int) -> None:
    """Do as the minute writer does."""
    for counted in aggregator.unwritten_minutes():
        minute_queries.save_minute(room, counted, group, is_finished=not aggregator.is_open(counted.key))
        aggregator.mark_written(counted)


def readings_from(faces: list[dict], step: float, begin: float) -> list[Reading]:
    return [
        Reading(
            NOON + timedelta(seconds=begin + number * step),
            number * step,
            tuple(Face(track, Box(0, 0, 60, 60), None, emotion) for track, emotion in each.items()),
        )
        for number, each in enumerate(faces)
    ]


def steps_of(readings: list[Reading]):
    """For each step between two readings, by minute: how many people stay, and how many seconds."""
    for before, now in pairwise(readings):
        people = len({face.track_id for face in before.faces} & {face.track_id for face in now.faces})
        seconds, border = (now.at - before.at).total_seconds(), start_of_minute(now.at)
        in_last = min(seconds, (now.at - border).total_seconds())
        yield border, people, in_last
        yield start_of_minute(before.at), people, seconds - in_last


@given(readings_of_a_class, st.integers(1, 6), st.lists(st.sampled_from([0.5, 3, 100, 500]), min_size=60))
def test_two_live_answers_differ_by_nobody_or_by_the_minimum_group(faces, group, pauses):
    """For as long as the monitor remembers what it has published: ten minutes."""
    figures, answers, snapshots, monotonic = LiveFigures(), [], {}, 0.0
    for each, pause in zip(faces, pauses, strict=False):
        monotonic += pause
        reading = Reading(
            NOON + timedelta(seconds=monotonic), monotonic, readings_from([each], 0, 0)[0].faces
        )
        live = figures.publish(reading, group)
        snapshots[reading.at] = each
        assert live.faces == len(each), "how many there are is no secret"
        if len(each) < group:
            assert live.shares is None
        if live.shares is not None:
            answers.append((monotonic, live))
    for (then, one), (now, other) in combinations(answers, 2):
        if now - then < 600 and (one.shares, one.uncertain) != (other.shares, other.uncertain):
            assert people_between(snapshots[one.at], snapshots[other.at]) >= group


def people_between(one: dict, other: dict) -> int:
    """How many people have come, left or changed their expression."""
    return len({track for track in one.keys() | other.keys() if one.get(track, "") != other.get(track, "")})


def test_one_who_leaves_a_group_of_six_can_not_be_computed():
    """The live shares of six people and then of five gave the expression of the sixth."""
    six = dict.fromkeys(range(6), Emotion.NEUTRAL) | {5: Emotion.SAD}
    five = {track: emotion for track, emotion in six.items() if track != 5}
    figures, (first, second) = LiveFigures(), readings_from([six, five], 0.5, 0)
    before, after = figures.publish(first, 5), figures.publish(second, 5)
    assert after.shares == before.shares
    assert after.at == before.at == first.at
    assert after.faces == 5


def test_a_raised_minimum_group_also_withholds_what_was_published_before():
    three = dict.fromkeys(range(3), Emotion.HAPPY)
    six = dict.fromkeys(range(6), Emotion.HAPPY)
    figures, (first, second) = LiveFigures(), readings_from([three, six], 0.5, 0)
    assert figures.publish(first, 1).shares is not None
    held_back = figures.publish(second, 5)
    assert held_back.suppressed
    assert held_back.shares is held_back.uncertain is held_back.valence is None


def test_labels_are_drawn_only_while_the_group_is_in_view(start_server):
    """Eleven faces had labels while the panel said that no shares are shown, with hidden faces too."""
    server = start_server()
    wait_for(lambda: labelled_pixels(server) > 1000)
    change_room(server, minimum_group=20)
    wait_for(lambda: server.get("/api/v1/now").json.get("suppressed"))
    wait_for(lambda: labelled_pixels(server) < 100)
    assert all(labelled_pixels(server) < 100 for _ in range(5))
    change_room(server, hide_faces=True)
    wait_for(lambda: server.get("/api/v1/state").json["faces_hidden"])
    assert all(labelled_pixels(server) < 100 for _ in range(5))


def labelled_pixels(server) -> int:
    """How many pixels of the picture have the colour of the label "neutral", which nothing else has."""
    image = cv2.imdecode(np.frombuffer(server.get("/snapshot.jpg").body, np.uint8), cv2.IMREAD_COLOR)
    colour = rgb(COLOURS[Emotion.NEUTRAL])[::-1]
    return int((np.abs(image.astype(int) - colour).max(axis=2) < 12).sum())
