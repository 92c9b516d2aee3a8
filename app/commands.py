"""The `flask` commands."""

import os
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click
from flask import Flask, current_app
from flask.cli import AppGroup, run_command, with_appcontext
from sqlalchemy.exc import SQLAlchemyError

from app.clock import SYSTEM_CLOCK
from app.core_dump import forbid_core_dump
from app.language import LANGUAGES, translate
from app.report.exports import FORMATS, filename
from app.report.lecture_report import ReportConditions, report_of
from app.role import Role
from app.server.address import url_to_open
from app.store import (
    audit_queries,
    detector_file,
    lecture_queries,
    link_queries,
    retention,
    room_queries,
    user_queries,
)
from app.store.audit_queries import AuditAction
from app.store.backup import BackupError, open_backup, restore_backup, write_backup
from app.store.database_health import is_outage, is_unmigrated, sentence
from app.store.effective_settings import effective_settings, first_room
from app.vision.detection.yunet_file import PUBLISHED_URL
from app.vision.model_card import WeightsError, read_model_card


class DatabaseErrorMixin:
    """Reports a database that is away, full or not migrated as one sentence instead of a trace."""

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except SQLAlchemyError as error:
            if not (is_outage(error) or is_unmigrated(error)):
                raise
            raise click.ClickException(sentence(error)) from None


class Group(DatabaseErrorMixin, AppGroup):
    """A group with such sentences, whose commands run in the application context."""


class Command(DatabaseErrorMixin, click.Command):
    """A command with such sentences, outside any group."""


user = Group("user", help="Accounts.")
token = Group("token", help="API tokens.")
recording = Group("recording", help="Recordings that become lectures.")
report = Group("report", help="Reports of lectures.")
monitor = Group("monitor", help="The process that reads the camera.")
camera = Group("camera", help="Cameras.")
detector = Group("detector", help="The face detector.")

ROLES = click.Choice([role.value for role in Role])
ROLE_OPTION = click.option("--role", type=ROLES, help="What they may do.")
PASSWORD_OPTION = click.password_option(help="Prompted for if it is not given.")


def init_app(app: Flask) -> None:
    """Add the commands to the application."""
    for group in (user, token, recording, report, monitor, camera, detector):
        app.cli.add_command(group)
    for command in (analyse, purge, backup, restore):
        app.cli.add_command(command)
    context = click.get_current_context(silent=True)
    if context is not None and context.command is run_command:
        click.echo(
            "`flask run` serves pages without a monitor: no picture. Use `make run` or `gunicorn wsgi:app`",
            err=True,
        )


@user.command("create")
@click.argument("name")
@PASSWORD_OPTION
@ROLE_OPTION
def create_user(name: str, password: str, role: str | None) -> None:
    """Create an account. The first one is an administrator's, others a teacher's unless --role says more."""
    if user_queries.find_user(name):
        raise click.ClickException(f"There is a user {name!r} already; `user password` changes the password.")
    _set_password(name, password)
    if role is not None:
        _set_role(name, role)
    _record(AuditAction.ACCOUNT_CREATED, name)


@user.command("password")
@click.argument("name")
@PASSWORD_OPTION
def change_password(name: str, password: str) -> None:
    """Change the password of an account."""
    _find_user(name)
    _set_password(name, password)
    _record(AuditAction.PASSWORD_CHANGED, name)


@user.command("list")
def list_users() -> None:
    """List the accounts: name, role, rooms, and when they were last used (UTC)."""
    last_uses = user_queries.last_uses()
    for each in user_queries.all_users():
        has_all = each.is_administrator or each.has_all_rooms
        rooms = "all rooms" if has_all else ", ".join(room.name for room in each.rooms) or "no room"
        used_at = last_uses.get(each.id)
        last = f"{used_at:%Y-%m-%d %H:%M}" if used_at else "never"
        click.echo("\t".join((each.name, each.role, rooms, last)))


@user.command("role")
@click.argument("name")
@click.argument("role", type=ROLES)
def change_role(name: str, role: str) -> None:
    """Change the role of an account."""
    _find_user(name)
    _set_role(name, role)
    _record(AuditAction.ROLE_CHANGED, f"{name}: {role}")


@user.command("reset")
@click.argument("name")
def reset_user(name: str) -> None:
    """Print a link with which NAME sets a new password. It works once, for seven days."""
    key = link_queries.create_password_link(_find_user(name), "", SYSTEM_CLOCK.now())
    settings = current_app.config["SETTINGS"]
    click.echo(f"{url_to_open(settings.host, settings.port)}/link?key={key}")
    _record(AuditAction.PASSWORD_LINK_MADE, name)


