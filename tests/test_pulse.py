"""The pulse: students answer, and counts are shown from which no single answer can be read."""

import re
from collections import Counter
from dataclasses import replace
from datetime import time, timedelta
from random import Random

import pytest
from limits import parse
from sqlalchemy import inspect, select

from app.camera.errors import Reason
from app.monitor.shutter import Shutter
from app.pulse.choice import Choice
from app.pulse.code import ALPHABET, new_code
from app.pulse.lost_rise import lost_rises, marks
from app.pulse.publication import Vote, publication
from app.purpose import Purpose
from app.role import Role
from app.store import (
    lecture_queries,
    poll_queries,
    pulse_queries,
    retention,
    room_queries,
    timetable_queries,
    user_queries,
)
from app.store.effective_settings import effective_settings, first_room
from app.store.tables import Lecture, Poll, Pulse, PulseMinute, PulseVote, db
from app.web.pulse_keeper import PulseKeeper
from tests.forms import csrf_of, signed_in_client
from tests.manual_clock import ManualClock
from tests.pulse_devices import JSON, open_page, say

ANSWERS = ("clear", "lost", "too_fast", "too_slow")


class Lesson:
    """A lecture with an open pulse, at a clock that the test moves."""

    def __init__(self, app) -> None:
        self.app, self.clock = app, ManualClock()
        app.extensions["clock"] = self.clock
        self.keeper = PulseKeeper(app, app.extensions["rooms"], self.clock)
        with app.app_context():
            room_queries.change_room(first_room(), pulse=True)
            self.id = lecture_queries.start_lecture(first_room(), "Algebra", "7b", self.clock.now()).id
        self.look()
        with app.app_context():
            self.code = db.session.get(Pulse, self.id).code

    def look(self) -> None:
        with self.app.app_context():
            self.keeper.look()

    def step(self, seconds: float = 0) -> None:
        self.clock.pass_(seconds)
        with self.app.app_context():
            self.keeper.step()

    def telephones(self, count: int) -> list:
        return [open_page(self.app, self.code) for _ in range(count)]

    def say(self, telephones, choice: str) -> None:
        for telephone in telephones:
            assert say(telephone, self.code, choice) == 200
        self.step()

    def counts(self) -> dict | None:
        with self.app.app_context():
            return pulse_queries.counts_of(db.session.get(Pulse, self.id))

    def end(self) -> None:
        with self.app.app_context():
            lecture_queries.end_lecture(lecture_queries.find_lecture(self.id), self.clock.now())


@pytest.fixture
def lesson(app):
    """A lecture in which students can answer."""
    return Lesson(app)


def counted(**choices: int) -> dict:
    return {choice: choices.get(choice, 0) for choice in Choice}


def test_a_code_has_no_sign_that_can_be_mistaken_and_is_no_word():
    codes = [new_code() for _ in range(200)]
    assert len(set(codes)) == 200
    assert not set("".join(codes)) & set("01OILUAE")
    assert len(ALPHABET) ** len(codes[0]) > 400_000_000


def test_below_the_minimum_group_nobody_sees_a_count(lesson):
    telephones = lesson.telephones(5)
    lesson.say(telephones[:4], "lost")
    assert lesson.counts() is None
    lesson.say(telephones[4:], "clear")
    assert lesson.counts() == counted(lost=4, clear=1)


def test_counts_change_for_three_or_for_nobody(lesson):
    telephones = lesson.telephones(8)
    lesson.say(telephones[:6], "clear")
    lesson.say(telephones[:1], "lost")
    assert lesson.counts() == counted(clear=6), "a single change of mind is not shown"
    lesson.say(telephones[6:7], "too_fast")
    assert lesson.counts() == counted(clear=6), "either of two could subtract their own"
    lesson.say(telephones[7:], "too_fast")
    assert lesson.counts() == counted(clear=5, lost=1, too_fast=2)


@pytest.mark.parametrize("minimum_group", [1, 2, 5, 9])
def test_no_two_counts_in_a_row_differ_by_one_or_two_answers(minimum_group):
    """Whatever is said in which order, also by those who fall silent, and after too few had answered."""
    chance, clock = Random(7), ManualClock()
    votes, shown, steps = {}, Counter(), 0
    for _ in range(2000):
        clock.pass_(chance.choice([1, 5, 40, 200]))
        for device in chance.sample(range(12), chance.randint(0, 3)):
            before = votes[device].shown if device in votes else None
            votes[device] = Vote(device, chance.choice(ANSWERS), clock.now(), before)
        step = publication(list(votes.values()), minimum_group, clock.now())
        changed = [device for devices in step.changes.values() for device in devices]
        for choice, devices in step.changes.items():
            votes |= {device: replace(votes[device], shown=choice) for device in devices}
        assert len(changed) >= min(3, minimum_group) or not changed
        assert changed or Counter(step.counts) == shown
        assert Counter(step.counts) == Counter(vote.shown for vote in votes.values() if vote.shown)
        if step.is_shown and changed:
            assert sum(step.counts.values()) >= minimum_group
        shown, steps = Counter(step.counts), steps + bool(changed)
    assert steps > 100


