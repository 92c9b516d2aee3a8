"""A subscribed calendar is fetched and read within bounds, in a process of its own."""

import subprocess
import sys
import time
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from app.project import PROJECT
from app.timetable import calendar
from app.timetable.calendar import read_calendar
from app.timetable.calendar_request import check_address, redacted_address
from app.timetable.errors import CalendarError
from tests.http_camera import HttpCamera, body

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 30, 7, 10, tzinfo=UTC)
ICS = "text/calendar; charset=utf-8"


def event(*lines: str, begins: str = ";TZID=Europe/Berlin:20260907T080000", minutes: int = 45) -> str:
    name = lines[0] if lines else "Algebra"
    return "\r\n".join(
        (
            "BEGIN:VEVENT",
            f"UID:{name}{begins}@school",
            "DTSTAMP:20260901T000000Z",
            f"DTSTART{begins}",
            f"DURATION:PT{minutes}M",
            f"SUMMARY:{name}",
            *lines[1:],
            "END:VEVENT",
            "",
        )
    )


def calendar_of(*events: str) -> bytes:
    return "\r\n".join(
        ("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//School//EN", "".join(events) + "END:VCALENDAR", "")
    ).encode()


def read(answer, now: datetime = NOW):
    with HttpCamera({"/secret/a.ics": answer}) as server:
        return read_calendar(f"{server.url}/secret/a.ics", now, BERLIN)


def refusal(answer) -> str:
    with pytest.raises(CalendarError) as refused:
        read(answer)
    return str(refused.value.args[0])


def test_a_weekly_event_is_planned_over_the_clock_change_with_course_and_teacher():
    weekly = event(
        "Algebra", "RRULE:FREQ=WEEKLY", "CATEGORIES:6a", "ORGANIZER;CN=Anna Berg:mailto:anna@example.org"
    )
    october = datetime(2026, 10, 19, 7, 0, tzinfo=UTC)
    first, second, *others = read(body(ICS, calendar_of(weekly)), october)
    assert (first.title, first.course, first.teacher) == ("Algebra", "6a", "Anna Berg")
    assert [f"{each.begins_at:%d %H:%M}" for each in (first, second)] == ["19 06:00", "26 07:00"]
    assert first.ends_at - first.begins_at == second.ends_at - second.begins_at
    assert len(others) == 12, "three months"


def test_changes_of_single_lectures_hold():
    moved = event("Algebra", "RECURRENCE-ID;TZID=Europe/Berlin:20261130T080000").replace(
        "DTSTART;TZID=Europe/Berlin:20260907T080000", "DTSTART;TZID=Europe/Berlin:20261130T100000"
    )
    weekly = event(
        "Algebra", "RRULE:FREQ=WEEKLY;UNTIL=20261214T235959Z", "EXDATE;TZID=Europe/Berlin:20261207T080000"
    )
    planned = read(body(ICS, calendar_of(weekly, moved)))
    assert [f"{each.begins_at:%m-%d %H:%M}" for each in planned] == ["11-30 09:00", "12-14 07:00"]


@pytest.mark.parametrize(
    ("begins", "in_utc"),
    [
        (":20261201T080000", "07:00"),
        (":20261201T080000Z", "08:00"),
        (";TZID=America/New_York:20261201T080000", "13:00"),
    ],
)
def test_a_time_without_zone_is_the_room_s(begins, in_utc):
    (planned,) = read(body(ICS, calendar_of(event(begins=begins))))
    assert f"{planned.begins_at:%H:%M}" == in_utc


def test_what_is_no_lecture_is_left_out():
    holiday = event("Holiday", begins=";VALUE=DATE:20261201").replace(
        "DURATION:PT45M", "DTEND;VALUE=DATE:20261202"
    )
    cancelled = event("Away", "STATUS:CANCELLED", begins=":20261201T080000")
    week_long = event("Trip", begins=":20261201T080000", minutes=60 * 24 * 5)
    empty = event("Reminder", begins=":20261201T080000", minutes=0)
    lecture = event("Art", begins=":20261201T100000")
    planned = read(body(ICS, calendar_of(holiday, cancelled, week_long, empty, lecture)))
    assert [each.title for each in planned] == ["Art"]


def test_one_damaged_event_does_not_hide_the_others():
    damaged = event("Broken", "RRULE:FREQ=SOMETIMES", begins=":20261201T080000")
    planned = read(body(ICS, calendar_of(damaged, event("Art", begins=":20261201T100000"))))
    assert "Art" in [each.title for each in planned]