@user.command("remove")
@click.argument("name")
@click.option("--lectures-to", metavar="NAME", help="Who gets the lectures.")
@click.option("--delete-lectures", is_flag=True, help="Delete the lectures.")
def remove_user(name: str, lectures_to: str | None, delete_lectures: bool) -> None:
    """Remove an account."""
    account = _find_user(name)
    count = lecture_queries.count_lectures_of(account)
    if bool(lectures_to) == delete_lectures and (count or lectures_to):
        raise click.ClickException(
            f"{name} has {count} lectures: give --lectures-to NAME or --delete-lectures."
        )
    heir = _find_user(lectures_to) if lectures_to else None
    if heir is not None and heir.id == account.id:
        raise click.ClickException("Give the lectures to somebody else.")
    try:
        user_queries.remove_user(account, heir)
    except user_queries.LastAdministrator as error:
        raise click.ClickException(str(error)) from None
    _record(AuditAction.ACCOUNT_REMOVED, name)


@token.command("create")
@click.argument("name")
@click.option("--for", "purpose", default="", help="What it is for; the lists show it.")
@click.option("--read-only", is_flag=True, help="Let it read and change nothing.")
@click.option("--days", type=click.IntRange(1, 3650), help="How long it works; without it, until revoked.")
def create_token(name: str, purpose: str, read_only: bool, days: int | None) -> None:
    """Create an API token for the user NAME. It is printed only this once."""
    now = SYSTEM_CLOCK.now()
    expires_at = now + timedelta(days=days) if days else None
    account = _find_user(name)
    click.echo(
        user_queries.create_token(account, now, purpose[:80], is_read_only=read_only, expires_at=expires_at)
    )
    _record(AuditAction.KEY_CREATED, f"{name}: {purpose}")


@token.command("list")
def list_tokens() -> None:
    """List the tokens: ID, user, what it is for, what it may, until when, last use (UTC)."""
    for each in user_queries.all_tokens():
        may = "read" if each.is_read_only else "read and change"
        until = f"until {each.expires_at:%Y-%m-%d}" if each.expires_at else "no end"
        last = f"{each.used_at:%Y-%m-%d %H:%M}" if each.used_at else "never"
        click.echo("\t".join((str(each.id), each.user.name, each.name or "-", may, until, last)))


@token.command("revoke")
@click.argument("token_id", metavar="ID", type=int)
def revoke_token(token_id: int) -> None:
    """Revoke token ID."""
    found = user_queries.token_by_id(token_id)
    if found is None:
        raise click.ClickException(f"There is no token {token_id}; `token list` lists them.")
    subject = f"{found.user.name}: {found.name}"
    user_queries.revoke_token(found)
    _record(AuditAction.KEY_REVOKED, subject)


@report.command("export")
@click.argument("lecture_id", metavar="ID", type=int)
@click.option("--format", "extension", type=click.Choice(list(FORMATS)), default="xlsx")
def export_report(lecture_id: int, extension: str) -> None:
    """Write the report of lecture ID to a file in the current folder, and print its name."""
    lecture = lecture_queries.find_lecture(lecture_id)
    if lecture is None:
        raise click.ClickException(f"There is no lecture {lecture_id}.")
    card = read_model_card(current_app.config["SETTINGS"].network)
    conditions = ReportConditions(effective_settings(lecture.room).minimum_group, card)
    lecture_report = report_of(lecture, SYSTEM_CLOCK.now(), conditions)
    zone = room_queries.zone_of(lecture.room)
    path = Path(filename(lecture_report, extension, zone))
    path.write_bytes(FORMATS[extension].write(lecture_report, zone))
    click.echo(path)


@recording.command("add")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--title", required=True, help="The lecture's title.")
@click.option("--course", default="", help="Its course.")
@click.option("--room", "room_name", help="The room's name; by default the first room.")
@click.option(
    "--began",
    metavar="TIME",
    help="When it began, in the room's time, such as 2026-11-20T10:15; by default what the file says.",
)
@click.option(
    "--owner", "owner_name", metavar="NAME", help="Whose lecture it is; by default the administrators'."
)
def add_recording(
    file: Path, title: str, course: str, room_name: str | None, began: str | None, owner_name: str | None
) -> None:
    """Read the video FILE into a lecture with a report, and print its number. FILE stays as it is."""
    # imported here: OpenCV and the network, which few commands need
    from app.camera.errors import CameraError
    from app.offline.recording import read_file
    from app.store.recording_queries import NewRecording
    from app.store.recording_time import BadTime

    forbid_core_dump()
    room = first_room() if room_name is None else room_queries.find_room(room_name)
    if room is None or room.archived_at is not None:
        raise click.ClickException(f"There is no room {room_name!r} in use.")
    owner = _find_user(owner_name) if owner_name else None
    began_at = _moment(began, room_queries.zone_of(room)) if began else None
    new = NewRecording(title[:200], course[:200], began_at, file.name[:255], file.stat().st_size)
    try:
        lecture = read_file(current_app.config["SETTINGS"], file, new, room, owner)
    except BadTime as error:
        raise click.ClickException(f"{error} Give --began.") from None
    except (CameraError, RuntimeError, WeightsError) as error:  # RuntimeError: from the detector
        raise click.ClickException(str(error)) from None
    click.echo(f"Lecture {lecture.id}")
    _record(AuditAction.RECORDING_ADDED, str(lecture.id))