def test_a_vote_is_replaced_and_not_added(lesson):
    telephones = lesson.telephones(6)
    lesson.say(telephones, "clear")
    lesson.say(telephones, "clear")
    lesson.say(telephones[:3], "lost")
    assert lesson.counts() == counted(clear=3, lost=3)


def test_who_says_nothing_for_five_minutes_is_silent(lesson):
    telephones = lesson.telephones(8)
    lesson.say(telephones, "clear")
    lesson.step(240)
    lesson.say(telephones[:5], "lost")
    lesson.step(59)
    assert lesson.counts() == counted(lost=5, clear=3)
    lesson.step(2)
    assert lesson.counts() == counted(lost=5)
    page = telephones[7].get(f"/p/{lesson.code}/state").json
    assert page["choice"] is None
    lesson.step(300)
    assert lesson.counts() is None


def test_a_minute_keeps_what_stood_at_its_end(lesson):
    telephones = lesson.telephones(6)
    lesson.say(telephones, "clear")
    lesson.say(telephones[:3], "lost")
    lesson.step(60)
    lesson.step(60)
    with lesson.app.app_context():
        minutes = pulse_queries.minutes_of_pulse(lesson.id)
        assert [minute.counts for minute in minutes] == [counted(clear=3, lost=3)] * 2
        assert [minute.minute.second for minute in minutes] == [0, 0]


def test_a_minute_that_nobody_saw_the_end_of_has_no_row(lesson):
    lesson.say(lesson.telephones(6), "clear")
    lesson.step(60 * 4 + 30)
    with lesson.app.app_context():
        assert pulse_queries.minutes_of_pulse(lesson.id) == []


@pytest.mark.parametrize("how", ["button", "by itself", "switched off", "deleted"])
def test_with_the_end_votes_hashes_key_and_code_are_gone(lesson, how):
    telephones = lesson.telephones(6)
    lesson.say(telephones, "lost")
    with lesson.app.app_context():
        lecture = lecture_queries.find_lecture(lesson.id)
        poll_queries.ask_poll(lecture, "", ["A", "B"], lesson.clock.now())
        poll_id = poll_queries.running_poll(lesson.id).id
    answer = {"poll": poll_id, "answer": 1}
    assert telephones[0].post(f"/p/{lesson.code}/answer", data=answer, headers=JSON).status_code == 200
    lesson.step(60)
    with lesson.app.app_context():
        lecture = lecture_queries.find_lecture(lesson.id)
        if how == "button":
            lecture_queries.end_lecture(lecture, lesson.clock.now())
        elif how == "by itself":
            lecture_queries.end_if_overdue(lecture, 0, lesson.clock.now())
        elif how == "switched off":
            room_queries.change_room(first_room(), pulse=False)
        else:
            lecture_queries.delete_lecture(lecture)
    lesson.look()
    with lesson.app.app_context():
        for table in ("pulse", "pulse_vote", "poll_answer"):
            assert db.session.execute(db.text(f"SELECT count(*) FROM {table}")).scalar() == 0, table
        kept = [] if how == "deleted" else [counted(lost=6)]
        assert [each.counts for each in pulse_queries.minutes_of_pulse(lesson.id)][:1] == kept
    ended = telephones[0].post(f"/p/{lesson.code}", data={"choice": "clear"}, headers=JSON)
    assert ended.status_code == 404
    assert "Max-Age=0" in ended.headers["Set-Cookie"], "the cookie goes with the lecture"


def test_a_lecture_that_a_killed_server_left_is_cleared_up(lesson):
    """Its end was stored by something that knows no pulse."""
    lesson.say(lesson.telephones(5), "clear")
    with lesson.app.app_context():
        db.session.get(Lecture, lesson.id).ended_at = lesson.clock.now()
        db.session.commit()
    lesson.look()
    with lesson.app.app_context():
        assert db.session.scalars(select(PulseVote)).all() == []


