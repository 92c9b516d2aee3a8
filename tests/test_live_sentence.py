"""The class in one sentence: what is seen, and whether it is changing."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from flask import Flask

from app import language
from app.bus.live_reading import LiveReading, recent_shares
from app.purpose import Purpose
from app.store.tables import Minute
from app.vision.emotion import EMOTIONS, Emotion
from app.web.live_sentence import live_sentence

NOW = datetime(2026, 11, 20, 9, 30, 20, tzinfo=UTC)


@pytest.fixture(autouse=True, scope="module")
def english():
    """The texts, without a database."""
    app = Flask(__name__)
    language.init_app(app)
    with app.app_context():
        yield


def reading(faces: int = 20, **shares: float) -> LiveReading:
    """A reading in which the rest of the faces is uncertain; without shares they are suppressed."""
    of_emotions = {emotion: shares.get(emotion, 0.0) for emotion in EMOTIONS} if shares else None
    return LiveReading(NOW, faces, faces, of_emotions, 0.0, 0.0, suppressed=not shares and faces > 0)


def present(faces: int, facing: float | None) -> LiveReading:
    return LiveReading(NOW, faces, 0, None, None, None, False, Purpose.PRESENCE, facing)


def minutes(*shares_of_smiles: float, faces: float = 20, until: datetime = NOW) -> list[Minute]:
    """Finished minutes up to `until`, oldest first; whoever does not smile is neutral."""
    last = until.replace(second=0) - timedelta(minutes=1)
    rows = []
    for ago, smiles in enumerate(reversed(shares_of_smiles)):
        row = Minute(
            minute=last - timedelta(minutes=ago), online_seconds=60, face_seconds=60 * faces, lecture_id=1
        )
        row.expression_seconds = tuple(
            60 * faces * {Emotion.HAPPY: smiles, Emotion.NEUTRAL: 1 - smiles}.get(emotion, 0)
            for emotion in (*EMOTIONS, None)
        )
        rows.append(row)
    return rows[::-1]


def said(*readings: LiveReading, rows: list[Minute] = ()) -> str:
    return live_sentence(readings, rows, NOW)


@pytest.mark.parametrize(
    ("shares", "sentence"),
    [
        ({"neutral": 0.9, "happy": 0.1}, "Mostly neutral"),
        ({"neutral": 0.5, "happy": 0.3}, "Mostly neutral"),
        ({"neutral": 0.5, "happy": 0.4}, "Partly neutral, partly smiling"),
        ({"happy": 0.3, "neutral": 0.14, "sad": 0.14, "fear": 0.14, "angry": 0.14, "disgust": 0.14}, "Mixed"),
    ],
)
def test_the_commonest_expressions_come_first(shares, sentence):
    assert said(reading(**shares)).startswith(sentence)


def test_one_look_does_not_change_the_sentence():
    calm, laugh = reading(neutral=1.0), reading(happy=1.0)
    assert said(*[calm] * 8, laugh) == "Mostly neutral"


def test_the_bars_are_the_means_that_the_sentence_describes():
    """Guards against a page that said "Mostly smiling" over a longer bar of neutral faces."""
    readings = [reading(happy=1.0), reading(happy=0.2, neutral=0.6)]
    recent = recent_shares(readings)
    assert (recent.shares["happy"], recent.shares["neutral"]) == pytest.approx((0.6, 0.3))
    assert recent.uncertain == pytest.approx(0.1)
    assert said(*readings) == "Mostly smiling"


def test_too_few_faces_withhold_the_means_at_once():
    assert recent_shares([reading(happy=1.0), reading(faces=3)]).shares is None


def test_nobody_is_in_view_only_after_some_seconds_without_a_face():
    """Guards against a page that said so whenever one frame showed no face."""
    assert said(reading(happy=1.0), reading(faces=0)) == "Mostly smiling"


def test_where_nothing_can_be_said_it_says_why():
    assert said(reading(faces=0)) == "No face in view"
    assert said(reading(faces=3)) == "Too few faces to say"
    assert said(reading(neutral=0.3, happy=0.1)) == "Most faces can't be read"


def test_a_rise_over_several_minutes_is_named_with_its_length():
    rows = minutes(0.1, 0.1, 0.2, 0.35, 0.5)
    assert said(reading(neutral=0.5, happy=0.5), rows=rows).endswith("; smiles rising for 3 minutes")


def test_a_fall_is_named_too():
    rows = minutes(0.6, 0.4, 0.2)
    assert said(reading(neutral=1.0), rows=rows) == "Mostly neutral; fewer smiles for 2 minutes"


def test_a_single_minute_is_no_change():
    assert "rising" not in said(reading(neutral=1.0), rows=minutes(0.1, 0.1, 0.1, 0.1, 0.5))


def test_six_faces_show_no_rise_where_sixty_do():
    shares = (0.1, 0.2, 0.3)
    assert "rising" not in said(reading(neutral=1.0), rows=minutes(*shares, faces=6))
    assert "smiles rising" in said(reading(neutral=1.0), rows=minutes(*shares, faces=60))


def test_what_stays_as_it_is_is_steady():
    assert said(reading(neutral=1.0), rows=minutes(*[0.1] * 8)) == "Mostly neutral; steady for 8 minutes"


def test_nothing_is_said_of_changes_before_a_gap():
    rows = minutes(0.1, 0.3, 0.6, until=NOW - timedelta(minutes=3))
    assert said(reading(neutral=1.0), rows=rows) == "Mostly neutral"
    with_gap = [*minutes(0.1, 0.3, until=NOW - timedelta(minutes=2)), *minutes(0.6)]
    assert said(reading(neutral=1.0), rows=with_gap) == "Mostly neutral"


def test_another_lecture_is_not_compared():
    rows = minutes(0.1, 0.3, 0.6)
    rows[-1].lecture_id = 2
    assert said(reading(neutral=1.0), rows=rows) == "Mostly neutral"


def test_a_class_that_does_not_change_seldom_seems_to():
    """Ten hours of a class of twenty whose shares vary by chance alone."""
    rng = np.random.default_rng(1)
    looks = 20 * 60 / 17  # independent ones a minute, as docs/report.md counts them
    shares = rng.binomial(round(looks), 0.2, 600) / round(looks)
    seen = [
        said(reading(neutral=1.0), rows=minutes(*shares[end - 15 : end])) for end in range(15, len(shares))
    ]
    changes = sum("rising" in sentence or "fewer" in sentence for sentence in seen)
    assert changes / len(seen) < 0.02


def test_presence_is_said_without_expressions():
    assert said(present(12, 0.9)) == "Nearly all turned to the front"
    assert said(present(12, 0.5)) == "About half turned to the front"
    assert said(present(12, None)) == "12 people in view"
    assert said(present(0, None)) == "No face in view"


def test_people_who_come_are_noticed_where_only_presence_is_read():
    rows = [
        Minute(
            minute=NOW.replace(second=0) - timedelta(minutes=ago),
            online_seconds=60,
            face_seconds=60 * faces,
            facing_seconds=60 * faces,
            turned_seconds=0,
            suppressed=False,
        )
        for ago, faces in ((4, 5), (3, 5), (2, 9), (1, 14))
    ]
    assert said(present(14, 1.0), rows=rows) == "Nearly all turned to the front; more faces for 2 minutes"
