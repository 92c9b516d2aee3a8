"""The drawn classroom: the room and each head are drawn once, and every frame is pasted from them."""

import math
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from random import Random

import cv2
import numpy as np

from app.demo import clothes, desks, head, room, script
from app.demo.appearance import appearance_of
from app.demo.expression import EXPRESSIONS
from app.demo.face import draw_head
from app.demo.seating import Seat, seats
from app.vision.emotion import Emotion
from app.vision.frame import Box

MAX_STUDENTS = 60
CACHE_BYTES = 24 * 2**20  # of drawn heads, by their estimated size; the real size is half as much again
HEAD_AREA = 8  # of a head with its hair, in squares of half a face width
MORPH_SECONDS, MORPH_STEPS = 0.4, 4  # from one expression to the next
TURN_SECONDS, TURN_STEPS = 0.6, 5  # from facing the camera to looking away
AWAY_YAW = -1.35  # radians; towards the windows, far enough that no frontal cascade finds the face
BLINK_SECONDS = 0.2
CASCADE_BOX = (0.0, 0.18, 2.44)
"""Centre and side of the frontal cascade's box, in half face widths from the point between the eyes."""
SHOULDER = 1.3  # how far below the eyes the point lies around which a head tilts


@dataclass(frozen=True, slots=True)
class Student:
    """The ground truth about one student at one moment."""

    box: Box
    """About the box that the frontal cascade gives the face."""
    emotion: Emotion
    is_facing: bool
    """False while the student looks away, where a frontal cascade finds no face."""


@dataclass(frozen=True, slots=True)
class Pose:
    """Everything that a drawn head depends on: moments with equal poses share one drawing."""

    student: int
    before: Emotion
    emotion: Emotion
    morph: int
    """Steps from `before` to `emotion`, up to MORPH_STEPS."""
    turn: int
    """Steps towards looking away, 0 to TURN_STEPS."""
    lids: int
    """0 open, 1 half closed, 2 closed."""


@dataclass(frozen=True, slots=True)
class Sprite:
    """A drawn head without the empty space around it."""

    image: np.ndarray
    """uint8 (height, width, 4): blue, green, red, premultiplied, and alpha."""
    x: float
    """Where its left edge lies from the point between the eyes, pixels."""
    y: float
    """Likewise its upper edge."""


