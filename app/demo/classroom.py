"""The drawn classroom: the room once, each head once an expression, and every frame a paste of them."""

import math
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from random import Random

import cv2
import numpy as np

from app.demo import clothes, desks, head, room, script
from app.demo.expression import EXPRESSIONS
from app.demo.face import draw_head
from app.demo.look import look
from app.demo.seating import Seat, seats
from app.vision.emotion import Emotion
from app.vision.frame import Box

MOST_STUDENTS = 60
CACHE_BYTES = 24 * 2**20  # of drawn heads as counted; half as much again as stored
HEAD_AREA = 8  # of a head with its hair, in squares of half a face width
MORPH_SECONDS, MORPH_STEPS = 0.4, 4  # from one expression to the next
TURN_SECONDS, TURN_STEPS = 0.6, 5
AWAY = -1.35  # radians; towards the windows, far enough that no frontal cascade finds the face
BLINK_SECONDS = 0.2
# Middle and size of the box that the frontal cascade proposes, in half face widths from between the eyes.
CASCADE = (0.0, 0.18, 2.44)
SHOULDER = 1.3  # the height below the eyes around which a head tilts


@dataclass(frozen=True, slots=True)
class Student:
    """What is true of one student at one moment."""

    box: Box
    """About what a frontal cascade proposes for the face."""
    emotion: Emotion
    facing: bool
    """False while the student looks away and is not to be found."""


@dataclass(frozen=True, slots=True)
class Pose:
    """All that decides how a head is drawn: two moments with equal poses share one drawing."""

    student: int
    before: Emotion
    emotion: Emotion
    morph: int
    """Steps taken from `before` to `emotion`, up to MORPH_STEPS."""
    turn: int
    """Steps turned away, 0 to TURN_STEPS."""
    lids: int
    """0 open, 1 half closed, 2 closed."""


@dataclass(frozen=True, slots=True)
class Sprite:
    """A drawn head without the empty space around it."""

    image: np.ndarray
    """uint8 (height, width, 4): blue, green, red, premultiplied, and alpha."""
    x: float
    """Where its left edge lies from the middle between the eyes, pixels."""
    y: float


