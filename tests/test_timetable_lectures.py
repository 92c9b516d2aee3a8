"""Lectures begin and end by the timetable; what somebody did by hand wins. On SQLite and on PostgreSQL."""

from datetime import time, timedelta

import pytest

from app.monitor.calendar_refresher import CalendarRefresher
from app.monitor.lecture_keeper import LectureKeeper
from app.store import lecture_queries, room_queries, timetable_queries, user_queries
from app.store.effective_settings import OutsideTimetable, effective_settings
from app.store.tables import Lecture, db
from app.timetable.planned_lecture import PlannedLecture
from app.timetable.week import TimetableError
from tests.http_camera import HttpCamera, body
from tests.manual_clock import ManualClock
from tests.server import wait_for
from tests.test_calendar import ICS, calendar_of, event

MONDAY = 0


@pytest.fixture
def app(make_app, database_url):
    return make_app(DATABASE_URL=database_url)


class School:
    """A room, a clock that begins on Monday at 8:00, and the monitor's keeper."""

    def __init__(self, room) -> None:
        self.room = room
        self.clock = ManualClock()
        self.restart_monitor()

    def restart_monitor(self) -> None:
        self.keeper = LectureKeeper(self.clock, lecture_hours=4)

    def add(self, begins: time, ends: time, title: str = "Algebra", **columns) -> None:
        columns = {"course": "6a", "teacher_id": None, **columns}
        timetable_queries.store_line(
            self.room, None, weekday=MONDAY, begins=begins, ends=ends, title=title, **columns
        )

    def at(self, hour: int, minute: int = 0, second: int = 1) -> Lecture | None:
        """Let time pass until then, without the monitor, and let it look; gives what runs."""
        moment = self.clock.now().replace(hour=hour, minute=minute, second=second)
        self.clock.pass_((moment - self.clock.now()).total_seconds())
        return self.look()

    def look(self) -> Lecture | None:
        db.session.expire_all()
        return self.keeper.running_lecture(self.room)

    def start_by_hand(self, title: str = "By hand") -> Lecture:
        return lecture_queries.start_lecture(self.room, title, "", self.clock.now())

    @property
    def lectures(self) -> list[tuple]:
        """Every lecture: title, start, end, and whether it ended by itself."""
        db.session.expire_all()
        return [
            (
                each.title,
                f"{each.started_at:%H:%M}",
                each.ended_at and f"{each.ended_at:%H:%M}",
                each.ended_by_itself,
            )
            for each in db.session.query(Lecture).order_by(Lecture.id)
        ]


@pytest.fixture
def school(room):
    return School(room)


def test_a_planned_lecture_begins_and_ends_by_itself(school):
    teacher = user_queries.set_password("anna", "a long password")
    school.add(time(8, 30), time(9, 15), teacher_id=teacher.id)
    assert school.at(8, 29) is None
    begun = school.at(8, 30)
    assert (begun.title, begun.course, begun.owner_id) == ("Algebra", "6a", teacher.id)
    assert school.at(9, 14).id == begun.id
    assert school.at(9, 15) is None
    assert school.lectures == [("Algebra", "08:30", "09:15", True)]


def test_one_lecture_follows_the_other_at_once(school):
    school.add(time(8, 30), time(9, 15))
    school.add(time(9, 15), time(10), "Biology")
    school.at(8, 30)
    assert school.at(9, 15).title == "Biology"
    assert school.lectures == [("Algebra", "08:30", "09:15", True), ("Biology", "09:15", None, False)]


def test_a_lecture_ended_by_hand_is_not_begun_again(school):
    school.add(time(8, 30), time(9, 15))
    lecture_queries.end_lecture(school.at(8, 30), school.clock.now())
    school.restart_monitor()
    assert school.at(8, 31) is None
    assert len(school.lectures) == 1


def test_a_lecture_deleted_by_hand_is_not_begun_again_even_by_a_new_monitor(school):
    school.add(time(8, 30), time(9, 15))
    lecture_queries.delete_lecture(school.at(8, 30))
    assert school.at(8, 31) is None
    school.restart_monitor()
    assert school.at(8, 32) is None
    assert school.lectures == []


def test_no_planned_lecture_begins_beside_one_that_runs_and_that_one_takes_its_end(school):
    school.add(time(8, 30), time(9, 15))
    school.at(8, 25)
    by_hand = school.start_by_hand()
    assert school.at(8, 30).id == by_hand.id
    assert school.at(9, 15) is None
    assert school.lectures == [("By hand", "08:25", "09:15", True)]


def test_a_lecture_started_by_hand_long_before_goes_on_through_planned_ones(school):
    school.add(time(8, 30), time(9, 15))
    by_hand = school.start_by_hand()
    assert school.at(8, 30).id == school.at(9, 30).id == by_hand.id
    assert school.at(12, 30) is None
    assert school.lectures == [("By hand", "08:00", "12:00", True)], "after LECTURE_HOURS"


def test_a_lecture_started_by_hand_inside_a_planned_one_ends_with_it(school):
    school.add(time(8, 30), time(9, 15))
    lecture_queries.end_lecture(school.at(8, 30), school.clock.now())
    school.at(8, 40)
    school.start_by_hand()
    school.look()
    assert school.at(9, 20) is None
    assert school.lectures[-1] == ("By hand", "08:40", "09:15", True)


def test_a_line_added_later_does_not_end_a_lecture_in_the_past(school):
    by_hand = school.start_by_hand()
    school.at(9)
    school.add(time(8), time(8, 45))
    assert school.at(9, 1).id == by_hand.id


def test_a_monitor_that_was_away_begins_the_lecture_if_it_is_still_the_time(school):
    school.add(time(8, 30), time(9, 15))
    school.add(time(9, 15), time(10), "Biology")
    assert school.at(9, 30).title == "Biology"
    assert [title for title, *_ in school.lectures] == ["Biology"], "the first one is over"


