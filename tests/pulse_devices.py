"""Telephones that answer, each with its own cookie, against an application in this process."""

from flask import Flask
from flask.testing import FlaskClient

JSON = {"Accept": "application/json"}


def open_page(app: Flask, code: str) -> FlaskClient:
    """A new telephone on the page of a lecture."""
    telephone = app.test_client()
    assert telephone.get(f"/p/{code}").status_code == 200
    return telephone


def say(telephone: FlaskClient, code: str, choice: str) -> int:
    """Tap a button, and give the status."""
    return telephone.post(f"/p/{code}", data={"choice": choice}, headers=JSON).status_code
