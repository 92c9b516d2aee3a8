"""A lecture starts with one tap and goes on after an end that came too early; deleting can be undone."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from app.runner.purger import Purger
from app.store import lecture_queries, note_queries, room_queries, user_queries
from app.store.deletion import delete_hidden
from app.store.tables import INCLUDE_DELETED, Lecture, db
from tests.forms import csrf_of, signed_in_client
from tests.manual_clock import ManualClock

HTML = {"Accept": "text/html"}
MONDAY = ManualClock().now()  # 08:00 UTC, 09:00 in Berlin


@pytest.fixture
def school(make_app):
    """A school in Berlin, on a Monday morning."""
    app = make_app(TIMEZONE="Europe/Berlin")
    app.extensions["clock"] = ManualClock()
    with app.app_context():
        user_queries.set_password("admin", "a long password")
    return app


@pytest.fixture
def clock(school):
    return school.extensions["clock"]


def post(client, path: str, **fields):
    fields["csrf_token"] = csrf_of(client.get("/account").text)
    return client.post(path, data=fields, headers=HTML)


def only_lecture(school) -> Lecture:
    with school.app_context():
        return db.session.scalars(select(Lecture)).one()


def teach(school, name: str, course: str, start: datetime) -> None:
    with school.app_context():
        room, owner = room_queries.get_or_create_room("Room 7"), user_queries.find_user(name)
        lecture = lecture_queries.start_lecture(room, "Taught", course, start, owner)
        lecture_queries.end_lecture(lecture, start + timedelta(minutes=45))


def proposed_course(client) -> str:
    field = client.get("/", headers=HTML).text.split('id="course"')[1].split(">")[0]
    return field.split('value="')[1].split('"')[0]


def test_a_lecture_without_a_title_is_named_after_its_course_and_day(school):
    anna = signed_in_client(school, "Anna")
    assert post(anna, "/lectures", title="", course="Biology 7b").status_code == 302
    assert only_lecture(school).title == "Biology 7b, 5 January"


def test_one_without_a_course_either_is_a_lecture_of_its_day_in_the_reader_s_language(school):
    anna = signed_in_client(school, "Anna")
    anna.set_cookie("language", "de")
    post(anna, "/lectures", title=" ", course="")
    assert only_lecture(school).title == "Stunde, 5. Januar"


@pytest.mark.parametrize(
    ("weeks", "minutes", "course"),
    [(1, 0, "Biology 7b"), (1, 30, "Biology 7b"), (1, 120, ""), (20, 0, "")],
    ids=["a week before", "half an hour off", "another lesson", "long ago"],
)
def test_the_course_of_this_hour_and_weekday_is_proposed(school, weeks, minutes, course):
    anna = signed_in_client(school, "Anna")
    teach(school, "Anna", "Biology 7b", MONDAY - timedelta(weeks=weeks, minutes=minutes))
    teach(school, "Anna", "Tuesdays", MONDAY - timedelta(days=6))
    teach(school, "admin", "Somebody else's", MONDAY - timedelta(days=7, minutes=60))
    assert proposed_course(anna) == course


def test_the_hour_is_the_room_s_also_when_the_clocks_have_changed(school, clock):
    clock.pass_(timedelta(weeks=12, hours=-1).total_seconds())
    assert clock.now() == datetime(2026, 3, 30, 7, 0, tzinfo=UTC)  # 09:00 in summer
    anna = signed_in_client(school, "Anna")
    teach(school, "Anna", "Biology 7b", datetime(2026, 3, 23, 8, 0, tzinfo=UTC))  # 09:00 in winter
    assert proposed_course(anna) == "Biology 7b"


def test_an_error_stands_at_its_field_and_what_was_typed_is_still_there(school):
    anna = signed_in_client(school, "Anna")
    answer = post(anna, "/lectures", title="x" * 201, course="Biology 7b")
    assert answer.status_code == 400
    assert 'aria-describedby="title-error"' in answer.text
    assert 'value="Biology 7b"' in answer.text


def test_who_is_slower_is_asked_to_join(school):
    anna, ben = (signed_in_client(school, name) for name in ("Anna", "Ben"))
    post(anna, "/lectures", title="Fractions", course="")
    answer = post(ben, "/lectures", title="Decimals", course="")
    assert answer.status_code == 302
    page = ben.get("/", headers=HTML).text
    assert "Anna started a lecture here at 09:00: join it." in page
    assert "Fractions" not in page, "its title is Anna's"
    assert only_lecture(school).title == "Fractions"


def test_who_starts_twice_is_in_the_first_lecture(school):
    anna = signed_in_client(school, "Anna")
    for _ in range(2):
        assert post(anna, "/lectures", title="Fractions", course="").status_code == 302
    assert "This lecture is running since 09:00 already" in anna.get("/", headers=HTML).text


def test_an_ended_lecture_goes_on_within_ten_minutes(school, clock):
    anna = signed_in_client(school, "Anna")
    post(anna, "/lectures", title="Fractions", course="")
    post(anna, "/lectures/1/end")
    clock.pass_(9 * 60)
    assert "Go on with it" in anna.get("/", headers=HTML).text
    assert post(anna, "/lectures/1/resume").status_code == 302
    assert only_lecture(school).ended_at is None


def test_after_that_it_stays_ended(school, clock):
    anna = signed_in_client(school, "Anna")
    post(anna, "/lectures", title="Fractions", course="")
    post(anna, "/lectures/1/end")
    clock.pass_(11 * 60)
    assert "Go on with it" not in anna.get("/", headers=HTML).text
    post(anna, "/lectures/1/resume")
    assert only_lecture(school).ended_at is not None


def test_a_planned_end_that_has_passed_does_not_end_it_again(school, clock):
    anna = signed_in_client(school, "Anna")
    post(anna, "/lectures", title="Fractions", course="")
    with school.app_context():
        lecture = lecture_queries.find_lecture(1)
        lecture.planned_end = clock.now() + timedelta(minutes=1)
        db.session.commit()
        clock.pass_(120)
        assert lecture_queries.end_if_overdue(lecture, 4, clock.now())
    post(anna, "/lectures/1/resume")
    with school.app_context():
        assert not lecture_queries.end_if_overdue(lecture_queries.find_lecture(1), 4, clock.now())


def test_it_does_not_go_on_beside_another_one(school):
    anna, ben = (signed_in_client(school, name) for name in ("Anna", "Ben"))
    post(anna, "/lectures", title="Fractions", course="")
    post(anna, "/lectures/1/end")
    post(ben, "/lectures", title="Decimals", course="")
    post(anna, "/lectures/1/resume")
    assert "A lecture of Ben is still running" in anna.get("/lectures/1", headers=HTML).text


def test_only_its_owner_resumes_and_restores_a_lecture(school):
    anna, ben = (signed_in_client(school, name) for name in ("Anna", "Ben"))
    post(anna, "/lectures", title="Fractions", course="")
    post(anna, "/lectures/1/end")
    assert post(ben, "/lectures/1/resume").status_code == 404
    post(anna, "/lectures/1/delete")
    assert post(ben, "/lectures/1/restore").status_code == 404
    assert anna.get("/lectures/1", headers=HTML).status_code == 404


def test_a_deleted_lecture_is_nowhere_and_comes_back_whole(school, clock):
    anna = signed_in_client(school, "Anna")
    post(anna, "/lectures", title="Fractions", course="")
    post(anna, "/lectures/1/delete")
    assert anna.get("/lectures/1", headers=HTML).status_code == 404
    listing = anna.get("/lectures", headers=HTML).text
    assert "“Fractions” was deleted." in listing
    assert "Fractions</a>" not in listing
    assert anna.get("/api/v1/lectures").json["lectures"] == []
    clock.pass_(9)
    assert post(anna, "/lectures/1/restore").location == "/lectures/1"
    assert "Fractions" in anna.get("/lectures/1", headers=HTML).text


def test_two_minutes_later_it_is_gone_for_good(school, clock):
    anna = signed_in_client(school, "Anna")
    post(anna, "/lectures", title="Fractions", course="")
    post(anna, "/lectures/1/delete")
    clock.pass_(121)
    answer = post(anna, "/lectures/1/restore")
    assert answer.status_code == 404
    assert "It is too late to undo that." in answer.text
    with school.app_context():
        delete_hidden(clock.now())
        rows = select(Lecture).execution_options(**{INCLUDE_DELETED: True})
        assert db.session.scalars(rows).all() == []


def test_a_server_deletes_it_by_itself(school, clock):
    anna = signed_in_client(school, "Anna")
    post(anna, "/lectures", title="Fractions", course="")
    post(anna, "/lectures/1/delete")
    begin = clock.monotonic()
    seen = []

    def is_ending() -> bool:
        rows = select(Lecture.deleted_at).execution_options(**{INCLUDE_DELETED: True})
        seen.append((clock.monotonic() - begin, len(db.session.scalars(rows).all())))
        return clock.monotonic() - begin > 180

    with school.app_context():
        Purger(school, clock, is_ending).run()
    assert all(count == 1 for seconds, count in seen if seconds < 120)
    assert all(count == 0 for seconds, count in seen if seconds > 135)


def test_what_can_still_be_undone_is_not_deleted_for_good(school, clock):
    anna = signed_in_client(school, "Anna")
    post(anna, "/lectures", title="Fractions", course="")
    post(anna, "/lectures/1/delete")
    with school.app_context():
        delete_hidden(clock.now() + timedelta(seconds=119))
    assert post(anna, "/lectures/1/restore").location == "/lectures/1"


def test_a_deleted_note_comes_back(school, clock):
    anna = signed_in_client(school, "Anna")
    post(anna, "/lectures", title="Fractions", course="")
    with school.app_context():
        note_queries.add_note(lecture_queries.find_lecture(1), clock.now(), "homework", clock.now())
    post(anna, "/lectures/1/notes/1/delete")
    assert anna.get("/api/v1/lectures/1/notes").json == {"notes": []}
    post(anna, "/lectures/1/notes/1/restore")
    (note,) = anna.get("/api/v1/lectures/1/notes").json["notes"]
    assert note["text"] == "homework"


def test_the_notes_with_one_tap_are_one_s_own(school):
    anna, ben = (signed_in_client(school, name) for name in ("Anna", "Ben"))
    post(anna, "/account/tags", tags="quiz\n\n  dictation \nquiz")
    post(anna, "/lectures", title="Fractions", course="")
    page = anna.get("/", headers=HTML).text
    assert page.count("data-tag=") == 2
    assert 'data-tag="dictation"' in page
    assert "dictation" not in ben.get("/account", headers=HTML).text
    post(anna, "/account/tags", tags="")
    assert 'data-tag="question"' in anna.get("/", headers=HTML).text


@pytest.mark.parametrize("tags", ["\n".join("abcdefghij"), "x" * 31])
def test_too_many_or_too_long_ones_are_refused(school, tags):
    anna = signed_in_client(school, "Anna")
    answer = post(anna, "/account/tags", tags=tags)
    assert answer.status_code == 400
    assert "at most 9 lines of 30 characters" in answer.text
