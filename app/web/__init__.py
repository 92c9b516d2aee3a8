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
    health,
    language,
    lectures,
    live,
    model,
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
    for module in (live, control, lectures, account, model, room_settings, areas, language, health, style):
        app.register_blueprint(module.pages)
    app.register_blueprint(api.api)

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
