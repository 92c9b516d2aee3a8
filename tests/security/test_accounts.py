"""Nobody gets in who should not: the set-up link, guessed passwords, copied cookies."""

import logging
import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.store import user_queries
from app.store.tables import User, db
from app.web.pages.account import setup_path
from app.web.sign_in_limit import PER_ACCOUNT, PER_ADDRESS
from tests.manual_clock import ManualClock

PASSWORD = "a long password"


@pytest.fixture
def teachers(app):
    """Two accounts."""
    with app.app_context():
        user_queries.set_password("anna", PASSWORD)
        user_queries.set_password("bert", PASSWORD)
    return app


def csrf_of(client, path: str = "/sign-in") -> str:
    return re.search(r'name="csrf_token"[^>]*value="([^"]+)"', client.get(path).text).group(1)


def sign_in(app, name: str, password: str, client=None, address: str = "192.0.2.1", **headers):
    client = client or app.test_client()
    client.environ_base["REMOTE_ADDR"] = address
    form = {"name": name, "password": password, "csrf_token": csrf_of(client)}
    return client.post("/sign-in", data=form, headers=headers)


def guess(app, name: str, times: int, address: str = "192.0.2.1") -> list[int]:
    return [sign_in(app, name, f"guess {number}", address=address).status_code for number in range(times)]


def test_a_session_ends_after_31_days(teachers):
    clock = teachers.extensions["clock"] = ManualClock()
    client = teachers.test_client()
    sign_in(teachers, "anna", PASSWORD, client)
    clock.pass_(31 * 24 * 3600 - 1)
    assert client.get("/api/v1/state").status_code == 200
    clock.pass_(2)
    assert client.get("/api/v1/state").status_code == 401


def test_eight_people_with_the_set_up_link_make_one_account(make_app, database_url):
    app = make_app(DATABASE_URL=database_url)
    with app.app_context():
        assert not user_queries.has_users()  # connects once, before the threads do

    def set_up(number: int) -> int:
        client, link = app.test_client(), setup_path(app)
        form = {"name": f"person {number % 4}", "password": PASSWORD, "again": PASSWORD}
        form["csrf_token"] = csrf_of(client, link)
        return lambda: client.post(link, data=form).status_code

    posts = [set_up(number) for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda post: post(), posts))
    assert sorted(statuses) == [302, *[403] * 7]
    with app.app_context():
        assert db.session.query(User).count() == 1


def test_an_account_that_is_attacked_waits_and_says_for_how_long(teachers):
    statuses = guess(teachers, "anna", PER_ACCOUNT.amount + 1)
    assert statuses == [400] * PER_ACCOUNT.amount + [429]
    refused = sign_in(teachers, "anna", PASSWORD, address="198.51.100.7")
    assert refused.status_code == 429
    assert 0 < int(refused.headers["Retry-After"]) <= 600


def test_one_pupil_does_not_lock_out_the_school_behind_the_same_address(teachers):
    for number in range(PER_ADDRESS.amount // PER_ACCOUNT.amount + 1):
        guess(teachers, f"nobody {number}", PER_ACCOUNT.amount)
    assert sign_in(teachers, "bert", PASSWORD).status_code == 302
    assert guess(teachers, "anna", 2) == [400, 429]
    assert sign_in(teachers, "anna", PASSWORD).status_code == 429
    assert sign_in(teachers, "anna", PASSWORD, address="198.51.100.7").status_code == 302


def test_right_passwords_never_count(teachers):
    statuses = [sign_in(teachers, "anna", PASSWORD).status_code for _ in range(PER_ACCOUNT.amount * 2)]
    assert set(statuses) == {302}


def test_simultaneous_guesses_are_no_way_round_the_limit(teachers):
    guess(teachers, "nobody", 1)  # makes the hash for unknown names
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda _: guess(teachers, "anna", 1)[0], range(PER_ACCOUNT.amount + 10)))
    assert statuses.count(400) == PER_ACCOUNT.amount


def test_failures_are_logged_without_what_was_typed(teachers, caplog):
    with caplog.at_level(logging.WARNING):
        sign_in(teachers, "anna", "my secret")
        sign_in(teachers, "typed into the wrong field", "anna")
    assert "wrong password for 'anna' from 192.0.2.1" in caplog.text
    assert "wrong password for an unknown name from 192.0.2.1" in caplog.text
    assert "secret" not in caplog.text
    assert "field" not in caplog.text


def test_a_forwarded_address_is_believed_only_from_a_trusted_proxy(make_app, caplog):
    for proxies, believed in ((0, "192.0.2.1"), (1, "203.0.113.9")):
        app = make_app(TRUSTED_PROXIES=str(proxies))
        caplog.clear()
        sign_in(app, "nobody", "guess", **{"X-Forwarded-For": "10.0.0.1, 203.0.113.9"})
        assert f"from {believed}" in caplog.text


def test_all_web_processes_count_together_in_redis_and_alone_without_it(make_app, redis, postgres):
    settings = {"REDIS_URL": redis.url, "DATABASE_URL": postgres.new_database()}
    apps = [make_app(**settings) for _ in range(2)]
    with apps[0].app_context():
        user_queries.set_password("anna", PASSWORD)
    assert guess(apps[0], "anna", PER_ACCOUNT.amount)[-1] == 400
    assert redis.client.keys("*account*anna*")
    assert guess(apps[1], "anna", 1) == [429]
    redis.stop()
    assert sign_in(apps[1], "anna", PASSWORD).status_code == 302
    redis.start()


def test_a_copied_cookie_does_not_outlive_signing_out(teachers):
    client, other = teachers.test_client(), teachers.test_client()
    for each in (client, other):
        sign_in(teachers, "anna", PASSWORD, each)
    copy = client.get_cookie("aula").value
    thief = teachers.test_client()
    thief.set_cookie("aula", copy)
    assert thief.get("/api/v1/state").status_code == 200
    assert client.post("/sign-out", data={"csrf_token": csrf_of(client, "/")}).status_code == 302
    assert thief.get("/api/v1/state").status_code == 401
    assert other.get("/api/v1/state").status_code == 200
