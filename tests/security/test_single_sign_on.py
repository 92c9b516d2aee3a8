"""Signing in with OpenID Connect, at a real provider and at one that lies."""

import json
import re
import time

import pytest
import requests
from joserfc.jwk import RSAKey

from app.settings import SettingError
from app.store import user_queries
from tests.browser import close
from tests.forms import csrf_of, signed_in_client
from tests.openid_provider import CLIENT_ID, LyingProvider, MockProvider

USERS = (
    json.dumps({"sub": "1", "name": "Anna Berg", "roles": ["staff", "teachers"]}),
    json.dumps({"sub": "2", "name": "Ben", "realm_access": {"roles": ["it"]}, "roles": ["it", "teachers"]}),
    json.dumps({"sub": "3", "name": "Carl", "roles": ["students"]}),
    json.dumps({"sub": "4", "name": "admin", "email": "admin@example.org"}),
)
ROLES = {"OIDC_ROLES_CLAIM": "roles", "OIDC_ROLES": "it=administrator, teachers=teacher"}


@pytest.fixture(scope="module")
def provider():
    with MockProvider(*USERS) as provider:
        yield provider


@pytest.fixture(scope="module")
def liar():
    with LyingProvider().running() as provider:
        yield provider


@pytest.fixture
def app_for(make_app):
    """Make an application whose people sign in at a provider."""

    def make(provider, **settings: str):
        return make_app(
            OIDC_ISSUER=provider.issuer, OIDC_CLIENT_ID=CLIENT_ID, OIDC_CLIENT_SECRET="secret", **settings
        )

    return make


def come_back(client, subject: str | None = None, next: str = ""):
    """Go to the provider, sign in there as `subject`, and come back."""
    begun = client.get(f"/sign-in/provider?next={next}")
    assert begun.status_code == 302, begun.text
    if subject is None:
        answer = requests.get(begun.location, allow_redirects=False, timeout=10)
    else:
        answer = requests.post(begun.location, data={"sub": subject}, allow_redirects=False, timeout=10)
    return client.get(answer.headers["Location"].removeprefix("http://localhost"))


def users(app) -> dict[str, str]:
    with app.app_context():
        return {user.name: user.role for user in user_queries.all_users()}


def test_the_first_sign_in_makes_an_account_and_the_next_one_finds_it(app_for, provider):
    app = app_for(provider)
    for _ in range(2):
        client = app.test_client()
        assert come_back(client, "1", "/lectures").location == "/lectures"
        assert client.get("/lectures").status_code == 200
    assert users(app) == {"Anna Berg": "teacher"}


def test_an_account_is_never_found_by_a_name(app_for, provider):
    app = app_for(provider)
    signed_in_client(app, "admin")
    client = app.test_client()
    come_back(client, "4")
    assert users(app) == {"admin": "administrator", "admin 2": "teacher"}
    assert client.get("/people").status_code == 403


def test_a_claim_gives_the_role_and_who_has_none_stays_out(app_for, provider):
    app = app_for(provider, **ROLES)
    for subject in ("1", "2"):
        assert come_back(app.test_client(), subject).status_code == 302
    refused = come_back(app.test_client(), "3")
    assert refused.status_code == 403
    assert refused.json["detail"] == "Your account has no role here. Ask an administrator for one."
    assert users(app) == {"Anna Berg": "teacher", "Ben": "administrator"}


def test_a_role_may_be_nested_and_is_given_anew_at_each_sign_in(app_for, provider):
    app = app_for(provider, OIDC_ROLES_CLAIM="realm_access.roles", OIDC_ROLES="it=viewer")
    come_back(app.test_client(), "2")
    assert users(app) == {"Ben": "viewer"}
    with app.app_context():
        user_queries.set_role(user_queries.find_user("Ben"), "teacher")
    come_back(app.test_client(), "2")
    assert users(app) == {"Ben": "viewer"}


def test_passwords_can_be_switched_off_and_a_command_s_link_still_lets_in(app_for, provider):
    app = app_for(provider, PASSWORDS="off")
    come_back(app.test_client(), "1")
    client = app.test_client()
    page = client.get("/sign-in").text
    assert "Sign in with your school account" in page
    assert 'type="password"' not in page
    form = {"name": "Anna Berg", "password": "a long password", "csrf_token": csrf_of(page)}
    assert client.post("/sign-in", data=form).status_code == 403
    runner = app.test_cli_runner()
    assert runner.invoke(args=("user", "role", "Anna Berg", "administrator")).exit_code == 0
    link = runner.invoke(args=("user", "reset", "Anna Berg")).output.strip()
    path = link[link.index("/link") :]
    form = {"password": "a long password", "again": "a long password"}
    form["csrf_token"] = csrf_of(client.get(path).text)
    assert client.post(path, data=form).status_code == 302
    assert client.get("/people").status_code == 200


