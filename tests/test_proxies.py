"""Behind proxies: other names, ports and path prefixes than the server's own."""

import re
from urllib.parse import urlsplit

import pytest

from app.store import user_queries
from tests.forms import csrf_of

HTML = {"Accept": "text/html"}
PASSWORD = "a long password"


@pytest.fixture
def app(make_app):
    """An application that trusts one proxy and has an account."""
    app = make_app(TRUSTED_PROXIES="1")
    with app.app_context():
        user_queries.set_password("anna", PASSWORD, administrator=True)
    return app


def sign_in(client, page_address: str, **headers: str):
    """Sign in as a browser does whose page has `page_address`, through a proxy that sends `headers`."""
    headers |= HTML
    form = {
        "name": "anna",
        "password": PASSWORD,
        "csrf_token": csrf_of(client.get("/sign-in", headers=headers).text),
    }
    parts = urlsplit(page_address)
    browser = {
        "Referer": page_address,
        "Origin": f"{parts.scheme}://{parts.netloc}",
        "Sec-Fetch-Site": "same-origin",
    }
    return client.post("/sign-in", data=form, headers=headers | browser)


@pytest.mark.parametrize(
    "host",
    [{}, {"Host": "school.example"}, {"X-Forwarded-Host": "inside.example:8000"}],
    ids=["the server's own", "without its port", "another name"],
)
def test_signing_in_works_through_an_https_proxy_that_passes_on_another_host(app, host, caplog):
    """Referer and Host were compared, and the reader was told that the page had been open too long."""
    page = "https://school.example:8443/sign-in"
    answer = sign_in(app.test_client(), page, **{"X-Forwarded-Proto": "https", **host})
    assert answer.status_code == 302
    assert "'https://school.example:8443'" in caplog.text
    assert "X-Forwarded-Host" in caplog.text


def test_a_proxy_that_passes_on_name_and_port_is_not_warned_about(app, caplog):
    headers = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "school.example", "X-Forwarded-Port": "8443"}
    answer = sign_in(app.test_client(), "https://school.example:8443/sign-in", **headers)
    assert answer.status_code == 302
    assert "X-Forwarded-Host" not in caplog.text


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_form_of_another_site_is_refused_even_with_a_token(app, site):
    client = app.test_client()
    form = {"name": "anna", "password": PASSWORD, "csrf_token": csrf_of(client.get("/sign-in").text)}
    answer = client.post("/sign-in", data=form, headers=HTML | {"Sec-Fetch-Site": site})
    assert answer.status_code == 400
    assert "The form came from another site." in answer.text


def test_a_browser_without_cookies_is_told_so(app):
    client = app.test_client(use_cookies=False)
    form = {"name": "anna", "password": PASSWORD, "csrf_token": csrf_of(client.get("/sign-in").text)}
    answer = client.post("/sign-in", data=form, headers=HTML)
    assert answer.status_code == 400
    assert "Your browser sent no cookie." in answer.text


def test_a_path_prefix_is_kept_in_links_scripts_and_redirects(app):
    prefixed = {"X-Forwarded-Prefix": "/aula"}
    client = app.test_client()
    away = client.get("/lectures?page=1", headers=prefixed | HTML)
    assert away.location == "/aula/sign-in?next=/aula/lectures?page%3D1"
    form = {"name": "anna", "password": PASSWORD}
    form["csrf_token"] = csrf_of(client.get("/sign-in", headers=prefixed).text)
    back = client.post(away.location.removeprefix("/aula"), data=form, headers=prefixed)
    assert back.location == "/aula/lectures?page=1"
    for path in ("/", "/lectures", "/settings", "/settings/areas", "/notice", "/model", "/sign-in", "/send"):
        page = client.get(path, headers=prefixed | HTML)
        assert page.status_code == 200, path
        paths = re.findall(r'(?:href|src|action|data-[a-z-]+|name="next" value)="(/[^"]*)"', page.text)
        assert len(paths) > 5
        assert [each for each in paths if not each.startswith("/aula/")] == [], path
    form["csrf_token"] = csrf_of(client.get("/notice", headers=prefixed).text)
    chosen = client.post(
        "/language", data=form | {"language": "de", "next": "/aula/notice"}, headers=prefixed
    )
    assert chosen.location == "/aula/notice"


def test_the_description_names_the_prefix_of_each_request(app, token):
    headers = {"Authorization": f"Bearer {token}"}
    client = app.test_client()

    def server_of(**more: str) -> str:
        (server,) = client.get("/api/openapi.json", headers=headers | more).json["servers"]
        return server["url"]

    assert server_of() == "/"
    assert server_of(**{"X-Forwarded-Prefix": "/aula"}) == "/aula"


def test_without_trusted_proxies_nobody_sets_a_prefix(make_app):
    app = make_app()
    assert "/aula/" not in app.test_client().get("/notice", headers={"X-Forwarded-Prefix": "/aula"}).text
