"""Renders every page to docs/screenshots: `make screenshots`. A lecture of half an hour is made up for it."""

import math
import tempfile
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

from flask_migrate import upgrade
from playwright.sync_api import Browser, Page, sync_playwright

from app import create_app
from app.camera.spec import DEFAULT_STUDENTS
from app.demo import shares
from app.purpose import Ground, Purpose
from app.role import Role
from app.store import (
    audit_queries,
    lecture_queries,
    link_queries,
    minute_queries,
    note_queries,
    room_queries,
    timetable_queries,
    user_queries,
)
from app.store.audit_queries import AuditAction
from app.store.counted_minute import CountedMinute
from app.store.tables import Poll, PulseMinute, Room, db
from tests.browser import LAUNCH, close, sign_in
from tests.pulse_telephones import Telephone
from tests.server import PASSWORD, PROJECT, Server, wait_for

FOLDER = PROJECT / "docs" / "screenshots"
READS_EXPRESSIONS = {"purpose": Purpose.EXPRESSIONS, "ground": Ground.OUTSIDE_EU}
LAPTOP = {"width": 1366, "height": 768}
PHONE = {"width": 390, "height": 844}


LOOKS = {
    "en": (("", "light", LAPTOP), ("-dark", "dark", LAPTOP), ("-phone", "light", PHONE)),
    "de": (("-german", "light", LAPTOP), ("-german-phone", "light", PHONE)),
}