def test_settings_that_would_let_nobody_in_stop_the_start(make_app):
    with pytest.raises(SettingError, match="PASSWORDS=off needs OIDC_ISSUER"):
        make_app(PASSWORDS="off")
    with pytest.raises(SettingError, match="OIDC_ISSUER needs OIDC_CLIENT_ID"):
        make_app(OIDC_ISSUER="https://login.example.org")
    with pytest.raises(SettingError, match="OIDC_ROLES=x=boss is not usable"):
        make_app(OIDC_ROLES="x=boss")


@pytest.mark.parametrize(
    ("lies", "said"),
    [
        ({"nonce": "another"}, "belongs to another sign-in"),
        ({"nonce": None}, "belongs to another sign-in"),
        ({"iss": "https://evil.example"}, "comes from another sign-in service"),
        ({"aud": "another program"}, "meant for another program"),
        ({"exp": int(time.time()) - 3600}, "has expired"),
        ({"sub": None}, "is not complete"),
    ],
    ids=["nonce", "no nonce", "issuer", "audience", "expired", "no subject"],
)
def test_a_wrong_answer_signs_nobody_in_and_says_why(app_for, liar, lies, said):
    app, liar.lies = app_for(liar), lies
    client = app.test_client()
    answer = come_back(client)
    assert answer.status_code == 403
    assert said in answer.json["detail"]
    assert client.get("/").status_code == 401
    assert users(app) == {}


def test_an_answer_that_another_key_signed_signs_nobody_in(app_for, liar):
    app, liar.lies = app_for(liar), {}
    liar.published_key = RSAKey.generate_key(2048, {"kid": "one", "use": "sig", "alg": "RS256"})
    try:
        answer = come_back(app.test_client())
    finally:
        liar.published_key = liar.key
    assert "is not signed by it" in answer.json["detail"]
    assert users(app) == {}


def test_a_right_answer_signs_in_once_and_in_its_own_browser_only(app_for, liar):
    app, liar.lies = app_for(liar), {}
    client = app.test_client()
    back = requests.get(client.get("/sign-in/provider").location, allow_redirects=False, timeout=10)
    path = back.headers["Location"].removeprefix("http://localhost")
    elsewhere = app.test_client().get(path)
    assert "was not begun in this browser" in elsewhere.json["detail"]
    assert client.get(path).status_code == 302
    assert client.get(path).status_code == 403, "the state was used"
    assert users(app) == {"Anna": "teacher"}


def test_a_provider_that_is_away_or_another_one_is_named(app_for, liar, make_app):
    liar.metadata = {"issuer": "https://evil.example"}
    try:
        answer = app_for(liar).test_client().get("/sign-in/provider")
    finally:
        liar.metadata = {}
    assert "another sign-in service than OIDC_ISSUER names" in answer.json["detail"]
    away = make_app(OIDC_ISSUER="http://127.0.0.1:9", OIDC_CLIENT_ID=CLIENT_ID)
    answer = away.test_client().get("/sign-in/provider")
    assert (answer.status_code, answer.json["title"]) == (503, "Service Unavailable")
    assert "can't be reached" in answer.json["detail"]


def test_whoever_refuses_at_the_provider_is_told_so(app_for, provider):
    client = app_for(provider).test_client()
    client.get("/sign-in/provider")
    refused = client.get("/sign-in/complete?error=access_denied&error_description=no")
    assert refused.json["detail"] == "The sign-in service refused."


def test_without_a_provider_there_is_no_such_page(app):
    assert app.test_client().get("/sign-in/provider").status_code == 404
    assert app.test_client().get("/sign-in/complete").status_code == 404
    assert "school account" not in app.test_client().get("/sign-in").text


def test_somebody_signs_in_through_a_browser(chromium, provider, start_server):
    server = start_server(OIDC_ISSUER=provider.issuer, OIDC_CLIENT_ID=CLIENT_ID, OIDC_CLIENT_SECRET="secret")
    page = chromium.new_page()
    page.goto(f"{server.url}/lectures")
    page.get_by_role("button", name="Sign in with your school account").click()
    page.get_by_role("button", name="1", exact=True).click()
    page.wait_for_url(re.compile(f"{server.url}/lectures"))
    assert page.get_by_role("link", name="Anna Berg").is_visible()
    close(page.context)
