"""The pages of lectures: forms with a client, the chart in a real browser."""

import re
import threading
from datetime import UTC, datetime, time, timedelta
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import expect
from sqlalchemy import event

from app.store import lecture_queries, minute_queries, note_queries, room_queries, user_queries
from app.store.counted_minute import CountedMinute
from app.store.tables import db
from app.web.pages.lectures_page import PAGE_SIZE
from app.web.pages.report_page import moment_of
from tests.browser import close
from tests.forms import csrf_of
from tests.server import PASSWORD

START = datetime(2026, 11, 20, 9, 30, 20, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
HTML = {"Accept": "text/html"}


@pytest.fixture
def app(make_app):
    """An application with an administrator, in Berlin."""
    app = make_app(TIMEZONE="Europe/Berlin")
    with app.app_context():
        user_queries.set_password("admin", PASSWORD)
    return app


def add_lecture(app, title: str = "Fractions", course: str = "6a", minutes: int = 30, days: int = 0) -> int:
    """A lecture that smiles in its minutes 10 to 12 and has no camera in 20 and 21."""
    with app.app_context():
        room = room_queries.get_or_create_room("Room 7")
        start = START + timedelta(days=days)
        lecture = lecture_queries.start_lecture(room, title, course, start)
        for number in range(minutes):
            happy = 0.6 if number in (10, 11, 12) else 0.05
            spans = tuple(1080 * share for share in (0.02, 0, 0.01, happy, 0.02, 0.02, 0.83 - happy, 0.1))
            minute = start.replace(second=0) + timedelta(minutes=number)
            if number not in (20, 21):
                counted = CountedMinute(minute, lecture.id, 60, 300, 20, 1080, spans)
                minute_queries.save_minute(room, counted, minimum_group=5)
        lecture_queries.end_lecture(lecture, start + timedelta(minutes=minutes))
        return lecture.id


@pytest.fixture
def client(app):
    """Somebody who has signed in."""
    client = app.test_client()
    form = {"name": "admin", "password": PASSWORD, "csrf_token": csrf_of(client.get("/sign-in").text)}
    assert client.post("/sign-in", data=form).status_code == 302
    return client


def send(client, path: str, **fields):
    """Send a form as the report page does."""
    page = client.get(re.sub(r"(/lectures/\d+).*", r"\1", path)).text
    return client.post(path, data={"csrf_token": csrf_of(page), **fields}, headers=HTML)


def test_a_lecture_is_renamed(app, client):
    path = f"/lectures/{add_lecture(app)}"
    assert send(client, f"{path}/rename", title=" Halves & <thirds> ", course="6b").location == path
    assert "<h1>Halves &amp; &lt;thirds&gt;</h1>" in client.get(path).text


def test_the_form_shows_what_the_lecture_is_called(app, client):
    """Both fields used to be empty, so whoever saved a new title lost the course."""
    page = client.get(f"/lectures/{add_lecture(app)}").text
    fields = dict(re.findall(r'<input [^>]*name="(title|course)"[^>]*value="([^"]*)"', page))
    assert fields == {"title": "Fractions", "course": "6a"}


@pytest.mark.parametrize("title", ["", "   ", "x" * 201, "two\nlines"])
def test_an_absurd_title_is_refused_and_nothing_is_lost(app, client, title):
    path = f"/lectures/{add_lecture(app)}"
    answer = send(client, f"{path}/rename", title=title, course="6a")
    assert answer.status_code == 400
    assert 'aria-invalid="true"' in answer.text
    assert "<h1>Fractions</h1>" in answer.text


def test_a_note_is_added_by_the_clock_on_the_wall_and_deleted(app, client):
    path = f"/lectures/{add_lecture(app)}"
    answer = send(client, f"{path}/notes", time="10:39", text="worked <b>example</b>")
    assert answer.location == f"{path}#notes"
    page = client.get(path).text
    assert "worked &lt;b&gt;example&lt;/b&gt;" in page
    assert "most smiles at 10:40 after “worked &lt;b&gt;example&lt;/b&gt;”" in page
    assert send(client, f"{path}/notes/1/delete").location == f"{path}#notes"
    assert "was deleted" in client.get(path).text
    assert "worked" not in client.get(path).text
    assert send(client, f"{path}/notes/1/delete").status_code == 404


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"time": "12:00", "text": "late"}, "the lecture lasted from 10:30 to 11:00"),
        ({"time": "noon", "text": "late"}, "Not a valid time"),
        ({"time": "10:40", "text": " "}, "Enter a note"),
        ({"time": "10:40", "text": "x" * 501}, "longer than 500"),
    ],
)
def test_an_impossible_note_is_refused_with_what_was_wrong(app, client, fields, says):
    answer = send(client, f"/lectures/{add_lecture(app)}/notes", **fields)
    assert answer.status_code == 400
    assert says.lower() in answer.text.lower()


