"""What many tests start from: an application on a database of its own, somebody signed in, a real server."""

import threading
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path

import pytest
from flask_migrate import upgrade
from hypothesis import settings
from jinja2 import FileSystemBytecodeCache
from playwright.sync_api import expect, sync_playwright
from sqlalchemy import Engine, event
from werkzeug.security import generate_password_hash

from app import create_app
from app.store import room_queries, user_queries
from app.store.tables import db
from app.vision.detection.yunet_file import YUNET_FILE
from tests.browser import CHROMIUM, LAUNCH
from tests.postgres import running_postgres
from tests.redis_server import BINARY, RedisServer
from tests.server import Server, create_database

PROJECT = Path(__file__).resolve().parent.parent
WEIGHTS = PROJECT.parent / "shared/data/weights" / YUNET_FILE

settings.register_profile("aula", deadline=None)  # no test asserts on time: a machine may be busy
settings.load_profile("aula")
expect.set_options(timeout=30_000)  # milliseconds

engines_used: set[Engine] = set()
event.listen(Engine, "engine_connect", lambda connection: engines_used.add(connection.engine))


@pytest.fixture(autouse=True)
def close_databases():
    """Close the connections that a test left in pools; Python 3.13 warns about each."""
    yield
    while engines_used:
        engines_used.pop().dispose()


@pytest.fixture(autouse=True, scope="session")
def quick_password_hashes():
    """Hash passwords at little cost: as the program does it, each sign-in takes a fifth of a second."""
    quick = partial(generate_password_hash, method="scrypt:1024:8:1")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(user_queries, "generate_password_hash", quick)
        yield


@pytest.fixture(scope="session")
def scenes() -> Path:
    """Real pictures and videos, which are not part of the project."""
    folder = PROJECT.parent / "shared" / "data" / "scenes"
    if not folder.is_dir():
        pytest.skip("needs the folder ../shared/data/scenes with real pictures and videos")
    return folder


@pytest.fixture(scope="session")
def weights() -> bytes:
    """YuNet's file, which is not part of the project."""
    if not WEIGHTS.is_file():
        pytest.skip(f"needs YuNet's file, ../shared/data/weights/{YUNET_FILE}")
    return WEIGHTS.read_bytes()


@pytest.fixture
def serve():
    """Serve these bytes over HTTP, or 404 for None, and give the address."""
    servers = []

    def start(body: bytes | None, length: int | None = None) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(404 if body is None else 200)
                self.send_header("Content-Length", str(length or len(body or b"")))
                self.end_headers()
                self.wfile.write(body or b"")

            def log_message(self, *_):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}/{YUNET_FILE}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="session")
def postgres(tmp_path_factory):
    """The address of a PostgreSQL server made for these tests."""
    with running_postgres(tmp_path_factory.mktemp("postgres")) as server:
        yield server


@pytest.fixture(scope="module")
def redis():
    """A Redis server of a file's own."""
    if BINARY is None:
        pytest.skip("needs Redis: apt install redis-server")
    with RedisServer() as server:
        yield server


@pytest.fixture(scope="module")
def playwright():
    """What drives browsers."""
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="module")
def chromium(playwright):
    """Debian's Chromium, in which a test opens pages of any look."""
    if not CHROMIUM.exists():
        pytest.skip("needs Chromium: apt install chromium")
    browser = playwright.chromium.launch(**LAUNCH)
    yield browser
    browser.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request, tmp_path) -> str:
    """A database with nothing in it, once of each kind."""
    if request.param == "sqlite":
        path = tmp_path / "records.sqlite"
        create_database(path)
        return f"sqlite:///{path}"
    return request.getfixturevalue("postgres").new_database()


@pytest.fixture(scope="session")
def compiled_templates(tmp_path_factory) -> FileSystemBytecodeCache:
    """Pages' templates, compiled once for all applications."""
    return FileSystemBytecodeCache(str(tmp_path_factory.mktemp("templates")))


@pytest.fixture
def make_app(tmp_path, compiled_templates):
    """Make an application with these settings and a migrated database."""

    def make(**settings: str):
        environment = {"SECRET_KEY": "a key for tests only", "ROOM": "Room 7", **settings}
        app = create_app(environment, tmp_path / "instance")
        app.config["TESTING"] = True
        app.jinja_env.bytecode_cache = compiled_templates
        database = tmp_path / "instance" / "aula.sqlite"
        if "DATABASE_URL" in settings:
            with app.app_context():
                upgrade()
        elif not database.exists():
            create_database(database)
        return app

    return make


@pytest.fixture
def app(make_app):
    """An application with default settings on SQLite."""
    return make_app()


@pytest.fixture
def app_context(app):
    """The application's context, for code that asks the database."""
    with app.app_context():
        yield app


@pytest.fixture
def room(app_context):
    """The room of the application, within its context."""
    yield room_queries.get_or_create_room("Room 7")
    db.session.remove()
    db.engine.dispose()


@pytest.fixture
def token(app) -> str:
    """A key for programs."""
    with app.app_context():
        return user_queries.create_token(
            user_queries.set_password("anna", "a long password"), datetime.now(UTC)
        )


@pytest.fixture
def api(app, token):
    """A program with a token."""
    client = app.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    return client


@pytest.fixture
def start_server(tmp_path):
    """Start real gunicorns; every one of them is ended with the test."""
    numbers = count()
    with ExitStack() as servers:
        yield lambda **settings: servers.enter_context(Server(tmp_path / f"server{next(numbers)}", settings))
