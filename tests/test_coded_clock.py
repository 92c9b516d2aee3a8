"""The clock that benchmarks draw into a picture and read from what a viewer gets."""

from datetime import UTC, datetime

import cv2
import numpy as np
import pytest

from app.demo import Classroom
from app.vision.annotate import encode
from benchmarks import coded_clock

MORNING = datetime(2026, 11, 21, 10, 2, tzinfo=UTC)
SECONDS = 1795255320.123


@pytest.mark.parametrize("width", [1920, 1280, 640, 320])
@pytest.mark.parametrize("quality", [30, 80])
def test_the_clock_is_read_after_scaling_and_jpeg(width, quality):
    picture = Classroom(12, (1280, 720)).draw(MORNING)
    coded_clock.draw_time(picture, SECONDS)
    scaled = cv2.resize(picture, (width, width * 9 // 16), interpolation=cv2.INTER_AREA)
    jpeg = encode(scaled, quality)
    seen = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert coded_clock.read_time(seen) == SECONDS


def test_a_picture_without_a_clock_gives_no_time():
    assert coded_clock.read_time(Classroom(12, (1280, 720)).draw(MORNING)) is None


def test_a_clock_that_is_partly_covered_gives_no_time():
    picture = np.zeros((720, 1280), np.uint8)
    coded_clock.draw_time(picture, SECONDS)
    picture[:, 600:700] = 255 - picture[:, 600:700]
    assert coded_clock.read_time(picture) is None