def test_the_clock_s_minute_begins_with_the_lecture_and_may_lie_past_midnight():
    late = datetime(2026, 11, 20, 22, 50, 30, tzinfo=UTC)  # 23:50:30 in Berlin
    end = late + timedelta(minutes=30)
    assert moment_of(time(23, 50), late, end, BERLIN) == late
    assert moment_of(time(0, 10), late, end, BERLIN) == datetime(2026, 11, 20, 23, 10, tzinfo=UTC)
    with pytest.raises(note_queries.NoteError):
        moment_of(time(0, 21), late, end, BERLIN)


def test_a_note_in_the_hour_that_a_clock_change_repeats_goes_to_its_lecture():
    for hour in (0, 1):  # both are 2 o'clock in Berlin
        start = datetime(2026, 10, 25, hour, 10, tzinfo=UTC)
        at = moment_of(time(2, 30), start, start + timedelta(minutes=45), BERLIN)
        assert at == start + timedelta(minutes=20)


def test_a_lecture_that_is_renamed_keeps_the_course_that_was_not_sent(app, client):
    lecture_id = add_lecture(app)
    path = f"/lectures/{lecture_id}"
    assert send(client, f"{path}/rename", title="Halves").location == path
    assert client.get(f"/api/v1{path}").json["course"] == "6a"
    assert send(client, f"{path}/rename", title="Halves", course="").location == path
    assert client.get(f"/api/v1{path}").json["course"] == ""


def test_a_wrong_time_is_refused_in_the_reader_s_language(app, client):
    path = f"/lectures/{add_lecture(app)}"
    client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "de"
    page = send(client, f"{path}/notes", time="25:99", text="x").text
    assert "Keine gültige Uhrzeit" in page


def test_a_report_says_that_its_last_seconds_are_still_to_come(app, client):
    with app.app_context():
        room, now = room_queries.get_or_create_room("Room 7"), datetime.now(UTC)
        lecture = lecture_queries.start_lecture(room, "Fractions", "", now - timedelta(minutes=1))
        lecture_queries.end_lecture(lecture, now)
        path = f"/lectures/{lecture.id}"
    page = client.get(path).text
    assert "still being written" in page
    assert 'http-equiv="refresh"' in page
    assert "still being written" not in client.get(f"/lectures/{add_lecture(app)}").text


def test_the_live_page_may_send_notes_with_its_session(app, client):
    lecture = add_lecture(app)
    body = {"at": "2026-11-20T09:40:00Z", "text": "worked example"}
    headers = {"X-CSRFToken": csrf_of(client.get(f"/lectures/{lecture}").text)}
    path = f"/api/v1/lectures/{lecture}/notes"
    assert client.post(path, json=body).status_code == 400, "another site's page has no such header"
    assert client.post(path, json=body, headers=headers).status_code == 201


def test_deleting_asks_first_and_says_what_goes(app, client):
    path = f"/lectures/{add_lecture(app)}"
    send(client, f"{path}/notes", time="10:39", text="worked example")
    asked = client.get(f"{path}/delete").text
    assert "28 minutes and 1 note." in " ".join(asked.split())
    assert client.get(path).status_code == 200, "asking deletes nothing"
    assert send(client, f"{path}/delete").location == "/lectures"
    assert client.get(path).status_code == 404


