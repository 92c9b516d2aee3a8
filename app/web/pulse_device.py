"""Which device answers: a cookie for the page of one lecture, which ends with the lecture."""

from datetime import datetime

from flask import Response, abort, current_app, request, url_for
from itsdangerous import BadData, URLSafeSerializer
from limits import parse

from app.language import Translatable
from app.pulse.code import device_hash, new_device
from app.store.lecture_queries import automatic_end
from app.store.tables import Pulse
from app.web.sign_in_limit import counts, network_of

COOKIE = "aula_pulse"
UNKNOWN_CODES = parse("300 per 10 minutes")
"""From one address, which may be a whole school's. Finding one of 30 open codes takes a year at this rate."""
ANSWERS = parse("3000 per minute")
"""From one address: a hall of 500 who all answer six times."""
ANSWERS_OF_DEVICE = parse("40 per minute")

TOO_MANY_CODES = Translatable("Too many wrong codes came from your network. Wait ten minutes and try again.")
TOO_OFTEN = Translatable("That was too often. Wait a minute and try again.")
NO_COOKIE = Translatable("Allow cookies for this page. Without one your answer can't be changed later.")


def device_of(code: str) -> str | None:
    """The random name of the device that asks, if this server gave it one for this code."""
    try:
        signed_code, device = _serializer().loads(request.cookies.get(COOKIE, ""))
    except (BadData, ValueError):
        return None
    return device if signed_code == code else None


def check_code(code: str, is_open: bool) -> None:
    """Count a code that is not open; answers 429 where too many came from the address.

    A device that was on the page of this code before is never turned away: it doesn't guess.
    """
    if device_of(code) is not None:
        return
    key = "pulse code", network_of(request.remote_addr or "")
    if not (counts.test(UNKNOWN_CODES, *key) if is_open else counts.hit(UNKNOWN_CODES, *key)):
        abort(429, TOO_MANY_CODES)


def answering_device(pulse: Pulse) -> str:
    """What is stored of the device that answers; answers 400 without its cookie, and 429 if it hurries."""
    device = device_of(pulse.code)
    if device is None:
        abort(400, NO_COOKIE)
    address = network_of(request.remote_addr or "")
    if not counts.hit(ANSWERS, "pulse", address) or not counts.hit(ANSWERS_OF_DEVICE, "pulse", device):
        abort(429, TOO_OFTEN)
    return device_hash(pulse.key, device)


def keep_cookie(response: Response, pulse: Pulse, now: datetime) -> None:
    """Give the device a name, for as long as the lecture can last."""
    if device_of(pulse.code) is None:
        end = automatic_end(pulse.lecture, current_app.config["SETTINGS"].lecture_hours)
        response.set_cookie(
            COOKIE,
            _serializer().dumps([pulse.code, new_device()]),
            max_age=max(1, int((end - now).total_seconds())),
            path=url_for("pulse.page", code=pulse.code),
            secure=request.is_secure,
            httponly=True,
            samesite="Lax",
        )


def drop_cookie(response: Response, code: str) -> None:
    """Delete the cookie of a lecture that has ended."""
    if COOKIE in request.cookies:
        response.delete_cookie(COOKIE, path=url_for("pulse.page", code=code))


def _serializer() -> URLSafeSerializer:
    return URLSafeSerializer(current_app.secret_key, salt="pulse")