def test_a_deleted_lecture_takes_all_of_its_pulse_along(lesson):
    telephones = lesson.telephones(5)
    lesson.say(telephones, "lost")
    telephones[0].post(f"/p/{lesson.code}/question", data={"text": "Why?"}, headers=JSON)
    with lesson.app.app_context():
        lecture = lecture_queries.find_lecture(lesson.id)
        poll_queries.ask_poll(lecture, "", ["A", "B"], lesson.clock.now())
    lesson.step(60)
    with lesson.app.app_context():
        lecture_queries.delete_lecture(lecture_queries.find_lecture(lesson.id))
        names = [name for name in inspect(db.engine).get_table_names() if name not in KEPT]
        rows = {name: db.session.execute(db.text(f"SELECT count(*) FROM {name}")).scalar() for name in names}
        assert {name: count for name, count in rows.items() if count} == {}


KEPT = {"alembic_version", "room", "user"}


def test_what_is_old_of_the_pulse_is_deleted(lesson):
    lesson.say(lesson.telephones(5), "lost")
    lesson.step(60)
    lesson.end()
    with lesson.app.app_context():
        assert db.session.scalars(select(PulseMinute)).all() != []
        retention.delete_older_than(first_room(), 1, lesson.clock.now() + timedelta(days=2))
        assert db.session.scalars(select(PulseMinute)).all() == []


def test_only_a_keyed_hash_of_a_device_is_stored_and_no_address(lesson):
    telephone = lesson.telephones(1)[0]
    say(telephone, lesson.code, "clear")
    cookie = telephone.get_cookie("aula_pulse", path=f"/p/{lesson.code}")
    with lesson.app.app_context():
        (row,) = db.session.scalars(select(PulseVote))
        assert re.fullmatch("[0-9a-f]{64}", row.device)
        assert row.device not in cookie.value
        assert set(inspect(PulseVote).columns.keys()) == {
            "id",
            "lecture_id",
            "device",
            "choice",
            "at",
            "shown",
        }


def test_the_cookie_lasts_no_longer_than_the_lecture(lesson):
    answer = lesson.app.test_client().get(f"/p/{lesson.code}")
    (cookie,) = answer.headers.getlist("Set-Cookie")
    assert int(re.search(r"Max-Age=(\d+)", cookie)[1]) <= 4 * 3600
    assert f"Path=/p/{lesson.code}" in cookie
    assert "HttpOnly" in cookie


def test_without_a_script_the_form_leads_back_to_the_page(lesson):
    telephone = lesson.telephones(1)[0]
    answer = telephone.post(f"/p/{lesson.code}", data={"choice": "too_slow"})
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/p/{lesson.code}")
    page = telephone.get(f"/p/{lesson.code}").text
    assert re.findall(r'value="(\w+)" class="[^"]*" aria-pressed="true"', page) == ["too_slow"]


def test_the_students_page_is_small(lesson):
    client = lesson.app.test_client()
    page = client.get(f"/p/{lesson.code}")
    parts = re.findall(r'(?:src|href)="(/[^"]+)"', page.text)
    assert len(parts) == 2, parts
    size = len(page.data)
    for part in parts:
        with client.get(part) as answer:
            size += len(answer.data)
    assert size < 30_000


def test_a_stranger_without_the_code_and_the_code_of_yesterday_get_nothing(lesson):
    lesson.end()
    stranger = lesson.app.test_client()
    for code in (lesson.code, "ZZZZZZ", "x", "%00", "a" * 300):
        answer = stranger.get(f"/p/{code}")
        assert answer.status_code == 404
        assert "Algebra" not in answer.text
    assert stranger.post(f"/p/{lesson.code}", data={"choice": "clear"}).status_code == 404


def test_who_tries_many_codes_is_turned_away_and_who_answers_is_not(lesson, monkeypatch):
    monkeypatch.setattr("app.web.pulse_device.UNKNOWN_CODES", parse("5 per hour"))
    telephone = lesson.telephones(1)[0]
    guesser = lesson.app.test_client()
    statuses = [guesser.get(f"/p/BCDFG{digit}").status_code for digit in range(2, 9)]
    assert statuses == [404] * 5 + [429] * 2
    assert guesser.get(f"/p/{lesson.code}").status_code == 429
    assert say(telephone, lesson.code, "clear") == 200, "from the same address"


def test_an_answer_without_the_cookie_of_the_page_does_not_count(lesson):
    assert say(lesson.app.test_client(), lesson.code, "clear") == 400


def test_a_device_can_not_answer_without_end(lesson):
    telephone = lesson.telephones(1)[0]
    statuses = [say(telephone, lesson.code, "clear") for _ in range(45)]
    assert statuses == [200] * 40 + [429] * 5


