"""What people and programs see: pages, the stream, JSON."""

from apiflask import APIFlask
from werkzeug.middleware.proxy_fix import ProxyFix

from app.clock import SYSTEM_CLOCK
from app.language import LANGUAGES, script_texts
from app.language import language as language_now
from app.records.summary import duration
from app.vision.emotion import EMOTIONS
from app.web import (
    access,
    account,
    api,
    areas,
    control,
    frames,
    health,
    language,
    lectures,
    live,
    metrics,
    model,
    problems,
    room_settings,
    send,
    style,
)
from app.web.hub import Hub
from app.web.relay import Relay


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
        live,
        send,
        control,
        lectures,
        account,
        model,
        room_settings,
        areas,
        language,
        health,
        metrics,
        style,
    ):
        app.register_blueprint(module.pages)
    app.register_blueprint(api.api)
    app.register_blueprint(frames.api)
    frames.describe(app)

    @app.template_filter("local")
    def local(moment, pattern="%Y-%m-%d %H:%M"):
        """A moment in the room's zone."""
        return moment.astimezone(settings.timezone).strftime(pattern)

    @app.template_filter("percent")
    def percent(share):
        """A share as a whole percentage."""
        return f"{share * 100:.0f} %"

    app.add_template_filter(duration)

    @app.context_processor
    def for_every_page():
        return {
            "settings": settings,
            "emotions": EMOTIONS,
            "words": (*EMOTIONS, "uncertain"),
            "language": language_now(),
            "languages": LANGUAGES,
            "script_texts": script_texts(language_now()),
        }