def main() -> None:
    """Start a server for each language, visit its pages, save pictures."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(**LAUNCH)
        for language, looks in LOOKS.items():
            settings = {"ROOM": "Room 7", "TIMEZONE": "Europe/Berlin", "LANGUAGE": language}
            server = Server(Path(folder) / language, settings)
            make_up_lectures(server)
            make_up_people(server)
            server.start()
            try:
                wait_for(lambda here=server: here.get("/api/v1/now").status == 200)
                for suffix, scheme, viewport in looks:
                    page = browser.new_page(color_scheme=scheme, viewport=viewport, locale=language)
                    visit(page, server, suffix)
                    close(page.context)
            finally:
                server.stop()
        visit_school(browser, Path(folder) / "school")
        visit_pulse(browser, Path(folder) / "pulse")


def visit_school(browser: Browser, folder: Path) -> None:
    """Take a picture of the wall, in a school with three rooms of which one is dark."""
    server = Server(folder, {"ROOM": "Room 7", "TIMEZONE": "Europe/Berlin"})
    server.start()
    try:
        page = browser.new_page(viewport=LAPTOP, locale="en")
        sign_in(page, server)
        make_up_rooms(server)
        page.goto(f"{server.url}/rooms")
        page.wait_for_timeout(20_000)  # a monitor starts, and the small pictures follow one another
        page.screenshot(path=FOLDER / "rooms.png", full_page=True)
        close(page.context)
    finally:
        server.stop()


def visit_pulse(browser: Browser, folder: Path) -> None:
    """Take pictures of a room without a camera: live page, wall screen, telephones, settings and report."""
    server = Server(folder, {"ROOM": "Room 7", "TIMEZONE": "Europe/Berlin"})
    lecture_id = make_up_pulse(server)
    server.start()
    try:
        page = browser.new_page(viewport=LAPTOP, locale="en")
        sign_in(page, server)
        server.get("/api/v1/lectures", method="POST", send={"title": "Decimals"})
        code = wait_for(lambda: (found := server.get("/api/v1/pulse")).status == 200 and found.json["code"])
        for number, telephone in enumerate(Telephone(server.url, code) for _ in range(18)):
            telephone.say(("clear", "lost", "clear", "too_fast", "clear", "too_slow")[number % 6])
        telephone.ask("Why do we turn the second fraction over?")
        page.wait_for_timeout(2000)
        for name, path in (
            ("live", "/"),
            ("screen", "/screen"),
            ("settings", "/settings"),
            ("notice", "/notice"),
            ("report", f"/lectures/{lecture_id}"),
        ):
            page.goto(server.url + path)
            page.wait_for_timeout(1500)
            page.screenshot(path=FOLDER / f"pulse-{name}.png", full_page=True)
        for suffix, locale, scheme in (("", "en", "light"), ("-german", "de", "dark")):
            telephone = browser.new_page(viewport=PHONE, locale=locale, color_scheme=scheme)
            telephone.goto(f"{server.url}/p/{code}")
            telephone.locator("button.is-lost").click()
            telephone.wait_for_timeout(1000)
            telephone.screenshot(path=FOLDER / f"pulse-phone{suffix}.png", full_page=True)
            close(telephone.context)
        close(page.context)
    finally:
        server.stop()


def make_up_pulse(server: Server) -> int:
    """Put a lecture without a camera into the database, in which more were lost towards the end."""
    app = create_app(server.environment, Path(server.environment["HOME"]) / "instance")
    start = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(hours=2)
    with app.app_context():
        upgrade()
        room = room_queries.get_or_create_room("Room 7")
        room_queries.change_room(room, told_at=start, purpose=Purpose.PULSE, pulse_on_screen=True)
        lecture = lecture_queries.start_lecture(
            room, "Fractions", "Mathematics 6a", start, purpose=Purpose.PULSE
        )
        for number in range(34):
            lost = round(2 + 8 * math.exp(-(((number - 26) / 3) ** 2)))
            counts = {"clear": 17 - lost, "lost": lost, "too_fast": 1 + (number > 20), "too_slow": 1}
            minute = start + timedelta(minutes=number)
            said = counts if number > 1 else {}  # too few at first
            db.session.add(PulseMinute(lecture_id=lecture.id, minute=minute, minimum_group=5, **said))
        poll = {"text": "Is 2/3 more than 3/5?", "answers": ["yes", "no"], "counts": [13, 5]}
        asked_at, ended_at = (start + timedelta(minutes=minutes) for minutes in (12, 14))
        db.session.add(
            Poll(lecture_id=lecture.id, asked_at=asked_at, ended_at=ended_at, is_shown=True, **poll)
        )
        lecture_queries.end_lecture(lecture, start + timedelta(minutes=34))
        return lecture.id


def make_up_rooms(server: Server) -> None:
    """Add two rooms, one with a camera that does not answer, and begin lectures."""
    app = create_app(server.environment, Path(server.environment["HOME"]) / "instance")
    begun = datetime.now(UTC) - timedelta(minutes=12)
    with app.app_context():
        rooms = [room_queries.get_or_create_room("Room 7")]
        for name, camera in (("Lab 2", "demo?students=9"), ("Room 10", "rtsp://192.0.2.10/stream")):
            rooms.append(room_queries.create_room(name, camera=camera))
        for room, title in zip(rooms, ("Fractions", "Acids"), strict=False):
            room_queries.change_room(room, told_at=begun, **READS_EXPRESSIONS)
            lecture_queries.start_lecture(room, title, "", begun)


def visit(page: Page, server: Server, suffix: str) -> None:
    """Take a picture of each page; in other looks than the first one only of the three that matter most."""

    def shoot(name: str) -> None:
        if not suffix or name in ("live", "report", "timetable"):
            page.screenshot(
                path=FOLDER / f"{name}{suffix}.png", full_page=name != "try"
            )  # a card for each face

    page.set_default_timeout(180_000)  # a busy machine tries a picture for long
    page.goto(f"{server.url}/sign-in")
    shoot("sign-in")
    sign_in(page, server)
    wait_for(lambda: is_read_right(server), 120)
    page.wait_for_timeout(1000)
    shoot("live")
    page.goto(f"{server.url}/try")
    picture = server.get("/snapshot.jpg").body
    page.set_input_files("#file", {"name": "class.jpg", "mimeType": "image/jpeg", "buffer": picture})
    page.locator(".why summary").first.click()
    page.locator(".why .map").first.wait_for()
    shoot("try")
    page.goto(f"{server.url}/settings")
    shoot("settings")
    page.goto(f"{server.url}/timetable")
    shoot("timetable")
    page.goto(f"{server.url}/settings/areas")
    page.wait_for_timeout(2500)
    shoot("areas")
    page.goto(f"{server.url}/?view=picture")
    page.wait_for_timeout(1500)
    shoot("picture")
    page.goto(f"{server.url}/?view=screen")
    page.wait_for_timeout(2500)
    shoot("screen")
    page.goto(f"{server.url}/lectures")
    shoot("lectures")
    page.get_by_role("link", name="Fractions").click()
    page.wait_for_timeout(1000)
    shoot("report")
    page.goto(f"{server.url}/lectures/compare?a=2&b=3")
    shoot("compare")
    page.goto(f"{server.url}/courses/Mathematics 6a")
    shoot("course")
    for name in ("people", "account", "audit"):
        page.goto(f"{server.url}/{name}")
        shoot(name)
    page.goto(f"{server.url}/notice")
    shoot("notice")
    page.goto(f"{server.url}/model")
    shoot("model")
    page.goto(f"{server.url}/lectures/999")
    shoot("error")


def is_read_right(server: Server) -> bool:
    """Whether the labels agree with the drawn classroom: they follow by a second when its mood changes."""
    now, read = datetime.now(UTC), server.get("/api/v1/now").json
    shown = shares(now - timedelta(seconds=3), now, DEFAULT_STUDENTS)
    return (
        read["shares"] is not None
        and sum(abs(read["shares"][emotion] - share) for emotion, share in shown.items()) < 0.25
    )


def make_up_lectures(server: Server) -> None:
    """Put lectures with a gap and a minute below the minimum group, and a timetable, into the database."""
    app = create_app(server.environment, Path(server.environment["HOME"]) / "instance")
    start = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(hours=3)
    with app.app_context():
        upgrade()
        room = room_queries.get_or_create_room("Room 7")
        room_queries.change_room(room, told_at=start, **READS_EXPRESSIONS)
        for day, title in enumerate(("Percentages", "Decimals", "Fractions")):
            begin = start - timedelta(days=2 - day)
            lecture = lecture_queries.start_lecture(room, title, "Mathematics 6a", begin)
            for number in range(34):
                if number not in (20, 21, 22):
                    minute_queries.save_minute(room, made_up(begin, number, lecture.id), minimum_group=5)
            lecture_queries.end_lecture(lecture, begin + timedelta(minutes=34))
            for number, text in ((3, "homework"), (12, "worked example"), (25, "exercise in pairs")):
                note_queries.add_note(lecture, begin + timedelta(minutes=number), text, begin)
        make_up_timetable(room)
        for number in range(6, 21):  # the last quarter of an hour, for the live page
            minute = made_up(start + timedelta(hours=3, minutes=-21), number, lecture_id=None)
            minute_queries.save_minute(room, minute, minimum_group=5)


def make_up_people(server: Server) -> None:
    """Put a small school into the server's database: three teachers, a wall screen, and what they did."""
    app = create_app(server.environment, Path(server.environment["HOME"]) / "instance")
    now = datetime.now(UTC)
    firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
    with app.app_context():
        admin = user_queries.set_password("admin", PASSWORD, administrator=True)
        for name in ("Anna Berg", "Ben Okafor", "Clara Lindqvist"):
            user = user_queries.set_password(name, PASSWORD)
            user_queries.start_sign_in(user, now - timedelta(hours=len(name)), firefox, "192.168.7.21")
        user_queries.set_role(user_queries.set_password("Wall screen, hall", PASSWORD), Role.VIEWER)
        link_queries.create_invitation(Role.TEACHER, None, admin, now)
        user_queries.start_sign_in(admin, now - timedelta(hours=30), firefox, "192.168.7.12")
        key_ends = now + timedelta(days=365)
        user_queries.create_token(admin, now, "timetable import", expires_at=key_ends)
        user_queries.create_token(admin, now, "weekly figures", is_read_only=True)
        room_id = room_queries.get_or_create_room("Room 7").id
        made_up_entries = (
            (AuditAction.SIGNED_IN, "", "Anna Berg", None),
            (AuditAction.LECTURE_STARTED, "3", "Anna Berg", room_id),
            (AuditAction.ROOM_PAUSED, "", "Ben Okafor", room_id),
            (AuditAction.ROOM_RESUMED, "", "Ben Okafor", room_id),
            (AuditAction.LECTURE_ENDED, "3", "Anna Berg", room_id),
            (AuditAction.LECTURE_EXPORTED, "3 pdf", "Anna Berg", room_id),
            (AuditAction.SIGN_IN_FAILED, "", "Ben Okafor", None),
            (AuditAction.ROLE_CHANGED, "Wall screen, hall: viewer", "admin", None),
            (AuditAction.SETTINGS_CHANGED, "minimum_group, contact", "admin", room_id),
        )
        entries = []
        for number, (action, subject, who, room) in enumerate(made_up_entries):
            at = now - timedelta(minutes=90 - 7 * number)
            entries.append(audit_queries.entry(action, subject, who, "192.168.7.21", room, at))
        audit_queries.add_entries(entries)


