"""The choice of a language at the foot of every page."""

from flask import Blueprint, redirect, request

from app.language import COOKIE, LANGUAGES, Translatable
from app.web.access import safe_next
from app.web.problems import problem

pages = Blueprint("language", __name__)

COOKIE_SECONDS = 365 * 24 * 3600


@pages.post("/language")
def choose():
    """Remember the language in a cookie and go back to the page."""
    chosen = request.form.get("language")
    if chosen not in LANGUAGES:
        return problem(400, Translatable("language must be one of %(known)s.", known=", ".join(LANGUAGES)))
    response = redirect(safe_next(request.form.get("next")))
    response.set_cookie(
        COOKIE, chosen, max_age=COOKIE_SECONDS, secure=request.is_secure, httponly=True, samesite="Lax"
    )
    return response