@pytest.mark.parametrize("form", [{}, {"choice": "happy"}, {"choice": ""}])
def test_another_answer_than_the_four_is_refused(lesson, form):
    telephone = lesson.telephones(1)[0]
    assert telephone.post(f"/p/{lesson.code}", data=form, headers=JSON).status_code == 400


def test_questions_are_for_the_teacher_of_the_lecture_alone(app):
    lesson = Lesson(app)
    telephone = lesson.telephones(1)[0]
    asked = telephone.post(f"/p/{lesson.code}/question", data={"text": " What is \n x? "})
    assert asked.status_code == 303
    with app.app_context():
        lecture = lecture_queries.find_lecture(lesson.id)
        user_queries.set_password("admin", "a long password")
        anna, bert = (user_queries.set_password(name, "a long password") for name in ("anna", "bert"))
        lecture.owner_id = anna.id
        lecture_queries.share_lecture(lecture, [bert])
        db.session.commit()
    url = f"/api/v1/lectures/{lesson.id}/questions"
    anna, bert = signed_in_client(app, "anna"), signed_in_client(app, "bert")
    (question,) = anna.get(url).json["questions"]
    assert question["text"] == "What is x?"
    assert bert.get(url).status_code == 403
    assert anna.get("/api/v1/rooms/1/pulse").json["questions"] == 1
    assert bert.get("/api/v1/rooms/1/pulse").json["questions"] is None
    assert "What is x?" not in bert.get(f"/lectures/{lesson.id}").text
    csrf = {"X-CSRFToken": csrf_of(anna.get("/").text)}
    assert anna.delete(f"{url}/{question['id']}", headers=csrf).status_code == 204
    assert anna.get(url).json["questions"] == []


def test_questions_can_be_switched_off(lesson):
    telephone = lesson.telephones(1)[0]
    with lesson.app.app_context():
        room_queries.change_room(first_room(), pulse_questions=False)
    assert "Ask a question" not in telephone.get(f"/p/{lesson.code}").text
    asked = telephone.post(f"/p/{lesson.code}/question", data={"text": "Why?"}, headers=JSON)
    assert asked.status_code == 409


def test_who_may_not_read_the_lecture_sees_counts_only_where_the_screen_shows_them(app):
    lesson = Lesson(app)
    with app.app_context():
        user_queries.set_password("admin", "a long password")  # the first one is an administrator
        user_queries.set_role(user_queries.set_password("walt", "a long password"), Role.VIEWER)
    lesson.say(lesson.telephones(5), "lost")
    admin, viewer = signed_in_client(app), signed_in_client(app, "walt")
    pulse = admin.get("/api/v1/rooms/1/pulse").json
    assert (pulse["answered"], pulse["counts"]["lost"], pulse["lost_rises"]) == (5, 5, True)
    assert pulse["address"].endswith(f"/p/{lesson.code}")
    pulse = viewer.get("/api/v1/rooms/1/pulse").json
    assert (pulse["code"], pulse["counts"], pulse["minutes"]) == (lesson.code, None, [])
    with app.app_context():
        room_queries.change_room(first_room(), pulse_on_screen=True)
    assert viewer.get("/api/v1/rooms/1/pulse").json["counts"]["lost"] == 5
    lesson.end()
    assert admin.get("/api/v1/rooms/1/pulse").status_code == 503


def test_lost_rises_by_two_people_and_to_a_third_of_the_answers():
    assert not lost_rises([counted(clear=9)], counted(clear=8, lost=1)), "one"
    assert not lost_rises([counted(clear=9)], counted(clear=7, lost=2)), "two of nine"
    assert lost_rises([counted(clear=9)], counted(clear=6, lost=3))
    assert not lost_rises([counted(clear=5, lost=4)] * 5, counted(clear=5, lost=5)), "it was as high before"
    slowly = [counted(clear=6 - lost, lost=lost) for lost in range(4)]
    assert marks([*slowly, counted(clear=2, lost=4)]) == [False, False, True, False, False]
    assert marks([None, counted(lost=5), None]) == [False, True, False]


