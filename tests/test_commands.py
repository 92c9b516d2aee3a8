"""The `flask` commands."""

from datetime import UTC, datetime

import pytest

from app.store import lecture_queries, room_queries

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