class Classroom:
    """A class of drawn students who follow the scripted lecture."""

    def __init__(self, students: int = 12, size: tuple[int, int] = (1280, 720)) -> None:
        """Draw the room. `size` is width and height in pixels."""
        if not 1 <= students <= MAX_STUDENTS:
            raise ValueError(f"the drawn classroom seats 1 to {MAX_STUDENTS} students, not {students}")
        self.students = students
        self.width, self.height = size
        self._seats = seats(students, *size)
        self._room = self._draw_room()
        self._sprite = lru_cache(maxsize=CACHE_BYTES // self._sprite_bytes())(self._draw_sprite)

    def draw(self, at: datetime) -> np.ndarray:
        """Draw the class at a moment: BGR, uint8, (height, width, 3), the caller's to keep.

        `at` has a time zone: the clock on the wall shows it.
        """
        image = self._room.copy()
        room.draw_hands(image, at)
        for student in range(self.students):
            x, y, tilt = self._place(student, at)
            _paste(image, self._sprite(self._pose(student, at)), x, y, tilt, self._seats[student].unit)
        return image

    def truth(self, at: datetime) -> tuple[Student, ...]:
        """Give the ground truth about each student at this moment."""
        return tuple(self._truth(student, at) for student in range(self.students))

    def _truth(self, student: int, at: datetime) -> Student:
        _, now = script.segments_at(student, self.students, at)
        x, y, _ = self._place(student, at)
        across, down, wide = (part * self._seats[student].unit for part in CASCADE_BOX)
        corner = round(x + across - wide / 2), round(y + down - wide / 2)
        return Student(Box(*corner, round(wide), round(wide)), now.emotion, now.is_facing)

    def _place(self, student: int, at: datetime) -> tuple[float, float, float]:
        """Where the head is now: the point between the eyes in pixels, and its tilt in degrees."""
        seat, second, habits = self._seats[student], at.timestamp() % 86400, _habits(student)
        sway = math.sin(second / habits.sway_seconds * math.tau + habits.phase)
        nod = math.sin(second / habits.nod_seconds * math.tau + 2 * habits.phase)
        tilt = habits.tilt_degrees + 2 * sway
        return seat.x + 0.07 * seat.unit * sway, seat.y + 0.035 * seat.unit * nod, tilt

    def _pose(self, student: int, at: datetime) -> Pose:
        before, now = script.segments_at(student, self.students, at)
        since = script.seconds_into_lecture(at) - now.start
        morph = MORPH_STEPS if before.emotion == now.emotion else _step(since, MORPH_SECONDS, MORPH_STEPS)
        turned = TURN_STEPS if before.is_facing == now.is_facing else _step(since, TURN_SECONDS, TURN_STEPS)
        turn = turned if not now.is_facing else TURN_STEPS - turned
        old = before.emotion if morph < MORPH_STEPS else now.emotion
        return Pose(student, old, now.emotion, morph, turn, _lids(student, at))

    def _draw_sprite(self, pose: Pose) -> Sprite:
        unit = self._seats[pose.student].unit
        share = pose.morph / MORPH_STEPS
        expression = EXPRESSIONS[pose.before].towards(EXPRESSIONS[pose.emotion], share)
        turned = pose.turn / TURN_STEPS
        lids = expression.eye_open * (1, 0.45, 0.05)[pose.lids] * (1 - 0.7 * turned)  # lids lowered
        yaw = _habits(pose.student).yaw * (1 - turned) + AWAY_YAW * turned
        image = draw_head(appearance_of(pose.student), replace(expression, eye_open=lids), unit, yaw)
        left, top, width, height = cv2.boundingRect(image[..., 3])
        visible = image[top : top + height, left : left + width].copy()
        return Sprite(visible, round(head.LEFT * unit) + left, round(head.TOP * unit) + top)

    def _sprite_bytes(self) -> int:
        """Estimate the memory of one head, on average."""
        return round(4 * HEAD_AREA * sum(seat.unit**2 for seat in self._seats) / self.students)

    def _draw_room(self) -> np.ndarray:
        """Draw the room, its desks and the students without their heads, from the back row to the front."""
        image = room.draw_wall(self.width, self.height)
        for row in range(self._seats[-1].row + 1):
            self._draw_row(
                image, [(student, seat) for student, seat in enumerate(self._seats) if seat.row == row]
            )
        return image

    def _draw_row(self, image: np.ndarray, students: list[tuple[int, Seat]]) -> None:
        unit = sum(seat.unit for _, seat in students) / len(students)
        desk = sum(seat.y for _, seat in students) / len(students) + clothes.DESK * unit
        for student, seat in students:
            _paste(
                image,
                _body_sprite(clothes.draw_body(appearance_of(student), seat.unit), seat),
                seat.x,
                seat.y,
            )
        desks.draw_desk(image, desk, unit)
        desks.draw_things(image, [seat.x for _, seat in students], desk, unit, students[0][1].row)
        for student, seat in students:
            _paste(
                image,
                _body_sprite(clothes.draw_arms(appearance_of(student), seat.unit), seat),
                seat.x,
                seat.y,
            )


@dataclass(frozen=True, slots=True)
class Habits:
    """How one student moves: the periods of swaying, nodding and blinking, and the head at rest."""

    sway_seconds: float
    nod_seconds: float
    blink_seconds: float
    phase: float
    """Of swaying and nodding, radians; of blinking, seconds."""
    tilt_degrees: float
    yaw: float
    """Radians."""


@lru_cache(maxsize=MAX_STUDENTS)
def _habits(student: int) -> Habits:
    chance = Random(f"habits {student}")
    return Habits(
        sway_seconds=chance.uniform(7, 13),
        nod_seconds=chance.uniform(4, 8),
        phase=chance.uniform(0, math.tau),
        tilt_degrees=chance.uniform(-2, 2),
        yaw=chance.uniform(-0.07, 0.07),
        blink_seconds=chance.uniform(3.2, 6),
    )


def _lids(student: int, at: datetime) -> int:
    """How far the lids are down, as in Pose: a blink closes and opens them within BLINK_SECONDS."""
    habits = _habits(student)
    since = (at.timestamp() + habits.phase) % habits.blink_seconds / BLINK_SECONDS
    if since >= 1:
        return 0
    return 2 if 0.3 < since < 0.7 else 1


def _step(since: float, seconds: float, steps: int) -> int:
    """The step, of `steps`, that a change reaches `since` seconds after it began."""
    return min(int(since / seconds * steps) + 1, steps)


def _body_sprite(body: np.ndarray, seat: Seat) -> Sprite:
    return Sprite(body, round(clothes.LEFT * seat.unit), round(clothes.TOP * seat.unit))


def _paste(
    image: np.ndarray, sprite: Sprite, x: float, y: float, tilt: float = 0.0, unit: float = 0.0
) -> None:
    """Paste a sprite with its eyes at x, y (pixels), tilted around the shoulders by `tilt` degrees."""
    left, top = math.floor(x + sprite.x) - 2, math.floor(y + sprite.y) - 2
    height, width = sprite.image.shape[:2]
    transform = cv2.getRotationMatrix2D((-sprite.x, SHOULDER * unit - sprite.y), tilt, 1)
    transform[:, 2] += x + sprite.x - left, y + sprite.y - top
    moved = cv2.warpAffine(sprite.image, transform, (width + 5, height + 5))
    rows = slice(max(top, 0), min(top + height + 5, image.shape[0]))
    columns = slice(max(left, 0), min(left + width + 5, image.shape[1]))
    visible = moved[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]
    transparency = cv2.cvtColor(255 - visible[..., 3], cv2.COLOR_GRAY2BGR)
    below = cv2.multiply(image[rows, columns], transparency, scale=1 / 255)
    image[rows, columns] = cv2.add(below, cv2.cvtColor(visible, cv2.COLOR_BGRA2BGR))
