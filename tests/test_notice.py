"""The notice for the people filmed."""

import re

from app.store import room_queries
from tests.rooms import first_settings
from tests.test_pause import SINCE


def test_the_notice_says_what_is_in_force_and_whom_to_ask(app):
    client = app.test_client()
    assert "Ask the teacher" in client.get("/notice").text
    with app.app_context():
        room = room_queries.get_or_create_room("Room 7")
        room_queries.change_room(
            room, contact="Anna <Berg>", retention_days=30, minimum_group=8, hide_faces=True
        )
    assert first_settings(app).retention_days == 30
    page = client.get("/notice").text
    assert "Anna &lt;Berg&gt;" in page
    assert "deleted after 30 days" in page
    assert "fewer than 8 people" in page
    assert "frosted glass" in page
    assert "At this moment it is paused" not in page
    with app.app_context():
        room_queries.pause_room(room_queries.get_or_create_room("Room 7"), "anna", SINCE)
    assert "At this moment it is paused" in client.get("/notice").text


def test_the_code_is_a_picture_that_depends_on_the_server_s_address(app):
    client = app.test_client()
    codes = [
        client.get("/notice.svg", base_url=f"https://{host}") for host in ("aula.school", "other.school")
    ]
    assert all(code.content_type.startswith("image/svg+xml") for code in codes)
    assert codes[0].data != codes[1].data
    assert not re.search(rb"<script|style=", codes[0].data), "the content policy would refuse it"
