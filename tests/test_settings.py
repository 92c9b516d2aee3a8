"""Settings are read, checked and documented."""

from dataclasses import fields
from pathlib import Path

import pytest

from app.flask_config import flask_config
from app.settings import SettingError, Settings, read_settings

PROJECT = Path(__file__).resolve().parent.parent
NO_FILE = Path("/nonexistent/.env")


def read(**environment: str) -> Settings:
    return read_settings(environment, NO_FILE)


def test_without_any_setting_the_drawn_classroom_is_served_on_this_machine_only():
    settings = read()
    assert (settings.camera, settings.host, settings.port) == ("demo", "127.0.0.1", 8000)
    assert settings.minimum_group == 5


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("PORT", "0", "1 to 65535"),
        ("PORT", "eighty", "1 to 65535"),
        ("STREAM_FPS", "-1", "1 to 60"),
        ("DETECT_FPS", "nan", "1 to 60"),
        ("JPEG_QUALITY", "100", "30 to 95"),
        ("HIDE_FACES", "maybe", "on or off"),
        ("PURPOSE", "attention", "expressions, presence"),
        ("NETWORK", "/nonexistent", "a folder that exists"),
        ("TIMEZONE", "Mars/Olympus", "Europe/Berlin"),
        ("TIMEZONE", "../../etc/passwd", "Europe/Berlin"),
        ("ROOM", " ", "1 to 80 characters"),
        ("CAMERA", "demo?students=0", "1 to 60"),
        ("CAMERA", "ftp://camera/", "rtsp://"),
        ("DATABASE_URL", "mysql://there/name", "postgresql://"),
        ("DATABASE_URL", "nonsense", "postgresql://"),
        ("ADMIN_PASSWORD", "short", "at least 10"),
    ],
)
def test_a_bad_value_is_refused_in_one_line_with_what_is_allowed(name, value, allowed):
    with pytest.raises(SettingError) as error:
        read(**{name: value})
    message = str(error.value)
    assert message.startswith(f"{name}=")
    assert allowed in message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ADMIN_PASSWORD", "pa55word"),
        ("DATABASE_URL", "mysql://user:pa55word@there/name"),
        ("CAMERA", "ftp://user:pa55word@camera/"),
    ],
)
def test_no_message_repeats_a_password(name, value):
    with pytest.raises(SettingError) as error:
        read(**{name: value})
    assert "pa55word" not in str(error.value)


def test_heroku_s_database_url_gets_the_psycopg_driver():
    url = read(DATABASE_URL="postgres://user:p%40ss@there:5432/name").database_url
    assert url == "postgresql+psycopg://user:p%40ss@there:5432/name"


def test_a_secret_can_come_from_a_file(tmp_path):
    (tmp_path / "password").write_text("a long password\n")
    assert read(ADMIN_PASSWORD_FILE=str(tmp_path / "password")).admin_password == "a long password"
    with pytest.raises(SettingError, match="both set"):
        read(ADMIN_PASSWORD_FILE=str(tmp_path / "password"), ADMIN_PASSWORD="another one")
    with pytest.raises(SettingError, match=r"ADMIN_PASSWORD_FILE=.*can't be read"):
        read(ADMIN_PASSWORD_FILE=str(tmp_path / "nothing"))


def test_the_environment_overrides_the_file(tmp_path):
    (tmp_path / ".env").write_text("ROOM=Lab\nPORT=9000\n")
    settings = read_settings({"PORT": "9001"}, tmp_path / ".env")
    assert (settings.room, settings.port) == ("Lab", 9001)


def test_an_unknown_name_in_the_file_is_refused_with_the_nearest_one(tmp_path):
    (tmp_path / ".env").write_text("CAMRA=0\n")
    with pytest.raises(SettingError, match="CAMRA is not a setting; did you mean CAMERA"):
        read_settings({}, tmp_path / ".env")


def test_a_secret_key_is_created_once_and_only_its_owner_can_read_it(tmp_path):
    first = flask_config(read(), tmp_path)["SECRET_KEY"]
    assert flask_config(read(), tmp_path)["SECRET_KEY"] == first
    assert len(first) >= 32
    assert (tmp_path / "secret_key").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("setting", fields(Settings), ids=lambda setting: setting.name)
def test_every_setting_is_documented_with_its_default(setting):
    rows = [
        row
        for row in (PROJECT / "docs" / "settings.md").read_text().splitlines()
        if row.startswith(f"| `{setting.name.upper()}` |")
    ]
    assert len(rows) == 1
    default = setting.metadata["default"]
    assert (f"| `{default}` |" if default is not None else "| none |") in rows[0]
    assert setting.metadata["help"].replace("|", "\\|") in rows[0]


@pytest.mark.parametrize(
    "url", ["localhost:6379", "http://cache/", "redis://", "redis://cache:x", "redis://[::1"]
)
def test_an_address_that_can_t_be_redis_is_refused_and_not_shown(url):
    with pytest.raises(SettingError, match=r"REDIS_URL=\(not shown\).*redis://USER:PASSWORD@HOST:PORT"):
        read(REDIS_URL=url, SECRET_KEY="a key for tests only")


def test_redis_needs_a_secret_key_that_the_processes_share():
    with pytest.raises(SettingError, match="REDIS_URL needs SECRET_KEY"):
        read(REDIS_URL="redis://cache")
    url, database = "rediss://cache:6380/1", "postgres://aula@database/aula"
    assert read(REDIS_URL=url, SECRET_KEY="a key for tests only", DATABASE_URL=database).redis_url


@pytest.mark.parametrize("database", ["", "sqlite:////srv/aula.sqlite"])
def test_redis_needs_a_database_that_the_processes_share(database):
    with pytest.raises(SettingError, match="REDIS_URL needs a PostgreSQL DATABASE_URL"):
        read(REDIS_URL="redis://cache", SECRET_KEY="a key for tests only", DATABASE_URL=database)
