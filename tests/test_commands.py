"""The `flask` commands."""

from datetime import UTC, datetime

import pytest

from app.store import lecture_queries, room_queries, user_queries

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.fixture
def run(app):
    """Run a command and give its result."""
    return lambda *words, **options: app.test_cli_runner().invoke(args=words, **options)


def test_an_account_is_created_its_password_changed_and_a_token_created(app, run):
    assert run("user", "create", "anna", "--password", "a long password").exit_code == 0
    assert "already" in run("user", "create", "anna", "--password", "a long password").output
    assert "at least 10" in run("user", "password", "anna", "--password", "short").output
    assert "no user 'bob'" in run("user", "password", "bob", "--password", "a long password").output
    token = run("token", "create", "anna").output.strip()
    headers = {"Authorization": f"Bearer {token}"}
    assert app.test_client().get("/api/v1/state", headers=headers).status_code == 200


def test_a_password_can_be_typed(run):
    typed = "a long password\na long password\n"
    assert run("user", "create", "anna", input=typed).exit_code == 0


def test_a_report_is_written_to_the_current_folder(app, run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with app.app_context():
        lecture_queries.start_lecture(room_queries.get_or_create_room("Room 7"), "Algebra", "", NOON)
    assert run("report", "export", "1", "--format", "json").output == "aula_Algebra_2026-11-20_1200.json\n"
    assert (tmp_path / "aula_Algebra_2026-11-20_1200.json").read_bytes().startswith(b"{")
    assert "There is no lecture 7" in run("report", "export", "7").output
    assert run("report", "export", "1", "--format", "doc").exit_code != 0


def test_purging_says_what_it_deleted(run):
    assert run("purge").output == "0 minutes older than 365 days deleted.\n"


def test_the_first_account_is_an_administrator_s_and_others_have_the_role_that_is_given(app, run):
    for name, options in (("anna", ()), ("bert", ()), ("walt", ("--role", "viewer"))):
        run("user", "create", name, "--password", "a long password", *options)
    listed = [line.split("\t")[:3] for line in run("user", "list").output.splitlines()]
    assert listed == [
        ["anna", "administrator", "all rooms"],
        ["bert", "teacher", "all rooms"],
        ["walt", "viewer", "all rooms"],
    ]
    assert "the only administrator" in run("user", "role", "anna", "teacher").output
    assert run("user", "role", "bert", "administrator").exit_code == 0
    assert run("user", "role", "anna", "teacher").exit_code == 0


def test_a_reset_prints_a_link_that_sets_a_password(app, run):
    run("user", "create", "anna", "--password", "a long password")
    link = run("user", "reset", "anna").output.strip()
    assert link.startswith("http://127.0.0.1:8000/link?key=")
    page = app.test_client().get(link.removeprefix("http://127.0.0.1:8000"))
    assert page.status_code == 200
    assert "For anna." in page.text


def test_removing_somebody_asks_what_becomes_of_their_lectures(app, run):
    for name in ("anna", "bert"):
        run("user", "create", name, "--password", "a long password")
    with app.app_context():
        room, bert = room_queries.get_or_create_room("Room 7"), user_queries.find_user("bert")
        lecture_queries.start_lecture(room, "Algebra", "", NOON, bert)
    assert "1 lectures: give --lectures-to" in run("user", "remove", "bert").output
    assert "no user 'carl'" in run("user", "remove", "bert", "--lectures-to", "carl").output
    assert run("user", "remove", "bert", "--lectures-to", "anna").exit_code == 0
    with app.app_context():
        assert lecture_queries.find_lecture(1).owner.name == "anna"
    assert "the only administrator" in run("user", "remove", "anna", "--delete-lectures").output


def test_tokens_are_listed_and_revoked(app, run):
    run("user", "create", "anna", "--password", "a long password")
    text = run("token", "create", "anna", "--for", "screen", "--read-only", "--days", "30").output.strip()
    (row,) = run("token", "list").output.splitlines()
    assert row.split("\t")[:4] == ["1", "anna", "screen", "read"]
    headers = {"Authorization": f"Bearer {text}"}
    assert app.test_client().get("/api/v1/state", headers=headers).status_code == 200
    assert "no token 7" in run("token", "revoke", "7").output
    assert run("token", "revoke", "1").exit_code == 0
    assert app.test_client().get("/api/v1/state", headers=headers).status_code == 401