def test_forms_of_another_site_change_nothing(app, client):
    path = f"/lectures/{add_lecture(app)}"
    for action in ("rename", "notes", "delete", "notes/1/delete"):
        assert client.post(f"{path}/{action}", data={"title": "x"}).status_code == 400
    assert client.get(path).status_code == 200


def test_lectures_are_found_by_words_and_course(app, client):
    add_lecture(app, "Fractions", "6a")
    add_lecture(app, "100 % of cells", "7b", days=1)
    page = client.get("/lectures").text
    assert page.index("100 % of cells") < page.index("Fractions"), "newest first"
    assert "Fractions" not in client.get("/lectures?q=CELLS").text
    assert "Fractions" not in client.get("/lectures?q=%25").text, "% is a sign like others"
    assert "100 % of cells" not in client.get("/lectures?course=6a").text
    assert "No lectures found" in client.get("/lectures?q=poetry").text


def test_lectures_are_found_by_day_on_the_clock_of_the_school(app, client):
    add_lecture(app, "Fractions")
    add_lecture(app, "At night", days=14 / 24)  # half past midnight in Berlin, still the day before in UTC
    add_lecture(app, "Decimals", days=2)
    shown = {
        query: [title for title in ("Fractions", "At night", "Decimals") if title in client.get(query).text]
        for query in (
            "/lectures?from=2026-11-21",
            "/lectures?to=2026-11-20",
            "/lectures?from=2026-11-21&to=2026-11-21",
        )
    }
    assert list(shown.values()) == [["At night", "Decimals"], ["Fractions"], ["At night"]]
    page = client.get("/lectures?from=2026-11-21").text
    assert 'name="from" type="date" value="2026-11-21"' in page
    for day in ("yesterday", "2026-11-31", "9999-12-31"):
        answer = client.get(f"/lectures?to={day}", headers=HTML)
        assert answer.status_code == 422
        assert f"{day} is no day such as 2026-11-20." in answer.text


def test_lectures_are_found_by_teacher_where_there_are_several(app, client):
    add_lecture(app, "Fractions")
    assert "All teachers" not in client.get("/lectures").text
    with app.app_context():
        for number, name in enumerate(("Anna Berg", "Bert Kraus")):
            lecture = lecture_queries.find_lecture(add_lecture(app, f"Of {name}", days=1 + number))
            lecture.owner = user_queries.set_password(name, PASSWORD)
            db.session.commit()
    page = client.get("/lectures?owner=Bert Kraus").text
    assert "Of Bert Kraus" in page
    assert "Of Anna Berg" not in page
    assert "<option selected>Bert Kraus</option>" in page


def test_the_list_has_pages_and_a_sparkline_a_lecture(app, client):
    for number in range(PAGE_SIZE + 1):
        add_lecture(app, f"Lesson {number:02}", minutes=2, days=number)
    page = client.get("/lectures?course=6a").text
    assert page.count('class="spark"') == page.count('<path class="is-neutral"') == PAGE_SIZE
    older = re.search(r'href="(/lectures\?after[^"]+)"', page).group(1).replace("&amp;", "&")
    assert "course=6a" in older
    assert "Lesson 00" in client.get(older).text


def test_a_note_is_found_and_shown_with_its_lecture(app, client):
    path = f"/lectures/{add_lecture(app)}"
    add_lecture(app, "Decimals", days=1)
    send(client, f"{path}/notes", time="10:39", text="worked example")
    page = client.get("/lectures?q=WORKED").text
    assert "10:39 “worked example”" in page
    assert "Decimals" not in page
    send(client, f"{path}/notes/1/delete")
    assert "No lectures found" in client.get("/lectures?q=worked").text