def test_an_empty_calendar_plans_nothing():
    assert read(body(ICS, calendar_of())) == []


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (body("text/html", b"<!doctype html><title>Sign in</title>"), "gives no calendar"),
        (body("image/jpeg", b"\xff\xd8\xff" * 100), "gives no calendar"),
        (body(ICS, b""), "gives no calendar"),
        (body(ICS, b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nnonsense"), "is cut off"),
        (body(ICS, b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n=\r\nEND:VCALENDAR"), "is damaged"),
        (body(ICS, calendar_of("BEGIN:VEVENT\r\nSUMMARY:Never\r\nEND:VEVENT\r\n")), "is damaged"),
        (body(ICS, b"BEGIN:VCALENDAR\r\n" + b"X-A:b\r\n" * 1_500_000), "larger than 2 MB"),
        (body(ICS, b"", status=401), "refuses access"),
        (body(ICS, b"", status=404), "has no calendar at that address"),
        (body(ICS, b"", status=500), "answers with error 500"),
        (body(ICS, b"", status=302, Location="http://127.0.0.2/b.ics"), "redirects to http://127.0.0.2/…"),
        (body(ICS, b"", status=302, Location="http://169.254.169.254/key"), "which is not followed"),
        (body(ICS, b"", status=302, Location="file:///etc/passwd"), "which is not followed"),
    ],
)
def test_what_is_no_calendar_gets_one_sentence_without_the_secret_address(answer, said):
    sentence = refusal(answer)
    assert said in sentence
    assert "secret" not in sentence
    assert sentence.count(". ") <= 1


def test_a_redirect_within_the_host_is_followed():
    moved = body(ICS, b"", status=301, Location="/b.ics")
    with HttpCamera(
        {"/a.ics": moved, "/b.ics": body(ICS, calendar_of(event(begins=":20261201T080000")))}
    ) as server:
        assert len(read_calendar(f"{server.url}/a.ics", NOW, BERLIN)) == 1


def test_a_host_that_does_not_answer_gets_a_sentence():
    with pytest.raises(CalendarError, match=r"127\.0\.0\.1 can't be reached"):
        read_calendar("http://127.0.0.1:9/a.ics", NOW, BERLIN)


BOMBS = {
    "every second": event("Bomb", "RRULE:FREQ=SECONDLY", begins=":20200101T080000Z", minutes=1),
    "100,000 a day": "".join(
        event(f"Bomb {number}", "RRULE:FREQ=MINUTELY", begins=":20261130T000000Z", minutes=1)
        for number in range(70)
    ),
    "never": "".join(
        event(f"Bomb {number}", "RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", begins=":20200101T080000Z")
        for number in range(4000)
    ),
    "many": "".join(
        event(f"Bomb {number}", "RRULE:FREQ=DAILY", begins=":20261130T000000Z") for number in range(100)
    ),
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_calendar_of_endless_repetitions_is_refused_in_bounded_time(bomb, monkeypatch):
    monkeypatch.setattr(calendar, "CPU_SECONDS", 2)
    sentence = refusal(body(ICS, calendar_of(BOMBS[bomb])))
    assert "takes too long" in sentence or "more than 3000 lectures" in sentence


def test_a_server_that_sends_a_byte_at_a_time_is_given_up(monkeypatch):
    monkeypatch.setattr(calendar, "MAX_SECONDS", 3)

    def drip(request) -> None:
        request.send_response(200)
        request.end_headers()
        for sign in "BEGIN:VCALENDAR" * 10:
            request.wfile.write(sign.encode())
            request.wfile.flush()
            time.sleep(0.2)

    assert "too long" in refusal(drip)


@pytest.mark.parametrize(
    ("entered", "fetched"),
    [
        ("webcal://school.example/a.ics", "https://school.example/a.ics"),
        (" https://school.example/a.ics#today ", "https://school.example/a.ics"),
        ("http://192.168.0.9:8080/a.ics", "http://192.168.0.9:8080/a.ics"),
    ],
)
def test_an_address_is_taken_as_people_copy_it(entered, fetched):
    assert check_address(entered) == fetched


@pytest.mark.parametrize(
    "entered",
    [
        "",
        "a.ics",
        "file:///etc/passwd",
        "ftp://host/a.ics",
        "https://",
        "http://[::1",
        "https://h/a b",
        "https://h:x/",
        f"https://h/{'x' * 1000}",
    ],
)
def test_what_is_no_address_is_refused(entered):
    with pytest.raises(CalendarError, match="Enter the calendar's address"):
        check_address(entered)


def test_the_secret_part_of_an_address_is_not_shown():
    address = "https://user:word@calendar.example:8443/ical/private-0123/basic.ics?key=4"
    assert redacted_address(address) == "https://calendar.example:8443/…"


def test_neither_the_monitor_nor_the_web_process_loads_what_reads_calendars():
    code = (
        "import sys; from app.monitor import process; from app import create_app; create_app({}, None);"
        "assert not {'icalendar', 'recurring_ical_events'} & set(sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
