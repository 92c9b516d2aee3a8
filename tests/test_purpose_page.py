"""Set-up and Settings ask where a room is and what for; the audit and the notice say what was answered."""

import pytest

from app.purpose import Purpose
from app.store import audit_queries, lecture_queries, room_queries
from app.store.audit_queries import AuditFilter
from app.store.effective_settings import first_room
from tests.forms import csrf_of, signed_in_client
from tests.rooms import first_settings
from tests.test_presence import NOON

FILLED = {
    "kind": "demo",
    "minimum_group": "5",
    "retention_days": "365",
    "contact": "",
    "told": "y",
    "pulse_questions": "y",
}


@pytest.fixture
def administrator(app):
    return signed_in_client(app)


def fill_in(client, path: str = "/settings", **changes):
    form = {**FILLED, **changes, "csrf_token": csrf_of(client.get(path).text)}
    return client.post(path, data=form)


def subjects(app, action: str) -> list[str]:
    """What the audit says of an action, newest first."""
    with app.app_context():
        return [entry.subject for entry in audit_queries.newest_entries(AuditFilter(action=action))]


def test_set_up_asks_where_the_room_is_and_what_for(app, administrator):
    page = administrator.get("/setup/room").text
    assert "Article 5(1)(f) of Regulation (EU) 2024/1689" in page
    refused = fill_in(administrator, "/setup/room")
    assert refused.status_code == 400
    assert "Choose what the room is for." in refused.text
    assert fill_in(administrator, "/setup/room", purpose="presence").status_code == 302
    assert first_settings(app).purpose is Purpose.PRESENCE
    assert subjects(app, "purpose-chosen") == ["presence"]


@pytest.mark.parametrize("ground", ["outside-eu", "medical-or-safety", "research"])
def test_expressions_are_read_on_a_ground_that_the_audit_and_the_notice_name(app, administrator, ground):
    assert fill_in(administrator, "/setup/room", purpose=ground).status_code == 302
    assert first_settings(app).purpose is Purpose.EXPRESSIONS
    assert subjects(app, "purpose-chosen") == [f"expressions: {ground}"]
    assert "confirmed on what ground" in app.test_client().get("/notice").text


def test_nobody_reads_expressions_on_a_ground_that_is_none(app, administrator):
    for purpose in ("expressions", "because", ""):
        assert fill_in(administrator, "/setup/room", purpose=purpose).status_code == 400
    assert subjects(app, "purpose-chosen") == []


def test_an_administrator_changes_the_purpose_later(app, administrator):
    fill_in(administrator, "/setup/room", purpose="presence")
    assert fill_in(administrator, purpose="research").status_code == 302
    assert first_settings(app).purpose is Purpose.EXPRESSIONS
    fill_in(administrator, purpose="research")
    assert subjects(app, "purpose-chosen") == ["expressions: research", "presence"], "and not when it stays"


def test_who_saves_a_page_from_before_a_change_confirms_nothing(app, administrator):
    """Guards against an open page that turns presence into expressions, and signs for the ground."""
    fill_in(administrator, "/setup/room", purpose="research")
    fill_in(administrator, purpose="presence")
    stale = {"purpose": "research", "purpose_shown": "research", "contact": "office@school.example"}
    assert fill_in(administrator, **stale).status_code == 302
    assert first_settings(app).purpose is Purpose.PRESENCE
    assert first_settings(app).contact == "office@school.example"
    assert subjects(app, "purpose-chosen") == ["presence", "expressions: research"]


def test_the_purpose_of_a_room_with_a_running_lecture_is_not_changed(app, administrator):
    fill_in(administrator, "/setup/room", purpose="outside-eu")
    with app.app_context():
        lecture = lecture_queries.start_lecture(first_room(), "Algebra", "", NOON)
        refused = fill_in(administrator, purpose="presence")
        assert refused.status_code == 400
        assert "A lecture is running. End it before" in refused.text
        assert fill_in(administrator, purpose="research").status_code == 302, "another ground is none"
        lecture_queries.end_lecture(lecture, NOON)
    assert fill_in(administrator, purpose="presence").status_code == 302
    assert first_settings(app).purpose is Purpose.PRESENCE


