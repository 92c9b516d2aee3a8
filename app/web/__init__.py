"""What people and programs see: pages, the stream, JSON."""

from functools import partial

from apiflask import APIFlask
from werkzeug.middleware.proxy_fix import ProxyFix

from app.clock import SYSTEM_CLOCK
from app.language import LANGUAGES, script_texts
from app.language import language as language_now
from app.report import wording
from app.vision.emotion import EMOTIONS
from app.web import access, api, health, metrics, problems, style
from app.web.pages import (
    account,
    control,
    language_choice,
    lectures_page,
    live_page,
    model_page,
    notice_page,
    privacy_areas_page,
    report_page,
    settings_page,
)
from app.web.sending import post_frame, send_page
from app.web.sending.relay import Relay
from app.web.stream.hub import Hub


def wanted_fps(app: APIFlask) -> float:
    """Pictures a second of which any use is made: for the faces, and for whoever watches."""
    return max(app.config["SETTINGS"].detect_fps, app.extensions["hub"].demand.fps)


def init_app(app: APIFlask) -> None:
    """Put every page and endpoint into the application."""
    settings = app.config["SETTINGS"]
    app.extensions["hub"] = Hub(SYSTEM_CLOCK, settings.timezone, settings.max_viewers, settings.stream_fps)
    if proxies := settings.trusted_proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=proxies, x_host=proxies)
    app.extensions["relay"] = Relay(SYSTEM_CLOCK, settings.timezone, lambda: wanted_fps(app))
    access.init_app(app)
    problems.init_app(app)
    metrics.init_app(app)
    for module in (
        live_page,
        send_page,
        control,
        lectures_page,
        report_page,
        account,
        notice_page,
        model_page,
        settings_page,
        privacy_areas_page,
        language_choice,
        health,
        metrics,
        style,
    ):
        app.register_blueprint(module.pages)
    api.init_app(app)
    app.register_blueprint(post_frame.api)
    post_frame.describe(app)

    for reads in (
        wording.capital,
        wording.decimal,
        wording.duration,
        wording.faces,
        wording.interval,
        wording.percent,
        wording.why_unread,
        wording.word,
    ):
        app.add_template_filter(reads)
    for reads in (wording.clock, wording.day, wording.day_and_time, wording.zone):
        app.add_template_filter(partial(reads, timezone=settings.timezone), reads.__name__)

    app.jinja_env.globals.update(emotions=EMOTIONS, kinds=tuple(wording.WORDS))  # for macros too

    @app.context_processor
    def for_every_page():
        return {
            "settings": settings,
            "language": language_now(),
            "languages": LANGUAGES,
            "script_texts": {
                **script_texts(language_now()),
                **{kind: wording.word(kind) for kind in wording.WORDS},
            },
        }