def test_a_monitor_that_was_away_begins_none_where_somebody_held_one_meanwhile(school):
    school.add(time(8, 30), time(9, 15))
    school.clock.pass_(35 * 60)
    lecture_queries.end_lecture(school.start_by_hand(), school.clock.now() + timedelta(minutes=5))
    assert school.at(8, 50) is None
    assert len(school.lectures) == 1


def test_a_monitor_that_was_away_ends_the_lecture_at_its_planned_end(school):
    school.add(time(8, 30), time(9, 15))
    school.at(8, 30)
    school.restart_monitor()
    assert school.at(11) is None
    assert school.lectures == [("Algebra", "08:30", "09:15", True)]


def test_a_longer_planned_lecture_lasts_beyond_lecture_hours(school):
    school.add(time(8, 30), time(14))
    assert school.at(8, 30).id == school.at(13, 59).id
    assert school.at(14) is None


def test_a_clock_that_was_wrong_once_stops_no_later_lecture(school):
    school.add(time(8, 30), time(9, 15))
    room_queries.change_room(school.room, planned_until=school.clock.now() + timedelta(days=1000))
    assert school.at(8, 30).title == "Algebra"


def test_the_timetable_is_in_the_room_s_own_zone(school):
    room_queries.change_room(school.room, timezone="America/New_York")
    school.add(time(4), time(5))
    assert school.at(9).title == "Algebra"


def test_a_change_of_the_timetable_applies_within_seconds(school):
    school.at(8, 30)
    school.add(time(8, 30), time(9, 15))
    school.clock.pass_(6)
    assert school.look().title == "Algebra"


def test_lectures_of_the_calendar_begin_too_with_the_organizer_as_owner(school):
    teacher = user_queries.set_password("Anna Berg", "a long password")
    now = school.clock.now()
    planned = PlannedLecture(
        now + timedelta(minutes=30), now + timedelta(minutes=75), "Algebra", "6a", "Anna Berg"
    )
    timetable_queries.store_calendar(school.room, "https://school.example/a.ics", [planned], now)
    assert timetable_queries.next_planned(school.room, now) == planned
    assert school.at(8, 30).owner_id == teacher.id
    timetable_queries.store_calendar(school.room, "https://school.example/a.ics", [], now)
    assert timetable_queries.next_planned(school.room, now) is None
    assert school.at(9, 15) is None, "it ends as was planned when it began"


def test_two_lectures_at_once_are_refused_but_a_line_may_replace_itself(school):
    school.add(time(8, 30), time(9, 15))
    with pytest.raises(TimetableError):
        school.add(time(9), time(10))
    (line,) = timetable_queries.lines_of(school.room)
    changes = {"weekday": MONDAY, "begins": time(9), "ends": time(10), "title": "Art", "course": ""}
    timetable_queries.store_line(school.room, line.id, **changes)
    assert [each.title for each in timetable_queries.lines_of(school.room)] == ["Art"]


def test_with_the_switch_the_room_is_read_only_while_a_lecture_runs(school):
    school.add(time(8, 30), time(9, 15))
    room_queries.change_room(school.room, only_in_timetable=True)
    now = school.clock.now()
    assert effective_settings(school.room, now).outside == OutsideTimetable(now.replace(minute=30, second=0))
    lecture = school.at(8, 30)
    assert effective_settings(school.room, school.clock.now()).outside is None
    lecture_queries.end_lecture(lecture, school.clock.now())
    assert effective_settings(school.room, school.clock.now()).outside is not None
    school.start_by_hand()
    assert effective_settings(school.room, school.clock.now()).outside is None


def test_with_the_switch_and_without_a_timetable_nothing_is_read(school):
    room_queries.change_room(school.room, only_in_timetable=True)
    assert effective_settings(school.room, school.clock.now()).outside == OutsideTimetable(None)


class HourlyClock(ManualClock):
    """A clock on which the refresher waits for the test."""

    def wait(self, seconds, until=None) -> None:
        if until is not None:
            until.wait(0.05)


def test_the_calendar_is_read_every_hour_and_kept_while_it_is_away(app, room):
    answers, clock = {}, HourlyClock()
    answers["/a.ics"] = body(ICS, calendar_of(event("Algebra", begins=":20260105T083000Z")))
    with HttpCamera(answers) as server:
        room_queries.change_room(room, calendar_url=f"{server.url}/a.ics")
        refresher = CalendarRefresher(app, room.id, clock, lambda: 0)
        try:
            wait_for(lambda: planned_titles(room) == ["Algebra"])
            assert room.calendar_fetched_at == clock.now()
            answers["/a.ics"] = body(ICS, calendar_of(event("Art", begins=":20260105T083000Z")))
            clock.pass_(3500)
            asked = len(server.paths)
            clock.pass_(101)
            wait_for(lambda: planned_titles(room) == ["Art"])
            assert len(server.paths) == asked + 1
            answers.clear()
            clock.pass_(3601)
            wait_for(lambda: refreshed(room).calendar_problem)
        finally:
            refresher.stop()
    assert "has no calendar at that address" in str(timetable_queries.calendar_problem(room))
    assert planned_titles(room) == ["Art"]


def refreshed(room):
    db.session.expire_all()
    return room


def planned_titles(room) -> list[str]:
    db.session.expire_all()
    start = ManualClock().now()
    return [each.title for each in timetable_queries.planned_between(room, start, start + timedelta(days=1))]


def test_a_planned_lecture_begins_with_the_purpose_of_its_room(school):
    room_queries.change_room(school.room, purpose="presence")
    school.add(time(9), time(10))
    assert school.at(9).purpose == "presence"
