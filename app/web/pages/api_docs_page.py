"""The description of the API, to read and to try."""

from flask import Blueprint, render_template

pages = Blueprint("api_docs", __name__)


@pages.get("/api/docs")
def docs():
    """Show what programs can ask; `static/api_docs.js` draws it from `/api/openapi.json`."""
    return render_template("api_docs.html")