def test_a_course_shows_its_lectures_and_the_mean_one(app, client):
    first, _ = add_lecture(app), add_lecture(app, "Decimals", minutes=20, days=7)
    add_lecture(app, "Photosynthesis", "7b", days=1)
    assert 'href="/courses?name=6a"' in client.get(f"/lectures/{first}").text
    page = client.get("/courses?name=6a").text
    assert "Decimals" in page
    assert "Photosynthesis" not in page
    assert "<title>2026-11-20 · Fractions: " in page
    assert "2 lectures" in page
    assert client.get("/courses?name=8c", headers=HTML).status_code == 404


def test_a_course_with_expressions_shows_no_faces_by_themselves(app, client):
    add_lecture(app)
    assert "Faces, lecture by lecture" not in client.get("/courses?name=6a").text


def test_two_lectures_are_compared_side_by_side(app, client):
    one, two = add_lecture(app, "Fractions"), add_lecture(app, "Decimals", days=1)
    assert f'<option value="{two}">' in client.get(f"/lectures/{one}").text
    page = client.get(f"/lectures/compare?a={one}&b={two}").text
    assert "Fractions" in page
    assert "Decimals" in page
    assert client.get(f"/lectures/compare?a={one}&b=99", headers=HTML).status_code == 404
    assert "Name the two" in client.get(f"/lectures/compare?a={one}&b=x", headers=HTML).text


def test_the_page_of_an_hour_asks_for_minutes_once_and_notes_once(app, client):
    path = f"/lectures/{add_lecture(app, minutes=60)}"
    asked = []
    with app.app_context():
        engine = db.engine

    def listen(_connection, _cursor, statement, *_):
        asked.append(statement)

    event.listen(engine, "before_cursor_execute", listen)
    client.get(path)
    event.remove(engine, "before_cursor_execute", listen)
    for table in ("minute", "note"):
        assert sum(f"FROM {table}" in statement for statement in asked) == 1


# in a real browser


class _Threaded(ThreadingMixIn, WSGIServer):
    """Python's own server: Werkzeug's leaves a file open if a browser hangs up during a download."""

    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def page(app, client, chromium):
    """Chromium at `page.server`, signed in as `client` is. Errors of scripts and policies fail the test."""
    server = make_server("127.0.0.1", 0, app, _Threaded, _Quiet)
    server.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    errors = []
    page = chromium.new_page(viewport={"width": 1280, "height": 900})
    page.server = server
    session = client.get_cookie(app.config["SESSION_COOKIE_NAME"])
    page.context.add_cookies([{"name": session.key, "value": session.value, "url": server.url}])
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    yield page
    close(page.context)
    server.shutdown()
    server.server_close()
    assert errors == []


def test_the_chart_tells_the_minute_under_the_pointer_and_zooms(app, page):
    lecture = add_lecture(app)
    with app.app_context():
        note_queries.add_note(
            lecture_queries.find_lecture(lecture), START + timedelta(minutes=10), "worked <i>", START
        )
    page.goto(f"{page.server.url}/lectures/{lecture}")
    plot, readout = page.locator(".minute-plot"), page.locator(".readout")
    over = plot.bounding_box()

    def point(minute: float) -> tuple[float, float]:
        # half an hour that begins within a minute touches 31 of them
        return over["x"] + over["width"] * minute / 31, over["y"] + over["height"] / 2

    def times() -> list[str]:
        return page.locator(".ticks text").all_text_contents()

    assert times() == list(dict.fromkeys(times()))
    page.mouse.move(*point(10.7))
    expect(page.locator(".readout-time")).to_have_text("10:40")
    expect(readout).to_contain_text(re.compile(r"happy\s*60 %\s*\d+–\d+"))
    expect(page.locator(".readout-remark")).to_have_text("1 worked <i>")
    page.mouse.move(*point(20.5))
    expect(page.locator(".readout-remark")).to_have_text("no camera")
    expect(page.get_by_role("button", name="Show all")).to_be_hidden()
    page.mouse.move(*point(9.5))
    page.mouse.down()
    page.mouse.move(*point(12.5), steps=4)
    page.mouse.up()
    assert times() == ["10:39", "10:40", "10:41", "10:42", "10:43"], "whole minutes, each once"
    page.get_by_role("button", name="Show all").click()
    expect(page.get_by_role("button", name="Show all")).to_be_hidden()


def test_arrow_keys_walk_through_the_minutes_and_say_them(app, page):
    page.goto(f"{page.server.url}/lectures/{add_lecture(app)}")
    slider = page.get_by_role("slider")
    slider.press("End")
    slider.press("ArrowLeft")
    expect(page.locator(".readout-time")).to_have_text("10:59")
    assert slider.get_attribute("aria-valuetext").startswith("10:59, neutral 78 %")
    slider.press("+")
    expect(page.get_by_role("button", name="Show all")).to_be_visible()
    slider.press("Escape")
    expect(page.locator(".readout-time")).to_have_text("Whole lecture")


def test_a_finger_chooses_and_two_zoom(app, page):
    page.goto(f"{page.server.url}/lectures/{add_lecture(app)}")
    over = page.locator(".minute-plot").bounding_box()
    touch = page.context.new_cdp_session(page)

    def send_touch(kind: str, *parts: float) -> None:
        points = [
            {"x": over["x"] + over["width"] * part, "y": over["y"] + 50, "id": number}
            for number, part in enumerate(parts)
        ]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    send_touch("touchStart", 10.5 / 31)
    expect(page.locator(".readout-time")).to_have_text("10:40")
    send_touch("touchEnd")
    send_touch("touchStart", 0.4, 0.6)
    send_touch("touchMove", 0.1, 0.9)
    expect(page.get_by_role("button", name="Show all")).to_be_visible()
    send_touch("touchEnd")


def test_the_menu_holds_what_can_be_done_and_closes_at_escape(app, page):
    page.goto(f"{page.server.url}/lectures/{add_lecture(app)}")
    page.locator(".menu > summary").click()
    page.get_by_text("Rename", exact=True).click()
    expect(page.get_by_label("Title")).to_have_value("Fractions")
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="Delete this lecture")).to_be_hidden()


def test_a_note_is_written_and_the_lecture_deleted_by_hand(app, page):
    page.goto(f"{page.server.url}/lectures/{add_lecture(app)}")
    page.get_by_label("Time").fill("10:45")
    page.get_by_label("Note", exact=True).fill("exercise")
    page.get_by_role("button", name="Add note").click()
    expect(page.locator(".notes")).to_contain_text("1 10:45 exercise")
    with page.expect_download() as download:
        page.get_by_role("link", name="XLSX").click()
    assert download.value.suggested_filename == "aula_Fractions_2026-11-20_1030.xlsx"
    page.locator(".menu > summary").click()
    page.get_by_role("link", name="Delete this lecture").click()
    page.get_by_role("button", name="Delete it").click()
    expect(page.get_by_text("No lectures yet.")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("heading", name="Fractions")).to_be_visible()


@pytest.mark.parametrize("width", [390, 1280])
def test_no_page_is_wider_than_its_screen(app, page, width):
    add_lecture(app, "x" * 200, "y" * 200)
    add_lecture(app, "Fractions", days=1)
    page.set_viewport_size({"width": width, "height": 800})
    for path in ("/lectures", "/lectures/1", "/lectures/compare?a=1&b=2", "/courses?name=6a"):
        page.goto(page.server.url + path)
        page.wait_for_load_state("networkidle")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path


def test_on_paper_the_chart_is_there_without_its_controls(app, page):
    page.goto(f"{page.server.url}/lectures/{add_lecture(app)}")
    page.emulate_media(media="print")
    expect(page.locator(".minute-plot .band").first).to_be_visible()
    expect(page.locator(".views")).to_be_hidden()
    expect(page.locator(".menu")).to_be_hidden()


def test_one_by_one_every_expression_has_a_row(app, page):
    page.goto(f"{page.server.url}/lectures/{add_lecture(app)}")
    page.get_by_text("One by one").click()
    expect(page.locator(".row")).to_have_count(8)
    expect(page.locator(".minute-plot")).to_be_hidden()