def make_up_timetable(room: Room) -> None:
    """Plan lessons for five days of the week; one that takes place now does not begin."""
    room_queries.change_room(room, planned_until=datetime.now(UTC))
    lessons = (
        (time(8), time(8, 45), "Fractions", "Mathematics 6a"),
        (time(8, 50), time(9, 35), "Photosynthesis", "Biology 7b"),
        (time(10), time(11, 30), "Macbeth", "English 9c"),
        (time(13), time(13, 45), "Electricity", "Physics 8a"),
    )
    for weekday in range(5):
        for number, (begins, ends, title, course) in enumerate(lessons):
            if (weekday + number) % 3:
                columns = {
                    "weekday": weekday,
                    "begins": begins,
                    "ends": ends,
                    "title": title,
                    "course": course,
                }
                timetable_queries.store_line(room, None, **columns)


def made_up(begin: datetime, number: int, lecture_id: int | None) -> CountedMinute:
    """A minute of a class that laughs after a quarter of an hour and is puzzled towards the end."""
    faces = 3 if number == 0 else 11 + 2 * math.sin(number / 4)
    laugh = 0.55 * math.exp(-(((number - 13) / 3.5) ** 2))
    puzzle = 0.32 * math.exp(-(((number - 28) / 3) ** 2))
    weights = [0.03, 0.01, 0.02, 0.08 + laugh, 0.05, 0.04 + puzzle, 0.6 - laugh / 2 - puzzle / 2, 0.14]
    seconds = 60 * faces
    spans = tuple((faces >= 5) * seconds * weight / sum(weights) for weight in weights)
    return CountedMinute(
        begin + timedelta(minutes=number), lecture_id, 60, 300, math.ceil(faces), seconds, spans
    )


if __name__ == "__main__":
    main()
