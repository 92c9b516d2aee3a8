"""How fast minutes are written, reported and exported when SQLite or PostgreSQL holds millions of them."""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient
from flask_migrate import upgrade
from sqlalchemy import func, select, text

from app import create_app
from app.store import lecture_queries, minute_queries, room_queries, user_queries
from app.store.counted_minute import CountedMinute
from app.store.scope import EVERYTHING
from app.store.tables import Lecture, Minute, Room, db
from benchmarks.table import show
from tests.postgres import Postgres

SIZES = (10_000, 100_000, 1_000_000)
ROOMS = 10
ROOM = 1  # the minute writer's
LENGTH = 60  # minutes of a lecture
TRIES = 15  # each with another lecture
BEGIN = datetime(2020, 1, 1, tzinfo=UTC)
LATER = datetime(2060, 1, 1, tzinfo=UTC)  # after every minute in the table

MOMENT = {
    "sqlite": "strftime('%Y-%m-%d %H:%M:%f000', {}, 'unixepoch')",
    "postgresql": "to_timestamp({})",
}
"""Turns Unix seconds into what each database stores as a moment."""

NUMBERS = """WITH RECURSIVE numbers(n) AS
    (SELECT {low} UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < {high})"""

LECTURES = """
INSERT INTO lecture (id, room_id, title, course, started_at, ended_at) {numbers}
SELECT n + 1, n % {rooms} + 1, 'Lecture ' || n, 'Course ' || n % 40, {start}, {end} FROM numbers
"""

MINUTES = """
INSERT INTO minute (room_id, lecture_id, minute, online_seconds, frames_analysed, faces_max, face_seconds,
    suppressed, angry_seconds, disgust_seconds, fear_seconds, happy_seconds, sad_seconds, surprise_seconds,
    neutral_seconds, uncertain_seconds) {numbers}
SELECT n / {length} % {rooms} + 1, n / {length} + 1, {minute}, 60, 300, 20, 1080, false,
    20, 10, 15, n % 997 * 7919 % 300, 40, 30, 865 - n % 997 * 7919 % 300, 100 FROM numbers
"""


def fill(low: int, high: int) -> float:
    """Insert the minutes from number `low` to `high`, in lectures of an hour, and return the seconds."""
    moment = MOMENT[db.engine.dialect.name].format
    slot = f"{BEGIN.timestamp():.0f} + n / {ROOMS} * {LENGTH * 60}"  # lectures in several rooms at once
    lectures = LECTURES.format(
        numbers=NUMBERS.format(low=low // LENGTH, high=high // LENGTH),
        rooms=ROOMS,
        start=moment(slot),
        end=moment(f"{slot} + {LENGTH * 60}"),
    )
    minute = f"{BEGIN.timestamp():.0f} + (n / {LENGTH} / {ROOMS} * {LENGTH} + n % {LENGTH}) * 60"
    minutes = MINUTES.format(
        numbers=NUMBERS.format(low=low // LENGTH * LENGTH, high=high // LENGTH * LENGTH),
        rooms=ROOMS,
        length=LENGTH,
        minute=moment(minute),
    )
    start = time.perf_counter()
    db.session.execute(text(lectures))
    db.session.execute(text(minutes))
    db.session.commit()
    seconds = time.perf_counter() - start
    db.session.execute(text("ANALYZE"))
    db.session.commit()
    return seconds


def measure(app: Flask, client: FlaskClient, database: str, sizes: Sequence[int]) -> Iterator[dict]:
    """Fill the tables to each size in turn, and time what pages and the minute writer do."""
    minutes = 0
    for size in sizes:
        seconds = fill(minutes, size)
        rate, minutes = (size - minutes) / seconds, size
        lectures = size // LENGTH
        ids = [1 + number * (lectures - 1) // (TRIES - 1) for number in range(TRIES)]
        yield {
            "database": database,
            "minutes": db.session.scalar(select(func.count()).select_from(Minute)),
            "filled /s": rate,
            "minute writer /s": 1000 / _ms(_write_minute, range(100)),
            "minutes ms": _ms(_minutes_of_lecture, ids),
            "last 15 ms": _ms(_last_minutes, ids),
            "list ms": _ms(_list_lectures, ids),
            "page ms": _ms(lambda number: _get(client, f"/lectures/{number}"), ids),
            "xlsx ms": _ms(lambda number: _get(client, f"/lectures/{number}/report.xlsx"), ids[:5]),
            "pdf ms": _ms(lambda number: _get(client, f"/lectures/{number}/report.pdf"), ids[:5]),
        }
        db.session.execute(text("DELETE FROM minute WHERE lecture_id IS NULL"))  # the minute writer's
        db.session.commit()


def _ms(work: Callable[[int], object], numbers: Sequence[int]) -> float:
    """The median of the milliseconds that `work` takes with each number."""
    work(numbers[0])
    times = []
    for number in numbers:
        db.session.expunge_all()
        start = time.perf_counter()
        work(number)
        times.append(time.perf_counter() - start)
    return 1000 * statistics.median(times)


def _write_minute(number: int) -> None:
    """Write a minute as the minute writer does."""
    spans = (20.0, 10.0, 15.0, 200.0, 40.0, 30.0, 665.0, 100.0)
    minute = LATER + timedelta(minutes=number)
    counted = CountedMinute(minute, None, 60.0, 300, 20, sum(spans), spans)
    minute_queries.save_minute(db.session.get(Room, ROOM), counted, minimum_group=5)


def _minutes_of_lecture(number: int) -> None:
    assert len(minute_queries.minutes_of_lecture(db.session.get(Lecture, number), LATER)) == LENGTH


def _last_minutes(number: int) -> None:
    """Ask what the live page asks, at the end of a lecture."""
    lecture = db.session.get(Lecture, number)
    start = lecture.ended_at - timedelta(minutes=15)
    minute_queries.minutes_between(EVERYTHING, start, None, lecture.room, LATER, 100)


def _list_lectures(number: int) -> None:
    lectures = lecture_queries.newest_lectures(EVERYTHING, 25, after=number)
    minute_queries.expressions_of_lectures(lectures, LATER)
    lecture_queries.all_courses(EVERYTHING)


def _get(client: FlaskClient, path: str) -> None:
    assert client.get(path).status_code == 200


def benchmark(database: str, url: str, sizes: Sequence[int]) -> list[dict]:
    """Measure with an empty database."""
    with tempfile.TemporaryDirectory() as folder:
        app = create_app({"DATABASE_URL": url, "ROOM": "Room 1"}, Path(folder))
        with app.app_context():
            upgrade()
            for number in range(ROOMS):
                room_queries.get_or_create_room(f"Room {number + 1}")
            token = user_queries.create_token(user_queries.set_password("anna", "a long password"), BEGIN)
            client = app.test_client()
            client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
            rows = list(measure(app, client, database, sizes))
            db.session.remove()
            db.engine.dispose()
    return rows


def main() -> None:
    """Measure both databases, PostgreSQL only where it is installed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="rows of the table of minutes")
    parser.add_argument("--database", choices=("sqlite", "postgresql"))
    arguments = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        if arguments.database != "postgresql":
            rows += benchmark("sqlite", f"sqlite:///{folder}/store.sqlite", arguments.sizes)
        server = Postgres(Path(folder))
        if arguments.database != "sqlite" and server.is_installed:
            with server:
                rows += benchmark("postgresql", server.new_database(), arguments.sizes)
    show("store", rows)


if __name__ == "__main__":
    main()
