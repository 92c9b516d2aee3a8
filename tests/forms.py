"""Sends forms as a browser does."""

import re

from app.store import user_queries
from tests.server import PASSWORD


def csrf_of(page: str) -> str:
    """The token of the form on a page."""
    return re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page).group(1)


def signed_in_client(app, name: str = "admin"):
    """A browser in which somebody has signed in, with an account that is made if need be."""
    with app.app_context():
        user_queries.set_password(name, PASSWORD)
    client = app.test_client()
    form = {"name": name, "password": PASSWORD, "csrf_token": csrf_of(client.get("/sign-in").text)}
    assert client.post("/sign-in", data=form).status_code == 302
    return client
