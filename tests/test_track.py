"""Tracks: a face keeps its id, a box in one frame is no face, scores are smoothed over time."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.vision.detection.cascade import Cascade
from app.vision.detection.detection import Detection
from app.vision.emotion import EMOTIONS, Emotion
from app.vision.frame import MIN_READABLE_SIDE, Box
from app.vision.track import (
    CLASSIFY_SECONDS,
    CLASSIFY_SMALL_SECONDS,
    HOLD_SECONDS,
    MAX_HOLD_SECONDS,
    NAME_MARGIN,
    REJECT_BELOW,
    Tracker,
)

HAPPY = EMOTIONS.index(Emotion.HAPPY)
LEFT, RIGHT = Box(100, 100, 60, 60), Box(400, 100, 60, 60)


def scores(**parts):
    """Seven scores with the named ones, the rest shared equally."""
    values = np.full(7, (1 - sum(parts.values())) / (7 - len(parts)), np.float32)
    for name, part in parts.items():
        values[EMOTIONS.index(Emotion(name))] = part
    return values


class BoxTracker(Tracker):
    """A tracker that takes boxes instead of detections."""

    def update(self, boxes, monotonic):
        return super().update([Detection(9, box) for box in boxes], monotonic)


def tracker_with(*boxes, uncertain_below=0.4):
    """A tracker in which these faces are in view at second 0."""
    tracker = BoxTracker(uncertain_below)
    tracker.update(boxes, -0.1)
    tracker.update(boxes, 0.0)
    return tracker


def test_a_face_is_in_view_from_its_second_frame_on():
    tracker = BoxTracker()
    assert tracker.update([LEFT], 0.0) == []
    assert [track.box for track in tracker.update([LEFT], 0.1)] == [LEFT]


def test_a_false_box_that_flashes_up_once_is_never_in_view():
    tracker = tracker_with(LEFT)
    for step in range(30):
        flash = [Box(50 * step, 300, 40, 40)] if step % 3 == 0 else []
        assert len(tracker.update([LEFT, *flash], 0.1 * step)) == 1


def test_a_face_that_is_missed_for_a_moment_stays_where_it_was():
    tracker = tracker_with(LEFT)
    track_id = tracker.update([LEFT], 0.1)[0].id
    held = tracker.update([], 0.9)
    assert [(track.id, track.box, track.detected_box) for track in held] == [(track_id, LEFT, None)]
    assert [track.id for track in tracker.update([LEFT], 1.0)] == [track_id]


def test_a_face_that_is_missed_for_longer_is_gone():
    tracker = tracker_with(LEFT)
    tracker.update([], HOLD_SECONDS / 2)
    assert tracker.update([], HOLD_SECONDS + 0.01) == []


def test_one_miss_is_forgiven_also_at_one_frame_a_second():
    tracker = tracker_with(LEFT)
    (track,) = tracker.update([], 1.2)
    assert tracker.update([LEFT], 2.2) == [track]
    assert tracker.update([], 2.2 + MAX_HOLD_SECONDS) == []


def test_a_face_that_comes_back_late_is_a_new_one():
    tracker = tracker_with(LEFT)
    before = tracker.update([LEFT], 0.1)[0].id
    tracker.update([], 5.0)
    tracker.update([LEFT], 5.1)
    assert tracker.update([LEFT], 5.2)[0].id > before


def test_two_trackers_share_no_id():
    first, second = tracker_with(LEFT), tracker_with(LEFT)
    assert {face.track_id for face in first.faces()}.isdisjoint(face.track_id for face in second.faces())


def test_faces_keep_their_ids_in_whatever_order_they_are_found():
    tracker = tracker_with(LEFT, RIGHT)
    ids = {track.box: track.id for track in tracker.update([LEFT, RIGHT], 0.1)}
    assert {track.box: track.id for track in tracker.update([RIGHT, LEFT], 0.2)} == ids


def test_a_face_that_has_moved_far_is_counted_once():
    """Guards against a second box: the first one was held where the face had been."""
    tracker = tracker_with(LEFT)
    far = Box(LEFT.x + 28, LEFT.y + 28, 26, 26)  # it has turned: its box is much smaller, and overlaps little
    tracker.update([far], 0.1)
    assert [track.detected_box for track in tracker.update([far], 0.2)] == [far]


def test_a_jittering_box_is_calmed():
    tracker = tracker_with(LEFT)
    shown = []
    for step in range(1, 60):
        jitter = 4 if step % 2 else -4
        shown.append(tracker.update([LEFT._replace(x=LEFT.x + jitter)], step / 30)[0].box.x)
    assert max(shown[10:]) - min(shown[10:]) <= 4


def test_a_face_too_small_to_have_an_expression_is_classified_now_and_then_and_has_no_scores():
    small = Box(10, 10, MIN_READABLE_SIDE - 1, MIN_READABLE_SIDE - 1)
    tracker = tracker_with(small)
    (track,) = tracker.update([small], 0.1)
    assert track.is_due(0.1)
    track.update_scores(scores(happy=0.9), 0.9, 0.1)
    assert not track.is_due(0.11 + CLASSIFY_SECONDS)
    assert track.is_due(0.11 + CLASSIFY_SMALL_SECONDS)
    face = tracker.faces()[0]
    assert face.scores is None
    assert face.emotion is None


def test_only_a_face_found_in_this_frame_is_classified():
    tracker = tracker_with(LEFT)
    assert [track.is_due(0.1) for track in tracker.update([LEFT], 0.1)] == [True]
    assert [track.is_due(0.2) for track in tracker.update([], 0.2)] == [False]


def test_a_face_that_was_just_classified_is_not_due():
    (track,) = tracker_with(LEFT).update([LEFT], 0.1)
    track.update_scores(scores(happy=0.6), 0.9, 0.1)
    assert not track.is_due(0.1 + CLASSIFY_SECONDS / 2)
    assert track.is_due(0.11 + CLASSIFY_SECONDS)
    assert not track.is_due(0.11 + CLASSIFY_SECONDS, pace=0.5)
    assert track.is_due(0.11 + 2 * CLASSIFY_SECONDS, pace=0.5)


def test_an_expression_is_named_where_its_score_is_high_enough():
    sure, unsure = tracker_with(LEFT, uncertain_below=0.5), tracker_with(LEFT, uncertain_below=0.7)
    for tracker in (sure, unsure):
        tracker.update([LEFT], 0.1)[0].update_scores(scores(happy=0.6), 0.9, 0.1)
    assert sure.faces()[0].emotion is Emotion.HAPPY
    (uncertain,) = unsure.faces()
    assert uncertain.emotion is None
    assert uncertain.scores[HAPPY] == pytest.approx(0.6)


@pytest.mark.parametrize("sure", [0.6, 0.3])
def test_a_turned_face_has_scores_only_where_the_network_is_sure(sure):
    tracker = tracker_with(LEFT)
    (track,) = tracker.update([LEFT], 0.1)
    track.cascade = Cascade.PROFILE
    track.update_scores(scores(happy=sure), 0.9, 0.1)
    (face,) = tracker.faces()
    assert (face.scores is not None) == (face.emotion is not None) == (sure > 0.4)


def test_a_track_that_the_network_takes_for_no_face_is_dropped():
    tracker = tracker_with(LEFT, RIGHT)
    left, right = tracker.update([LEFT, RIGHT], 0.1)
    left.update_scores(scores(happy=0.6), REJECT_BELOW - 0.1, 0.1)
    right.update_scores(scores(happy=0.6), REJECT_BELOW + 0.1, 0.1)
    tracker.drop_rejected()
    assert tracker.tracks == [right]


def test_a_face_that_turns_away_for_a_moment_is_not_dropped():
    tracker = tracker_with(LEFT)
    for step, probability in enumerate((1, 1, 0, 0, 1)):
        (track,) = tracker.update([LEFT], step / 10)
        track.update_scores(scores(happy=0.6), probability, step / 10)
        tracker.drop_rejected()
    assert len(tracker.faces()) == 1


def happy_after(seconds, fps):
    """The smoothed score of a face that was neutral for 3 s and has been happy for `seconds`."""
    tracker = tracker_with(LEFT)
    for frame in range(round((3 + seconds) * fps)):
        now = frame / fps
        said = scores(happy=0.9) if now >= 3 else scores(neutral=0.9)
        tracker.update([LEFT], now)[0].update_scores(said, 0.9, now)
    return tracker.faces()[0].scores[HAPPY]


def names_of(*said, uncertain_below=0.7):
    """What a face is named while it is classified so, one after the other, each for long enough to settle."""
    tracker, names = tracker_with(LEFT, uncertain_below=uncertain_below), []
    for step, each in enumerate(said):
        tracker.update([LEFT], 10.0 * step)[0].update_scores(each, 0.9, 10.0 * step)
        names.append(tracker.faces()[0].emotion)
    return names


def test_a_name_stays_while_its_score_goes_up_and_down_around_the_threshold():
    said = [scores(happy=share) for share in (0.75, 0.66, 0.72, 0.6, 0.71)]
    assert names_of(*said) == [Emotion.HAPPY] * 5
    assert names_of(*said[1:2], *said) == [None] + [Emotion.HAPPY] * 5


def test_a_name_goes_where_its_score_is_clearly_too_low():
    clearly = 0.7 - NAME_MARGIN - 0.02
    assert names_of(scores(happy=0.75), scores(happy=clearly)) == [Emotion.HAPPY, None]


def test_a_name_gives_way_to_another_whose_score_is_clearly_higher():
    said = scores(happy=0.8), scores(happy=0.4, neutral=0.5), scores(happy=0.3, neutral=0.6)
    assert names_of(*said, uncertain_below=0.45) == [Emotion.HAPPY, Emotion.HAPPY, Emotion.NEUTRAL]


def test_a_face_that_is_turned_far_away_is_uncertain_until_it_comes_back():
    tracker = Tracker(0.5)
    for step in range(40):
        turn = 0.9 if step >= 20 else 0.1
        tracker.update([Detection(9, LEFT, turn=turn)], step / 5)
        for track in tracker.tracks:
            track.update_scores(scores(happy=0.9), 0.9, step / 5)
        if step == 20:
            assert tracker.faces()[0].emotion is Emotion.HAPPY, "one look aside is no turn"
    (turned,) = tracker.faces()
    assert (turned.emotion, turned.is_frontal) == (None, False)
    for step in range(40, 60):
        tracker.update([Detection(9, LEFT, turn=0.1)], step / 5)
    assert tracker.faces()[0].emotion is Emotion.HAPPY


def test_scores_follow_a_change_of_expression_within_a_second_or_two():
    assert happy_after(0.2, fps=10) < 0.3
    assert happy_after(2.0, fps=10) > 0.75


@pytest.mark.parametrize("seconds", [0.4, 1.0, 2.0])
def test_scores_are_the_same_at_5_and_30_frames_a_second(seconds):
    # At most the time to the next frame apart: 0.2 s, in which a score moves by a fifth of its way.
    assert happy_after(seconds, fps=5) == pytest.approx(happy_after(seconds, fps=30), abs=0.17)
    assert happy_after(seconds, fps=15) == pytest.approx(happy_after(seconds, fps=30), abs=0.05)


@given(
    start=st.tuples(st.integers(0, 600), st.integers(0, 400)),
    side=st.integers(24, 200),
    angle=st.floats(0, 2 * math.pi),
    pace=st.floats(0, 0.3),
    growth=st.floats(0.95, 1.05),
    missed=st.sets(st.integers(2, 39)),
)
def test_a_slowly_moving_face_never_changes_its_id(start, side, angle, pace, growth, missed):
    """It moves by up to 0.3 of its width and grows by up to 5 % a frame; single frames miss it."""
    tracker = BoxTracker()
    ids = set()
    x, y, width = float(start[0]), float(start[1]), float(side)
    for frame in range(40):
        if frame not in missed or frame - 1 in missed:
            seen = tracker.update([Box(round(x), round(y), round(width), round(width))], frame / 10)
            x += pace * width * math.cos(angle)
            y += pace * width * math.sin(angle)
            width = min(400.0, max(24.0, width * growth))
        else:
            seen = tracker.update([], frame / 10)
        ids |= {track.id for track in seen}
    assert len(ids) == 1


@given(
    readings=st.lists(
        st.tuples(
            st.lists(st.floats(0.0, 1.0), min_size=7, max_size=7).filter(lambda row: sum(row) > 0.01),
            st.floats(0, 1),
            st.floats(0, 3),
        ),
        min_size=1,
        max_size=30,
    )
)
def test_smoothed_scores_stay_a_distribution(readings):
    tracker = tracker_with(LEFT)
    track = tracker.update([LEFT], 0.1)[0]
    now = 0.1
    for row, face_probability, pause in readings:
        now += pause
        track.update_scores(np.array(row, np.float32) / np.float32(sum(row)), face_probability, now)
    assert track.scores.dtype == np.float32
    assert track.scores.min() >= 0
    assert track.scores.sum() == pytest.approx(1, abs=1e-5)
    assert 0 <= track.face_probability <= 1


@given(st.lists(st.lists(st.builds(Box, *[st.integers(0, 300)] * 2, *[st.integers(1, 200)] * 2), max_size=6)))
def test_whatever_is_found_no_two_faces_share_an_id_and_no_face_is_invented(frames):
    tracker = BoxTracker()
    before = set()
    for second, boxes in enumerate(frames):
        seen = tracker.update(boxes, second / 10)
        assert len({track.id for track in seen}) == len(seen)
        assert sum(track.detected_box is not None for track in seen) <= len(boxes)
        assert all(track.detected_box in boxes for track in seen if track.detected_box)
        before |= {track.id for track in seen}
