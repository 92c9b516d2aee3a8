"""The cookie that holds the language which somebody chose."""

from flask import after_this_request, request

from app.language import COOKIE

COOKIE_SECONDS = 365 * 24 * 3600


def remember_language(language: str | None) -> None:
    """Send the cookie with this request's response; None deletes it, so that the browser decides."""

    @after_this_request
    def set_cookie(response):
        if language is None:
            response.delete_cookie(COOKIE)
        else:
            response.set_cookie(
                COOKIE,
                language,
                max_age=COOKIE_SECONDS,
                secure=request.is_secure,
                httponly=True,
                samesite="Lax",
            )
        return response
