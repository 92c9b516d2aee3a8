"""What people and programs see: pages, the stream, JSON."""

from functools import partial

from apiflask import APIFlask
from werkzeug.middleware.proxy_fix import ProxyFix

from app.clock import SYSTEM_CLOCK
from app.language import LANGUAGES, script_texts
from app.language import language as language_now
from app.records.wording import (
    WORDS,
    capital,
    clock,
    day,
    day_and_time,
    decimal,
    duration,
    faces,
    interval,
    percent,
    why_unread,
    word,
    zone,
)
from app.vision.emotion import EMOTIONS
from app.web import (
    access,
    account,
    api,
    control,
    health,
    language,
    lectures,
    live,
    problems,
    room_settings,
    style,
)
from app.web.hub import Hub


def init_app(app: APIFlask) -> None:
    """Put every page and endpoint into the application."""
    settings = app.config["SETTINGS"]
    app.extensions["hub"] = Hub(SYSTEM_CLOCK, settings.timezone, settings.max_viewers, settings.stream_fps)
    if proxies := settings.trusted_proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=proxies, x_host=proxies)
    access.init_app(app)
    problems.init_app(app)
    for module in (live, control, lectures, account, room_settings, language, health, style):
        app.register_blueprint(module.pages)
    app.register_blueprint(api.api)

    for reads in (capital, decimal, duration, faces, interval, percent, why_unread, word):
        app.add_template_filter(reads)
    for reads in (clock, day, day_and_time, zone):
        app.add_template_filter(partial(reads, timezone=settings.timezone), reads.__name__)

    app.jinja_env.globals.update(emotions=EMOTIONS, kinds=tuple(WORDS))  # for macros too

    @app.context_processor
    def for_every_page():
        return {
            "settings": settings,
            "language": language_now(),
            "languages": LANGUAGES,
            "script_texts": {**script_texts(language_now()), **{kind: word(kind) for kind in WORDS}},
        }