class Classroom:
    """A class of drawn students who follow the scripted lecture."""

    def __init__(self, students: int = 12, size: tuple[int, int] = (1280, 720)) -> None:
        """Draw the room. `size` is width and height in pixels."""
        if not 1 <= students <= MOST_STUDENTS:
            raise ValueError(f"the drawn classroom seats 1 to {MOST_STUDENTS} students, not {students}")
        self.students = students
        self.width, self.height = size
        self._seats = seats(students, *size)
        self._room = self._draw_room()
        self._sprite = lru_cache(maxsize=CACHE_BYTES // self._sprite_bytes())(self._draw_sprite)

    def draw(self, at: datetime) -> np.ndarray:
        """A moment's picture, the caller's to keep: BGR, uint8, (height, width, 3); `at` has a time zone."""
        image = self._room.copy()
        room.draw_hands(image, at)
        for student in range(self.students):
            x, y, tilt = self._place(student, at)
            _paste(image, self._sprite(self._pose(student, at)), x, y, tilt, self._seats[student].unit)
        return image

    def truth(self, at: datetime) -> tuple[Student, ...]:
        """What a perfect reader would say of this moment's picture, a student each."""
        return tuple(self._truth(student, at) for student in range(self.students))

    def _truth(self, student: int, at: datetime) -> Student:
        _, now = script.spells_at(student, self.students, at)
        x, y, _ = self._place(student, at)
        across, down, wide = (part * self._seats[student].unit for part in CASCADE)
        corner = round(x + across - wide / 2), round(y + down - wide / 2)
        return Student(Box(*corner, round(wide), round(wide)), now.emotion, now.facing)

    def _place(self, student: int, at: datetime) -> tuple[float, float, float]:
        """Where the head is now: the middle between the eyes in pixels, and its tilt in degrees."""
        seat, second, own = self._seats[student], at.timestamp() % 86400, _habits(student)
        sway = math.sin(second / own.sway * math.tau + own.phase)
        nod = math.sin(second / own.nod * math.tau + 2 * own.phase)
        return seat.x + 0.07 * seat.unit * sway, seat.y + 0.035 * seat.unit * nod, own.tilt + 2 * sway

    def _pose(self, student: int, at: datetime) -> Pose:
        before, now = script.spells_at(student, self.students, at)
        since = script.position(at) - now.start
        morph = MORPH_STEPS if before.emotion == now.emotion else _step(since, MORPH_SECONDS, MORPH_STEPS)
        turned = TURN_STEPS if before.facing == now.facing else _step(since, TURN_SECONDS, TURN_STEPS)
        turn = turned if not now.facing else TURN_STEPS - turned
        old = before.emotion if morph < MORPH_STEPS else now.emotion
        return Pose(student, old, now.emotion, morph, turn, _lids(student, at))

    def _draw_sprite(self, pose: Pose) -> Sprite:
        unit = self._seats[pose.student].unit
        share = pose.morph / MORPH_STEPS
        expression = EXPRESSIONS[pose.before].towards(EXPRESSIONS[pose.emotion], share)
        turned = pose.turn / TURN_STEPS
        lids = expression.eye_open * (1, 0.45, 0.05)[pose.lids] * (1 - 0.7 * turned)  # lids lowered
        turn = _habits(pose.student).turn * (1 - turned) + AWAY * turned
        image = draw_head(look(pose.student), replace(expression, eye_open=lids), unit, turn)
        left, top, width, height = cv2.boundingRect(image[..., 3])
        part = image[top : top + height, left : left + width].copy()
        return Sprite(part, round(head.LEFT * unit) + left, round(head.TOP * unit) + top)

    def _sprite_bytes(self) -> int:
        """About how much memory one head takes, in the mean."""
        return round(4 * HEAD_AREA * sum(seat.unit**2 for seat in self._seats) / self.students)

    def _draw_room(self) -> np.ndarray:
        """The room, its desks and the students without their heads, from the back row to the front."""
        image = room.draw_wall(self.width, self.height)
        for row in range(self._seats[-1].row + 1):
            here = [(student, seat) for student, seat in enumerate(self._seats) if seat.row == row]
            self._draw_row(image, here)
        return image

    def _draw_row(self, image: np.ndarray, here: list[tuple[int, Seat]]) -> None:
        unit = sum(seat.unit for _, seat in here) / len(here)
        desk = sum(seat.y for _, seat in here) / len(here) + clothes.DESK * unit
        for student, seat in here:
            _paste(image, _body_sprite(clothes.draw_body(look(student), seat.unit), seat), seat.x, seat.y)
        desks.draw_desk(image, desk, unit)
        desks.draw_things(image, [seat.x for _, seat in here], desk, unit, here[0][1].row)
        for student, seat in here:
            _paste(image, _body_sprite(clothes.draw_arms(look(student), seat.unit), seat), seat.x, seat.y)


@dataclass(frozen=True, slots=True)
class Habits:
    """How one student moves. Times in seconds, angles as said."""

    sway: float
    nod: float
    phase: float
    tilt: float
    """Degrees."""
    turn: float
    """Radians."""
    blink: float


@lru_cache(maxsize=MOST_STUDENTS)
def _habits(student: int) -> Habits:
    chance = Random(f"habits {student}")
    return Habits(
        sway=chance.uniform(7, 13),
        nod=chance.uniform(4, 8),
        phase=chance.uniform(0, math.tau),
        tilt=chance.uniform(-2, 2),
        turn=chance.uniform(-0.07, 0.07),
        blink=chance.uniform(3.2, 6),
    )


def _lids(student: int, at: datetime) -> int:
    """How far the lids are down: a blink closes and opens them within BLINK_SECONDS."""
    own = _habits(student)
    since = (at.timestamp() + own.phase) % own.blink / BLINK_SECONDS
    if since >= 1:
        return 0
    return 2 if 0.3 < since < 0.7 else 1


def _step(since: float, seconds: float, steps: int) -> int:
    """Which of so many steps a change has reached that began `since` seconds ago."""
    return min(int(since / seconds * steps) + 1, steps)


def _body_sprite(body: np.ndarray, seat: Seat) -> Sprite:
    return Sprite(body, round(clothes.LEFT * seat.unit), round(clothes.TOP * seat.unit))


def _paste(
    image: np.ndarray, sprite: Sprite, x: float, y: float, tilt: float = 0.0, unit: float = 0.0
) -> None:
    """Lay a sprite into a picture, its eyes at x, y (pixels), tilted by degrees about the shoulders."""
    left, top = math.floor(x + sprite.x) - 2, math.floor(y + sprite.y) - 2
    high, wide = sprite.image.shape[:2]
    turn = cv2.getRotationMatrix2D((-sprite.x, SHOULDER * unit - sprite.y), tilt, 1)
    turn[:, 2] += x + sprite.x - left, y + sprite.y - top
    moved = cv2.warpAffine(sprite.image, turn, (wide + 5, high + 5))
    rows = slice(max(top, 0), min(top + high + 5, image.shape[0]))
    columns = slice(max(left, 0), min(left + wide + 5, image.shape[1]))
    part = moved[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]
    rest = cv2.cvtColor(255 - part[..., 3], cv2.COLOR_GRAY2BGR)
    below = cv2.multiply(image[rows, columns], rest, scale=1 / 255)
    image[rows, columns] = cv2.add(below, cv2.cvtColor(part, cv2.COLOR_BGRA2BGR))