def _moment(text: str, zone: ZoneInfo) -> datetime:
    """The moment that a person wrote, in `zone` unless it has an offset of its own."""
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise click.ClickException(f"{text!r} is no time; write it as 2026-11-20T10:15.") from None


@monitor.command("run")
def run_monitor() -> None:
    """Read rooms until SIGTERM, and send pictures to the web processes through Redis.

    Each room is read by one machine; start this on as many machines as are needed. Recordings on this
    machine's disk are read too. Without REDIS_URL the web process reads the rooms itself.
    """
    app = current_app._get_current_object()  # threads have no current_app
    if app.config["SETTINGS"].redis_url is None:
        raise click.ClickException(
            "The web process runs the monitors itself. To run them separately, set REDIS_URL for both."
        )
    from app.runner import monitor_machine  # imported here: redis and OpenCV, which few commands need

    monitor_machine.run(app)


@camera.command("check")
@click.argument("source")
@click.option(
    "--picture",
    type=click.Path(dir_okay=False, allow_dash=True),
    help="Write its picture to this JPEG file; `-` writes it to stdout, and the words to stderr.",
)
@click.option("--hide-faces", is_flag=True, help="Show the picture as if through frosted glass.")
@click.option("--language", type=click.Choice(list(LANGUAGES)), hidden=True, help="For the settings page.")
@click.option(
    "--leave-out",
    type=click.FloatRange(0, 1),
    nargs=4,
    multiple=True,
    metavar="LEFT TOP WIDTH HEIGHT",
    help="Blank an area of the picture, in fractions of its size. Repeatable.",
)
def check(
    source: str,
    picture: str | None,
    hide_faces: bool,
    language: str | None,
    leave_out: tuple[tuple[float, ...], ...],
) -> None:
    """Open SOURCE as the setting CAMERA would be, and report what it gives; `-` reads SOURCE from stdin."""
    from app.camera.check import check_camera  # imported here: OpenCV, which few commands need
    from app.camera.errors import CameraError
    from app.vision.annotate import annotate, encode
    from app.vision.privacy_area import PrivacyArea, blank

    forbid_core_dump()
    settings = current_app.config["SETTINGS"]
    spec = click.get_text_stream("stdin").read() if source == "-" else source
    try:
        checked = check_camera(spec, settings.stall_seconds, timezone=settings.timezone)
    except (CameraError, ValueError) as error:
        raise click.ClickException(translate(error, language)) from None
    if picture is not None:
        blank(checked.image, [PrivacyArea(*area) for area in leave_out])
        jpeg = encode(annotate(checked.image, (), hide_faces), settings.jpeg_quality)
        with click.open_file(picture, "wb") as file:
            file.write(jpeg)
    click.echo(translate(checked.summary, language), err=picture == "-")


@detector.command("install")
@click.option(
    "--from",
    "source",
    metavar="URL or FILE",
    default=PUBLISHED_URL,
    help="Take it from here, not from the OpenCV Zoo.",
)
def install_detector(source: str) -> None:
    """Install YuNet, which finds more turned and covered faces than the cascades, for all rooms."""
    from app.detector.install import InstallError, install_from  # imported here: OpenCV

    forbid_core_dump()
    try:
        path = install_from(source, detector_file.folder())
    except InstallError as error:
        raise click.ClickException(str(error)) from None
    _record(AuditAction.DETECTOR_CHANGED, "YuNet")
    click.echo(f"YuNet is installed in {path}.")
    if current_app.config["SETTINGS"].detector is None:
        click.echo("Machines that share this folder use it within a minute. `detector remove` switches back.")
    else:
        click.echo("DETECTOR is set, so nothing else changes. Without it, this file is used.")


@detector.command("remove")
def remove_detector() -> None:
    """Delete YuNet's file: all rooms use OpenCV's cascades again."""
    try:
        detector_file.remove()
    except OSError as error:
        raise click.ClickException(f"{error.filename} can't be deleted: {error.strerror}.") from None
    _record(AuditAction.DETECTOR_CHANGED, "cascades")
    click.echo("YuNet is removed.")