def test_a_poll_shows_its_answers_and_is_kept_as_a_note(app):
    lesson = Lesson(app)
    teacher = signed_in_client(app)
    csrf = csrf_of(teacher.get("/").text)
    ask = {"csrf_token": csrf, "text": "Which one?", "answers": "A, B ,C"}
    assert teacher.post(f"/lectures/{lesson.id}/polls", data=ask).status_code == 302
    telephones = lesson.telephones(6)
    poll = telephones[0].get(f"/p/{lesson.code}/state").json["poll"]
    assert (poll["text"], poll["answers"], poll["answer"]) == ("Which one?", ["A", "B", "C"], None)
    for number, telephone in enumerate(telephones):
        answer = {"poll": poll["id"], "answer": number % 2}
        assert telephone.post(f"/p/{lesson.code}/answer", data=answer, headers=JSON).status_code == 200
        lesson.step()
    shown = teacher.get("/api/v1/rooms/1/pulse").json["poll"]
    assert shown["counts"] == [3, 2, 0], "the sixth waits for two more"
    end = {"csrf_token": csrf, "note": "on"}
    assert teacher.post(f"/lectures/{lesson.id}/polls/{poll['id']}/end", data=end).status_code == 302
    (note,) = teacher.get(f"/api/v1/lectures/{lesson.id}/notes").json["notes"]
    assert note["text"] == "Which one? – A 3, B 2, C 0"
    with app.app_context():
        assert db.session.execute(db.text("SELECT count(*) FROM poll_answer")).scalar() == 0
    late = telephones[0].post(
        f"/p/{lesson.code}/answer", data={"poll": poll["id"], "answer": 0}, headers=JSON
    )
    assert late.status_code == 409


@pytest.mark.parametrize("answers", ["A", "A,,", "A,B,C,D,E,F", "A," + "b" * 41])
def test_a_poll_has_two_to_five_short_answers(app, answers):
    lesson = Lesson(app)
    with app.app_context():
        lecture = lecture_queries.find_lecture(lesson.id)
        with pytest.raises(poll_queries.PollError):
            poll_queries.ask_poll(lecture, "", [a for a in answers.split(",") if a], lesson.clock.now())
        assert db.session.scalars(select(Poll)).all() == []


def test_a_code_that_is_typed_small_or_with_blanks_opens_the_page(lesson):
    client = lesson.app.test_client()
    typed = f" {lesson.code[:3].lower()} {lesson.code[3:].lower()}"
    answer = client.post("/p", data={"code": typed})
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/p/{lesson.code}")
    answer = client.get(f"/p/{lesson.code.lower()}")
    assert answer.headers["Location"] == f"/p/{lesson.code}", "the cookie is for one spelling"


def test_two_processes_publish_a_step_once(app):
    lesson = Lesson(app)
    other = PulseKeeper(app, app.extensions["rooms"], lesson.clock)
    for telephone in lesson.telephones(5):
        say(telephone, lesson.code, "lost")
    with app.app_context():
        stale = db.session.get(Pulse, lesson.id)
        version = stale.version
        db.session.expunge(stale)
        lesson.step()
        assert not pulse_queries.publish(stale, lesson.clock.now()), "another process was faster"
        other.step()
        assert db.session.get(Pulse, lesson.id).version == version + 1
    lesson.step(60)
    with app.app_context():
        other.step()
        assert len(pulse_queries.minutes_of_pulse(lesson.id)) == 1


def test_a_planned_lecture_of_a_room_without_a_camera_begins_and_ends_by_itself(app, monkeypatch):
    """No monitor does it there."""
    # its thread waits on the clock, which lets the time pass
    monkeypatch.setattr("app.web.pulse_keeper.CalendarRefresher", lambda *_: None)
    clock = ManualClock()
    keeper = PulseKeeper(app, app.extensions["rooms"], clock)
    line = {"weekday": 0, "title": "Algebra", "course": "6a", "teacher_id": None}
    with app.app_context():
        room_queries.change_room(first_room(), purpose=Purpose.PULSE)
        timetable_queries.store_line(first_room(), None, begins=time(8, 10), ends=time(8, 55), **line)
        for minutes, title in ((9, None), (2, "Algebra"), (40, "Algebra"), (6, None)):
            clock.pass_(60 * minutes)
            keeper.look()
            db.session.expire_all()
            lecture = lecture_queries.running_lecture(first_room())
            assert (lecture and lecture.title) == title
            assert (pulse_queries.pulse_of_room(first_room()) is not None) == (title is not None)


def test_a_monitor_never_opens_a_camera_in_a_room_for_the_pulse_alone(app):
    shutter = Shutter(stall_seconds=5, clock=ManualClock())
    with app.app_context():
        room_queries.change_room(first_room(), purpose=Purpose.PULSE)
        shutter.apply(effective_settings(first_room()))
    assert shutter.state.reason == Reason.NO_CAMERA
    assert next(shutter.frames(lambda: True)) is None