def test_a_room_of_before_keeps_expressions_and_its_settings_are_saved_without_the_question(app):
    with app.app_context():
        room_queries.change_room(first_room(), told_at=NOON, purpose=Purpose.EXPRESSIONS)
    administrator = signed_in_client(app)
    assert "Nobody has said why reading expressions is allowed" in administrator.get("/settings").text
    assert fill_in(administrator, minimum_group="6").status_code == 302
    assert first_settings(app).purpose is Purpose.EXPRESSIONS
    assert subjects(app, "settings-changed") == ["minimum_group"]


def test_the_notice_of_a_presence_room_says_that_no_expression_is_read(app, administrator):
    fill_in(administrator, "/setup/room", purpose="presence")
    page = app.test_client().get("/notice").text
    assert "It reads no expression" in page
    assert "share of each expression" not in page


def test_the_audit_names_every_changed_setting_and_no_secret(app, administrator):
    fill_in(administrator, "/setup/room", purpose="outside-eu")
    secrets = {"address": "rtsp://user:pa55word@camera/1", "notify": "json://user:t0ken@example.org/x"}
    changes = {"kind": "network", "timezone": "Europe/Berlin", "language": "de", **secrets}
    with app.app_context():
        name = first_room().name
    assert fill_in(administrator, **changes).status_code == 302
    (newest, *_) = subjects(app, "settings-changed")
    assert set(newest.split(", ")) == {"camera", "timezone", "language", "notify"}
    page = administrator.get("/audit").text
    assert "pa55word" not in page
    assert "t0ken" not in page
    assert name


def test_the_audit_names_a_new_name(make_app):
    app = make_app(ROOM="")
    administrator = signed_in_client(app)
    fill_in(administrator, "/setup/room", purpose="outside-eu", room="Classroom")
    assert fill_in(administrator, room="Lab").status_code == 302
    assert subjects(app, "settings-changed")[0] == "name"


def test_a_new_room_has_its_own_purpose(app, administrator):
    assert fill_in(administrator, "/rooms/new", room="Lab 2").status_code == 400
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(app.extensions, "runner", Runner())
        assert fill_in(administrator, "/rooms/new", room="Lab 2", purpose="presence").status_code == 302
    with app.app_context():
        assert room_queries.find_room("Lab 2").purpose == Purpose.PRESENCE
    assert subjects(app, "purpose-chosen") == ["presence"]


def test_a_room_without_a_camera_is_set_up_and_says_so(app, administrator):
    assert fill_in(administrator, "/setup/room", purpose="pulse").status_code == 302
    assert first_settings(app).purpose is Purpose.PULSE
    assert first_settings(app).pulse
    assert subjects(app, "purpose-chosen") == ["pulse"]
    state = administrator.get("/api/v1/state").json
    assert (state["purpose"], state["camera"]["reason"]) == ("pulse", "no_camera")
    notice = administrator.get("/notice").text.partition("<main>")[2]
    assert "There is no camera of Aula in this room" in notice
    assert "Each picture" not in notice


def test_the_pulse_is_added_to_a_room_with_a_camera(app, administrator):
    fill_in(administrator, "/setup/room", purpose="presence", pulse="y")
    assert first_settings(app).purpose is Purpose.PRESENCE
    assert first_settings(app).pulse
    fill_in(administrator, pulse="y", pulse_on_screen="y")
    assert subjects(app, "settings-changed")[0] == "pulse_on_screen"
    assert "Your telephone gets a random number" in administrator.get("/notice").text


@pytest.mark.parametrize("purpose", ["presence", "pulse"])
def test_where_no_room_reads_expressions_no_page_offers_them(app, administrator, purpose):
    fill_in(administrator, "/setup/room", purpose="outside-eu")
    page = administrator.get("/lectures").text.partition("<body")[2]
    assert "Try</a>" in page
    assert "How accurate it is" in page
    fill_in(administrator, purpose=purpose)
    for path in ("/", "/lectures", "/settings", "/notice", "/sign-in"):
        page = administrator.get(path).text.partition("<body")[2]
        assert "Try</a>" not in page, path
        assert "How accurate it is" not in page, path
        assert "Aula reads how faces look" not in page, path


def test_a_recording_is_of_a_room_with_a_camera(app, administrator):
    fill_in(administrator, "/setup/room", purpose="pulse")
    page = administrator.get("/lectures").text
    choices = page.partition('name="room"')[2].partition("</select>")[0]
    assert choices
    assert "<option" not in choices


class Runner:
    """Stands for the runner of a server."""

    def wake(self) -> None:
        """Nothing runs here."""
