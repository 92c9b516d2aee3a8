"""Everything that the web process serves: pages, the stream, JSON."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from zoneinfo import ZoneInfo

from apiflask import APIFlask
from flask import current_app
from werkzeug.middleware.proxy_fix import ProxyFix

from app.clock import SYSTEM_CLOCK
from app.expression_names import EXPRESSION_NAMES, expression_name
from app.language import LANGUAGES, current_language, script_texts, translate
from app.pulse.choice import CHOICE_NAMES
from app.report import wording
from app.report.lecture_report import PULSE_LIMITS
from app.report.pulse_wording import correlation_sentence
from app.store.database_health import DatabaseHealth
from app.store.detector_file import effective_detector
from app.trial.trial_process import TrialProcess
from app.vision.emotion import EMOTIONS
from app.vision.frame import MIN_READABLE_SIDE
from app.vision.palette import STACK_ORDER
from app.web import (
    access,
    api,
    audit,
    authentication,
    compression,
    health,
    last_use,
    metrics,
    problems,
    request_checks,
    requested_room,
    security_headers,
    single_sign_on,
    style,
)
from app.web.extensions import current_zone
from app.web.live_rooms import LiveRooms
from app.web.pages import (
    account,
    api_docs_page,
    audit_page,
    control,
    course_page,
    detector_page,
    language_choice,
    lectures_page,
    live_page,
    model_page,
    my_account,
    notice_page,
    people_page,
    privacy_areas_page,
    pulse_page,
    pulse_panel,
    recordings_page,
    report_page,
    rooms_page,
    settings_page,
    single_sign_on_page,
    timetable_page,
    try_page,
)
from app.web.pulse_keeper import PulseKeeper
from app.web.sending import post_frame, send_page
from app.web.stream import events, media

BLUEPRINTS = (
    live_page.pages,
    media.pages,
    send_page.pages,
    control.pages,
    lectures_page.pages,
    recordings_page.pages,
    report_page.pages,
    course_page.pages,
    account.pages,
    single_sign_on_page.pages,
    my_account.pages,
    people_page.pages,
    audit_page.pages,
    notice_page.pages,
    model_page.pages,
    settings_page.pages,
    detector_page.pages,
    rooms_page.pages,
    privacy_areas_page.pages,
    timetable_page.pages,
    try_page.pages,
    pulse_page.pages,
    pulse_panel.pages,
    language_choice.pages,
    api_docs_page.pages,
    health.pages,
    metrics.pages,
    style.pages,
)
FILTERS = (
    wording.capital,
    wording.decimal,
    wording.duration,
    wording.faces,
    wording.interval,
    wording.percent,
    wording.why_no_shares,
    correlation_sentence,
    translate,
)
FILTERS_OF_TIME = (wording.clock, wording.day, wording.day_and_time, wording.zone)
"""In templates they take the moment alone; the zone is that of the page."""


def init_app(app: APIFlask) -> None:
    """Add every page and endpoint to the application, and what they share."""
    _trust_proxies(app)
    _add_extensions(app)
    app.config["STARTED_AT"] = SYSTEM_CLOCK.now()  # an open page that sees a later start reopens its stream
    app.url_map.strict_slashes = False  # /lectures/ is /lectures
    compression.init_app(app)  # first, so that it comes last, when an answer is complete
    requested_room.init_app(app)
    authentication.init_app(app)
    access.init_app(app)
    security_headers.init_app(app)
    last_use.init_app(app)
    audit.init_app(app)
    single_sign_on.init_app(app)
    request_checks.init_app(app)
    problems.init_app(app)
    metrics.init_app(app)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    api.init_app(app)
    app.register_blueprint(post_frame.api)
    app.register_blueprint(events.api)
    _prepare_templates(app)


def _trust_proxies(app: APIFlask) -> None:
    if proxies := app.config["SETTINGS"].trusted_proxies:
        app.wsgi_app = ProxyFix(
            app.wsgi_app, x_for=proxies, x_proto=proxies, x_host=proxies, x_port=proxies, x_prefix=proxies
        )


def _add_extensions(app: APIFlask) -> None:
    rooms = LiveRooms(app, SYSTEM_CLOCK)
    app.extensions.update(
        clock=SYSTEM_CLOCK,
        rooms=rooms,
        pulse_keeper=PulseKeeper(app, rooms, SYSTEM_CLOCK),
        database_health=DatabaseHealth(app, SYSTEM_CLOCK),
        trial_process=TrialProcess(effective_detector, app.config["SETTINGS"].network),
    )


def _prepare_templates(app: APIFlask) -> None:
    for words in FILTERS:
        app.add_template_filter(words)
    app.add_template_filter(expression_name, "word")
    for words in FILTERS_OF_TIME:
        app.add_template_filter(partial(_in_current_zone, words), words.__name__)
    # globals, since macros don't see what a context processor gives
    app.jinja_env.globals.update(
        emotions=EMOTIONS,
        stack_order=STACK_ORDER,
        kinds=tuple(EXPRESSION_NAMES),
        pulse_choices=CHOICE_NAMES,
        pulse_limits=PULSE_LIMITS,
        min_readable_side=MIN_READABLE_SIDE,
    )
    app.context_processor(_for_every_page)


def _in_current_zone(words: Callable[[datetime, ZoneInfo], str], moment: datetime) -> str:
    return words(moment, current_zone())


def _for_every_page() -> dict[str, object]:
    return {
        "settings": current_app.config["SETTINGS"],
        "visible_rooms": requested_room.visible_rooms,
        "reads_expressions": requested_room.reads_expressions,
        "language": current_language(),
        "languages": LANGUAGES,
        "script_texts": {
            **script_texts(current_language()),
            **{kind: expression_name(kind) for kind in EXPRESSION_NAMES},
        },
    }
