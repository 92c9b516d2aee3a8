"""What is unusual against a lecture's own average."""

from datetime import UTC, datetime, timedelta

import pytest

from app.report.unusual import unusual_expressions
from app.store.tables import Minute
from app.vision.emotion import EMOTIONS, Emotion

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def minute(number: int, surprise: float, faces: float = 10, happy: float = 0.0) -> Minute:
    """The minute `number` minutes after noon, in which all the other faces are neutral."""
    shares = dict.fromkeys(EMOTIONS, 0.0) | {"surprise": surprise, "happy": happy}
    shares["neutral"] = 1 - surprise - happy
    seconds = {f"{emotion}_seconds": share * faces * 60 for emotion, share in shares.items()}
    return Minute(
        minute=NOON + timedelta(minutes=number),
        online_seconds=60,
        face_seconds=60 * faces,
        suppressed=False,
        uncertain_seconds=0.0,
        **seconds,
    )


def lecture(*surprise: float, faces: float = 10) -> list[Minute]:
    return [minute(number, share, faces) for number, share in enumerate(surprise)]


def after(minutes: list[Minute]) -> datetime:
    """A moment in the minute that follows."""
    return minutes[-1].minute + timedelta(seconds=75)


def test_three_times_the_average_for_two_minutes_is_unusual():
    minutes = lecture(*[0.1] * 8, 0.3, 0.3)
    (found,) = unusual_expressions(minutes, after(minutes))
    assert found.emotion == Emotion.SURPRISE
    assert found.times == pytest.approx(3)
    assert found.minutes == 2


@pytest.mark.parametrize(
    "shares",
    [
        [0.1] * 8 + [0.1, 0.3],
        [0.1] * 8 + [0.3, 0.1],
        [0.1] * 8 + [0.18, 0.18],
        [0.01] * 8 + [0.05, 0.05],
        [0.1] * 4 + [0.3, 0.3],
        [],
    ],
    ids=[
        "one minute",
        "over again",
        "less than twice",
        "twice of almost nothing",
        "no average yet",
        "no minute",
    ],
)
def test_what_is_not_unusual(shares):
    minutes = lecture(*shares)
    assert unusual_expressions(minutes, after(minutes) if minutes else NOON) == []


def test_it_is_never_about_one_person():
    minutes = lecture(*[0.05] * 8, 0.2, 0.2, faces=6)
    assert unusual_expressions(minutes, after(minutes)) == []


def test_after_a_gap_nothing_is_unusual():
    minutes = lecture(*[0.1] * 8, 0.3, 0.3)
    assert unusual_expressions(minutes, after(minutes) + timedelta(minutes=1)) == []


def test_the_minute_that_is_still_going_on_says_nothing_yet():
    minutes = lecture(*[0.1] * 8, 0.3, 0.3)
    assert unusual_expressions(minutes, minutes[-1].minute + timedelta(seconds=30)) == []


def test_what_was_never_seen_before_has_no_number_of_times():
    minutes = lecture(*[0.0] * 8, 0.3, 0.3, 0.3)
    (found,) = unusual_expressions([*minutes[:8], *minutes[9:]], after(minutes))
    assert found.times is None


def test_two_at_most_the_largest_first():
    minutes = lecture(*[0.1] * 8)
    minutes += [minute(number, 0.3, happy=0.5) for number in (8, 9)]
    assert [each.emotion for each in unusual_expressions(minutes, after(minutes))] == [
        Emotion.HAPPY,
        Emotion.SURPRISE,
    ]
