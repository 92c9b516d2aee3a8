"""The `flask` commands."""

from pathlib import Path

import click
from flask import Flask, current_app
from flask.cli import AppGroup, with_appcontext
from sqlalchemy.exc import SQLAlchemyError

from app.clock import SYSTEM_CLOCK
from app.language import LANGUAGES, say
from app.report.exports import formats
from app.report.model_card import model_card
from app.report.report import ReportConditions, report_of
from app.store import lecture_queries, retention, user_queries
from app.store.effective_settings import effective_settings

user = AppGroup("user", help="Accounts.")
token = AppGroup("token", help="Keys for programs.")
report = AppGroup("report", help="Reports of lectures.")
monitor = AppGroup("monitor", help="The background worker.")
camera = AppGroup("camera", help="Cameras.")
detector = AppGroup("detector", help="What finds the faces.")

ASK_PASSWORD = click.password_option(help="Asked for if it is not given.")


def init_app(app: Flask) -> None:
    """Add the commands to the application."""
    for group in (user, token, report, monitor, camera, detector):
        app.cli.add_command(group)
    app.cli.add_command(analyse)
    app.cli.add_command(purge)


@user.command("create")
@click.argument("name")
@ASK_PASSWORD
@click.option("--administrator", is_flag=True, help="May change the settings; so may the first user.")
def create_user(name: str, password: str, administrator: bool) -> None:
    """Make an account."""
    if user_queries.find_user(name):
        raise click.ClickException(f"There is a user {name!r} already; `user password` changes the password.")
    _set_password(name, password, administrator)


@user.command("password")
@click.argument("name")
@ASK_PASSWORD
def change_password(name: str, password: str) -> None:
    """Change the password of an account."""
    _find_user(name)
    _set_password(name, password)


@token.command("create")
@click.argument("name")
def create_token(name: str) -> None:
    """Make a token for the user NAME and print it, this once."""
    click.echo(user_queries.create_token(_find_user(name), SYSTEM_CLOCK.now()))


@report.command("export")
@click.argument("lecture_id", metavar="ID", type=int)
@click.option("--format", "extension", type=click.Choice(list(formats.FORMATS)), default="xlsx")
def export_report(lecture_id: int, extension: str) -> None:
    """Write the report of the lecture ID into a file here and print the file's name."""
    lecture = lecture_queries.find_lecture(lecture_id)
    if lecture is None:
        raise click.ClickException(f"There is no lecture {lecture_id}.")
    settings = current_app.config["SETTINGS"]
    made = report_of(
        lecture, SYSTEM_CLOCK.now(), ReportConditions(effective_settings().minimum_group, model_card())
    )
    path = Path(formats.filename(made, extension, settings.timezone))
    _, write = formats.FORMATS[extension]
    path.write_bytes(write(made, settings.timezone))
    click.echo(path)


@monitor.command("run")
def run_monitor() -> None:
    """Read the camera until told to end; web processes hear it through Redis.

    Without REDIS_URL the web process starts this itself.
    """
    from app.monitor import process  # it brings OpenCV, which few commands need

    app = current_app._get_current_object()  # threads have no current_app
    settings = app.config["SETTINGS"]
    if settings.redis_url is None:
        raise click.ClickException(
            "The web process runs the monitor itself. To run it on its own, set REDIS_URL for both."
        )
    from app.bus.redis_link import MonitorLink, SignedChannel

    link = MonitorLink(SignedChannel.of(settings))
    process.run(app, link, link.owned())


@camera.command("check")
@click.argument("source")
@click.option("--picture", type=click.Path(dir_okay=False), help="Where to write what it sees, as JPEG.")
@click.option("--language", type=click.Choice(list(LANGUAGES)), hidden=True, help="For the settings page.")
@click.option(
    "--leave-out",
    type=click.FloatRange(0, 1),
    nargs=4,
    multiple=True,
    metavar="LEFT TOP WIDTH HEIGHT",
    help="Blank a part of the picture, in fractions of it; may be given again.",
)
def check(
    source: str,
    picture: str | None,
    language: str | None,
    leave_out: tuple[tuple[float, ...], ...],
) -> None:
    """Open SOURCE as CAMERA would be, and say what it gives; `-` reads it from standard input."""
    from app.camera.check import check_camera  # it brings OpenCV, which few commands need
    from app.camera.errors import CameraError
    from app.vision.annotate import encode
    from app.vision.privacy_area import PrivacyArea, blank

    settings = current_app.config["SETTINGS"]
    spec = click.get_text_stream("stdin").read() if source == "-" else source
    try:
        found = check_camera(spec, settings.stall_seconds, timezone=settings.timezone)
    except (CameraError, ValueError) as error:
        raise click.ClickException(say(error, language)) from None
    if picture is not None:
        blank(found.image, [PrivacyArea(*part) for part in leave_out])
        Path(picture).write_bytes(encode(found.image, settings.jpeg_quality))
    click.echo(say(found.words, language))


@detector.command("install")
@click.option("--from", "source", metavar="URL", help="Another place than the OpenCV Zoo.")
def install_detector(source: str | None) -> None:
    """Fetch YuNet, which finds more turned and covered faces than the cascade, and say how to use it."""
    from app.vision.detection.fetch_yunet import SOURCE, FetchError, fetch_detector  # it brings OpenCV

    try:
        path = fetch_detector(Path(current_app.instance_path), source or SOURCE)
    except FetchError as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"YuNet is in place, as it was published. To use it, set\n\n    DETECTOR={path}\n")
    click.echo("in the environment or in .env, and start the server again. DETECTOR=haar switches back.")


@click.command("analyse")
@click.argument("paths", nargs=-1, required=True, metavar="PATH…", type=click.Path(path_type=Path))
@click.option(
    "--out",
    required=True,
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for the copies and figures; it is made if need be.",
)
@with_appcontext
def analyse(paths: tuple[Path, ...], out: Path) -> None:
    """Read pictures, videos and folders of them, as the camera is read: marked copies, CSV and JSON."""
    from app.offline.analyse import analyse as analyse_all  # it brings OpenCV and the network
    from app.offline.rules import PublicationRules
    from app.vision.face_analyser import FaceAnalyser

    settings = current_app.config["SETTINGS"]
    try:
        now = effective_settings()
    except SQLAlchemyError:
        raise click.ClickException(
            "The database doesn't say what is in force. Set it up: flask --app wsgi db upgrade."
        ) from None
    rules = PublicationRules(
        now.minimum_group, now.hide_faces, settings.detect_fps, settings.jpeg_quality, model_card().sha256
    )
    try:
        analyser = FaceAnalyser(detector=settings.detector)
    except (RuntimeError, ValueError) as error:
        raise click.ClickException(str(error)) from None
    if not analyse_all(paths, out, analyser, rules):
        raise SystemExit(1)


@click.command("purge")
@with_appcontext
def purge() -> None:
    """Delete what is older than RETENTION_DAYS. The monitor does the same every hour."""
    days = effective_settings().retention_days
    deleted = retention.delete_older_than(days, SYSTEM_CLOCK.now())
    click.echo(f"{deleted} minutes older than {days} days deleted.")


def _find_user(name: str):
    found = user_queries.find_user(name)
    if found is None:
        raise click.ClickException(f"There is no user {name!r}.")
    return found


def _set_password(name: str, password: str, administrator: bool = False) -> None:
    from app.web.forms import MIN_PASSWORD_LENGTH

    if len(password) < MIN_PASSWORD_LENGTH:
        raise click.ClickException(f"A password has at least {MIN_PASSWORD_LENGTH} characters.")
    user_queries.set_password(name, password, administrator)
