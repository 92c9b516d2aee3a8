"""The card that is shown while there is no picture: what is wrong, why, and since when."""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from io import BytesIO
from zoneinfo import ZoneInfo

from PIL import Image, ImageDraw, ImageFont

from app import fonts
from app.bus.messages import MonitorStatus
from app.camera.errors import Reason
from app.language import Translatable, translate
from app.store.effective_settings import CurrentPause
from app.web.stream.monitor_health import MonitorHealth

BACKGROUND = "#16181d"
QUIET = "#9aa3b2"
LOUD = "#f2f4f8"
ACCENT = "#f0b35a"
MAX_DETAIL_LINES = 4

TITLES = {
    Reason.STARTING: Translatable("The camera is starting"),
    Reason.FROZEN: Translatable("The picture is frozen"),
    Reason.BLACK: Translatable("The picture is black"),
    Reason.STOPPED: Translatable("The camera has stopped"),
    Reason.WAITING: Translatable("Waiting for a browser's camera"),
    Reason.OUTSIDE_TIMETABLE: Translatable("No lecture is running"),
}
NO_PICTURE = Translatable("No picture from the camera")
NO_CAMERA = Translatable("This room has no camera")
NO_CAMERA_DETAIL = Translatable("Students say how they follow, with their telephones.")
PAUSED = Translatable("Nothing is analysed, recorded or shown until somebody resumes.")
SOON = Translatable("The first picture will appear in a moment.")
RESTARTING = Translatable("The camera process ended and is being restarted.")
NOT_STARTED = Translatable("No camera process is running. Start the server with gunicorn.")


@dataclass(frozen=True, slots=True)
class CardText:
    """The three texts on a card."""

    title: Translatable | str
    detail: Translatable | str = ""
    since: Translatable | str = ""

    def in_language(self, language: str) -> tuple[str, str, str]:
        """Title, detail and since, translated."""
        return (
            translate(self.title, language),
            translate(self.detail, language),
            translate(self.since, language),
        )


def card_text(
    pause: CurrentPause | None, status: MonitorStatus | None, monitor: MonitorHealth, timezone: ZoneInfo
) -> CardText:
    """Why there is no picture: the pause, else the camera's reason, else the monitor's."""
    if pause is not None:
        time = f"{pause.since.astimezone(timezone):%H:%M}"
        return CardText(Translatable("Paused since %(time)s by %(name)s", time=time, name=pause.by), PAUSED)
    if status is not None and status.camera.reason == Reason.PAUSED:  # no longer: the monitor lags behind
        return CardText(TITLES[Reason.STARTING], SOON)
    if status is not None and not status.camera.is_online:
        camera = status.camera
        title = TITLES.get(camera.reason, NO_PICTURE)
        return CardText(title, camera.detail or "", _since(camera.since, timezone))
    since = _since(monitor.since, timezone)
    if monitor.failure is not None:
        return CardText(NO_PICTURE, monitor.failure, since)
    if monitor.is_running:
        return CardText(TITLES[Reason.STARTING], SOON, since)
    if monitor.restarts:
        return CardText(NO_PICTURE, RESTARTING, since)
    return CardText(NO_PICTURE, NOT_STARTED)


def _since(moment: datetime | None, timezone: ZoneInfo) -> Translatable | str:
    if moment is None:
        return ""
    return Translatable("since %(time)s", time=f"{moment.astimezone(timezone):%H:%M:%S %Z}")


@lru_cache(maxsize=32)
def draw_card(title: str, detail: str, since: str, size: tuple[int, int]) -> bytes:
    """Draw a card of `size` (width, height) pixels, as JPEG."""
    width, height = size
    unit = min(width / 16, height / 9)
    card = Image.new("RGB", size, BACKGROUND)
    pen = ImageDraw.Draw(card)
    left, top = width * 0.12, height * 0.36
    title_font, body, small = (ImageFont.truetype(fonts.REGULAR, unit * scale) for scale in (0.62, 0.34, 0.3))
    pen.rounded_rectangle(
        (left - unit * 0.5, top, left - unit * 0.38, top + unit * 2.6), radius=unit * 0.06, fill=ACCENT
    )
    pen.text((left, top), title, font=title_font, fill=LOUD)
    line_top = top + unit * 1.05
    for line in _wrap(detail, body, width * 0.76)[:MAX_DETAIL_LINES]:
        pen.text((left, line_top), line, font=body, fill=QUIET)
        line_top += unit * 0.46
    pen.text((left, line_top + unit * 0.18), since, font=small, fill=ACCENT)
    encoded = BytesIO()
    card.save(encoded, "JPEG", quality=85)
    return encoded.getvalue()


def _wrap(text: str, font: ImageFont.FreeTypeFont, width: float) -> list[str]:
    """Break a text into lines of at most `width` pixels; a longer word stands alone."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if font.getlength(longer) <= width or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines
