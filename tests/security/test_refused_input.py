"""What can't be stored or read is refused with a 4xx, on both databases, and never a crash."""

import re
from io import BytesIO

import pytest

from tests.forms import csrf_of
from tests.test_api import problem

HTML = {"Accept": "text/html"}
HALF_AN_EMOJI = '"\\ud83d"'
NUL = '"a\\u0000b"'


@pytest.fixture
def app(make_app, database_url):
    """An application on SQLite and on PostgreSQL."""
    return make_app(DATABASE_URL=database_url)


@pytest.fixture
def lecture(api) -> str:
    """The path of a lecture that runs."""
    return f"/api/v1/lectures/{api.post('/api/v1/lectures', json={'title': 'Algebra'}).json['id']}"


@pytest.fixture
def browser(app, token):
    """Somebody who has signed in."""
    client = app.test_client()
    page = client.get("/sign-in").text
    form = {"name": "anna", "password": "a long password", "csrf_token": csrf_of(page)}
    assert client.post("/sign-in", data=form).status_code == 302
    return client


@pytest.mark.parametrize("number", [10**9 - 1, 10**9, 2**31, 2**63, 10**30, int("9" * 4000)])
def test_a_number_beyond_the_database_s_names_nothing(api, lecture, number):
    for path in ("/api/v1/lectures/{}", "/lectures/{}", "/lectures/{}/report.csv", lecture + "/notes/{}"):
        method = api.delete if "notes" in path else api.get
        assert method(path.format(number)).status_code == 404
    assert api.post(f"{lecture[: lecture.rindex('/')]}/{number}/notes", json={"text": "A"}).status_code == 404


@pytest.mark.parametrize("number", ["2147483648", "9223372036854775808", "9" * 5000, "-1", "x"])
def test_a_number_beyond_the_database_s_is_no_place_to_go_on_from(api, number):
    assert api.get(f"/lectures?after={number}").status_code == 404
    assert problem(api.get(f"/api/v1/lectures?cursor={number}"))["status"] == 422
    assert api.get(f"/lectures/compare?a={number}&b=1").status_code == 400
    assert api.get(f"/stream.mjpg?fps={number}").status_code == 400


def test_a_cursor_with_a_number_beyond_the_database_s_is_refused(api):
    cursor = "MCA5OTk5OTk5OTk5OTk5OTk5OTk5OTk="  # 0 9999999999999999999999
    assert problem(api.get(f"/api/v1/minutes?cursor={cursor}"))["status"] == 422


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+05:00", "9999-12-31T23:59:59-05:00"])
def test_a_moment_at_the_ends_of_time_is_refused(api, lecture, moment):
    moment_in_query = moment.replace("+", "%2B")
    assert "from" in problem(api.get(f"/api/v1/minutes?from={moment_in_query}"))["detail"]
    assert "at" in problem(api.post(f"{lecture}/notes", json={"at": moment, "text": "x"}))["detail"]


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
def test_the_ends_of_time_themselves_can_be_asked_for(api, moment):
    assert api.get(f"/api/v1/minutes?from={moment}").status_code == 200
    assert api.get(f"/api/v1/minutes?to={moment}").status_code == 200


def test_a_number_where_a_moment_is_due_is_refused(api, lecture):
    assert problem(api.post(f"{lecture}/notes", json={"at": 5, "text": "x"}))["status"] == 422


@pytest.mark.parametrize("text", [HALF_AN_EMOJI, NUL])
def test_text_that_can_not_be_stored_is_refused_in_json(api, lecture, text):
    for method, path, body in (
        ("POST", "/api/v1/lectures", '{"title": %s}'),
        ("PATCH", lecture, '{"course": %s}'),
        ("PATCH", lecture, '{%s: "x"}'),
        ("POST", f"{lecture}/notes", '{"text": %s}'),
    ):
        answer = api.open(path, method=method, data=body % text, content_type="application/json")
        assert 400 <= problem(answer)["status"] < 500
    assert api.get(lecture).json["title"] == "Algebra"


def test_nul_is_refused_in_addresses_queries_and_forms(api, browser):
    for path in ("/lectures?q=%00", "/lectures?course=%00", "/api/v1/minutes?room=%00", "/lectures/%00"):
        assert api.get(path).status_code in (400, 404)
        assert api.get(path, headers=HTML).status_code in (400, 404)
    form = {"title": "a\0b", "csrf_token": csrf_of(browser.get("/").text)}
    assert browser.post("/lectures", data=form, headers=HTML).status_code == 400


@pytest.mark.parametrize(
    "body",
    ["[" * 50_000, "[" * 30_000 + "]" * 30_000, '{"title":' + "9" * 6000 + "}", '"\\ud83d"', "\udcff", "7"],
)
def test_json_that_can_not_be_read_is_refused(api, lecture, body):
    for path in ("/api/v1/lectures", f"{lecture}/notes"):
        data = body.encode(errors="surrogateescape")
        answer = api.post(path, data=data, content_type="application/json")
        assert 400 <= problem(answer)["status"] < 500


def test_a_file_where_text_is_due_is_refused(browser, lecture):
    csrf_token = csrf_of(browser.get("/").text)
    number = lecture.rpartition("/")[2]
    for path in ("/lectures", f"/lectures/{number}/notes", "/sign-in", "/language"):
        names = ("title", "course", "name", "password", "time", "text", "language")
        files = {name: (BytesIO(b"text"), "text.txt") for name in names}
        form = {**files, "csrf_token": csrf_token}
        assert browser.post(path, data=form, content_type="multipart/form-data").status_code == 400


def test_a_page_s_form_sent_as_json_is_refused(browser):
    headers = {"X-CSRFToken": csrf_of(browser.get("/").text)}
    for body in ({"title": 5}, [], [[1]], "x"):
        assert browser.post("/lectures", json=body, headers=headers).status_code == 400


@pytest.mark.parametrize(
    "target",
    [
        "http://[x",
        "//[x",
        "/[x",
        "/a\r\nSet-Cookie: a=b",
        "/\t/evil.example",
        "/\\evil.example",
        "/a\0",
        "/é",
        "/a b",
    ],
)
def test_signing_in_survives_any_address_to_go_on_to(app, token, target):
    client = app.test_client()
    form = {"name": "anna", "password": "a long password", "csrf_token": csrf_of(client.get("/sign-in").text)}
    answer = client.post("/sign-in", query_string={"next": target}, data=form)
    if "\0" in target:
        assert answer.status_code == 400
    else:
        assert answer.status_code == 302
        assert re.match(r"/(?![/\\])", answer.location)
        assert "evil" not in answer.location


def test_a_change_that_is_refused_changes_nothing(api, lecture):
    assert api.patch(lecture, json={"ended_at": "now"}).status_code == 200
    refused = api.patch(lecture, json={"title": "Other", "course": "7b", "ended_at": "now"})
    assert problem(refused)["status"] == 409
    assert (api.get(lecture).json["title"], api.get(lecture).json["course"]) == ("Algebra", "")


def test_a_stranger_s_change_answers_401(app):
    client = app.test_client()
    for method, path in (
        ("POST", "/api/v1/lectures"),
        ("PATCH", "/api/v1/lectures/1"),
        ("DELETE", "/api/v1/lectures/1"),
        ("POST", "/pause"),
        ("POST", "/lectures/1/rename"),
        ("POST", "/sign-out"),
    ):
        assert client.open(path, method=method).status_code == 401
        assert client.open(path, method=method, headers=HTML).status_code == 401