@click.command("analyse", cls=Command)
@click.argument("paths", nargs=-1, required=True, metavar="PATH…", type=click.Path(path_type=Path))
@click.option(
    "--out",
    required=True,
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for the annotated copies and the results; created if it is missing.",
)
@with_appcontext
def analyse(paths: tuple[Path, ...], out: Path) -> None:
    """Analyse pictures, videos and folders of them like the camera: annotated copies, CSV and JSON."""
    # imported here: OpenCV and the network, which few commands need
    from app.offline.analyse import analyse as analyse_all
    from app.offline.analysis_settings import AnalysisSettings
    from app.vision.face_analyser import FaceAnalyser

    forbid_core_dump()
    settings = current_app.config["SETTINGS"]
    effective = effective_settings(first_room())
    analysis_settings = AnalysisSettings(
        effective.minimum_group,
        effective.hide_faces,
        settings.detect_fps,
        settings.jpeg_quality,
        read_model_card(settings.network).sha256,
    )
    try:
        analyser = FaceAnalyser(effective.detector, network=settings.network)
    except (RuntimeError, WeightsError) as error:  # RuntimeError: from the detector
        raise click.ClickException(str(error)) from None
    if not analyse_all(paths, out, analyser, analysis_settings):
        raise SystemExit(1)


@click.command("purge", cls=Command)
@with_appcontext
def purge() -> None:
    """Delete what is older than RETENTION_DAYS, in each room. The monitor does the same every hour."""
    first_id = first_room().id
    for room, days, deleted in retention.purge(SYSTEM_CLOCK.now()):
        prefix = "" if room.id == first_id else f"{room.name}: "
        click.echo(f"{prefix}{deleted} minutes older than {days} days deleted.")


@click.command("backup", cls=Command)
@click.argument("file", metavar="FILE")
@with_appcontext
def backup(file: str) -> None:
    """Write the whole database to FILE, or to stdout if FILE is `-`. The server may run meanwhile."""
    try:
        if file == "-":
            counts = write_backup(sys.stdout.buffer, SYSTEM_CLOCK.now())
            sys.stdout.buffer.flush()
        else:
            counts = _write_backup_file(Path(file))
    except FileExistsError:
        raise click.ClickException(f"{file} exists already; a backup overwrites nothing.") from None
    except OSError as error:
        raise click.ClickException(f"{file} can't be written: {error.strerror}.") from None
    except BackupError as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"Wrote {_counted(counts)} to {'stdout' if file == '-' else file}.", err=file == "-")


def _write_backup_file(path: Path) -> dict[str, int]:
    """Write a backup that only its owner may read; leave no part of one behind."""
    with open(path, "xb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        try:
            counts = write_backup(file, SYSTEM_CLOCK.now())
            file.flush()
            os.fsync(file.fileno())
        except BaseException:  # also where somebody presses Ctrl+C
            path.unlink()
            raise
    return counts


@click.command("restore", cls=Command)
@click.argument("file", metavar="FILE")
@click.option("--replace", is_flag=True, help="Delete what the database holds.")
@with_appcontext
def restore(file: str, replace: bool) -> None:
    """Fill an empty database with the backup FILE, or stdin if FILE is `-`. Stop the server first."""
    try:
        with click.open_file(file, "rb") as opened:
            found = open_backup(opened)
            restore_backup(found, replace=replace)
    except OSError as error:
        raise click.ClickException(f"{file} can't be read: {error.strerror}.") from None
    except (BackupError, RuntimeError) as error:  # RuntimeError: from a migration
        raise click.ClickException(str(error)) from None
    made_at = f"{found.made_at:%Y-%m-%d %H:%M} UTC"
    click.echo(f"Restored {_counted(found.counts)}, as they were on {made_at} (Aula {found.version}).")
    _record(AuditAction.BACKUP_RESTORED, made_at)


def _counted(counts: Mapping[str, int]) -> str:
    """The number of rows, in all and by table."""
    tables = ", ".join(f"{name} {count:,}" for name, count in counts.items() if count)
    return f"{sum(counts.values()):,} rows ({tables or 'all tables are empty'})"


def _find_user(name: str):
    account = user_queries.find_user(name)
    if account is None:
        raise click.ClickException(f"There is no user {name!r}.")
    return account


def _set_role(name: str, role: str) -> None:
    try:
        user_queries.set_role(_find_user(name), Role(role))
    except user_queries.LastAdministrator as error:
        raise click.ClickException(str(error)) from None


def _record(action: AuditAction, subject: str) -> None:
    """Record in the audit what a command did; who typed it is unknown."""
    entry = audit_queries.entry(action, subject, "", None, None, SYSTEM_CLOCK.now())
    audit_queries.add_entries([entry])


def _set_password(name: str, password: str) -> None:
    from app.web.forms import MIN_PASSWORD_LENGTH

    if len(password) < MIN_PASSWORD_LENGTH:
        raise click.ClickException(f"A password has at least {MIN_PASSWORD_LENGTH} characters.")
    user_queries.set_password(name, password)
