"""The choice of a language at the foot of every page."""

from flask import Blueprint, redirect, request
from flask_login import current_user

from app.language import LANGUAGES, Translatable
from app.store import user_queries
from app.web.access import safe_next
from app.web.language_cookie import remember_language
from app.web.problems import problem

pages = Blueprint("language", __name__)


@pages.post("/language")
def choose():
    """Remember the language in a cookie, and for whoever is signed in; then go back to the page."""
    chosen = request.form.get("language")
    if chosen not in LANGUAGES:
        return problem(400, Translatable("language must be one of %(known)s.", known=", ".join(LANGUAGES)))
    remember_language(chosen)
    if current_user.is_authenticated:
        user_queries.set_language(current_user, chosen)
    return redirect(safe_next(request.form.get("next")))
