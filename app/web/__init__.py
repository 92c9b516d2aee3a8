"""Everything that the web process serves: pages, the stream, JSON."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from zoneinfo import ZoneInfo

from apiflask import APIFlask
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
from app.vision.palette import STACK_ORDER
from app.web import (
    access,
    api,
    audit,
    compression,
    health,
    metrics,
    problems,
    request_checks,
    requested_room,
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


def init_app(app: APIFlask) -> None:
    """Add every page and endpoint to the application, and what they share."""
    settings = app.config["SETTINGS"]
    if proxies := settings.trusted_proxies:
        app.wsgi_app = ProxyFix(
            app.wsgi_app, x_for=proxies, x_proto=proxies, x_host=proxies, x_port=proxies, x_prefix=proxies
        )
    rooms = LiveRooms(app, SYSTEM_CLOCK)
    app.extensions.update(
        clock=SYSTEM_CLOCK,
        rooms=rooms,
        pulse_keeper=PulseKeeper(app, rooms, SYSTEM_CLOCK),
        database_health=DatabaseHealth(app, SYSTEM_CLOCK),
        trial_process=TrialProcess(effective_detector, settings.network),
    )
    app.config["STARTED_AT"] = SYSTEM_CLOCK.now()  # an open page that sees a later start reopens its stream
    app.url_map.strict_slashes = False  # /lectures/ is /lectures
    compression.init_app(app)  # first, so that it comes last, when an answer is complete
    requested_room.init_app(app)
    access.init_app(app)
    audit.init_app(app)
    single_sign_on.init_app(app)
    request_checks.init_app(app)
    problems.init_app(app)
    metrics.init_app(app)
    for module in (
        live_page,
        media,
        send_page,
        control,
        lectures_page,
        recordings_page,
        report_page,
        course_page,
        account,
        single_sign_on_page,
        my_account,
        people_page,
        audit_page,
        notice_page,
        model_page,
        settings_page,
        detector_page,
        rooms_page,
        privacy_areas_page,
        timetable_page,
        try_page,
        pulse_page,
        pulse_panel,
        language_choice,
        api_docs_page,
        health,
        metrics,
        style,
    ):
        app.register_blueprint(module.pages)
    api.init_app(app)
    app.register_blueprint(post_frame.api)
    app.register_blueprint(events.api)

    for reads in (
        wording.capital,
        wording.decimal,
        wording.duration,
        wording.faces,
        wording.interval,
        wording.percent,
        wording.why_no_shares,
        correlation_sentence,
    ):
        app.add_template_filter(reads)
    app.add_template_filter(expression_name, "word")
    app.add_template_filter(translate)
    for reads in (wording.clock, wording.day, wording.day_and_time, wording.zone):
        app.add_template_filter(partial(_in_current_zone, reads), reads.__name__)

    app.jinja_env.globals.update(
        emotions=EMOTIONS,
        stack_order=STACK_ORDER,
        kinds=tuple(EXPRESSION_NAMES),
        pulse_choices=CHOICE_NAMES,
        pulse_limits=PULSE_LIMITS,
    )  # for macros too

    @app.context_processor
    def for_every_page():
        return {
            "settings": settings,
            "visible_rooms": requested_room.visible_rooms,
            "reads_expressions": requested_room.reads_expressions,
            "language": current_language(),
            "languages": LANGUAGES,
            "script_texts": {
                **script_texts(current_language()),
                **{kind: expression_name(kind) for kind in EXPRESSION_NAMES},
            },
        }


def _in_current_zone(reads: Callable[[datetime, ZoneInfo], str], moment: datetime) -> str:
    return reads(moment, current_zone())
