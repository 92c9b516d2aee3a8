"""A recorded video, read with PyAV (FFmpeg) by the time stamps that the file itself has."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from itertools import chain
from typing import NamedTuple

import av
import numpy as np
from av.container import InputContainer
from av.format import Flags
from av.stream import Disposition
from av.video.stream import VideoStream

from app.camera.errors import CameraError, Reason, refusal_error
from app.camera.jpeg import InvalidJpeg, check_size
from app.camera.video import FORMATS, MAX_PIXELS, MAX_SIDE
from app.camera.video_pictures import Picture, VideoPictures
from app.language import Translatable

DEFAULT_FPS = 25.0
MAX_FPS = 240.0
THREADS = 2
"""For decoding. Each holds a picture back, 100 MB at MAX_PIXELS."""
MAX_SMEARED_SECONDS = 10.0
"""After damage the picture is smeared until the next key frame; one without key frames heals in this time."""
MIN_MISSING_SECONDS = 0.5  # at the end of a file: headers round
SEEK_LEADS_SECONDS = (0.0, 10.0, 60.0)
"""How long before its target a search begins: in some containers it ends behind the key frame."""
NO_FILMS = Disposition.attached_pic | Disposition.timed_thumbnails
EARLIEST_CREATION = datetime(1990, 1, 1, tzinfo=UTC)  # clocks that were never set say 1904, 1970 or 1980


class TimedImage(NamedTuple):
    """A picture of a video, and when it is shown."""

    seconds: float
    image: np.ndarray
    """BGR, uint8, (height, width, 3), the caller's to change."""


class VideoFile:
    """A recorded video, which can be read several times.

    Its seconds are those of the file's own clock, so the first picture may come later than 0. MPEG-TS and
    others whose clock starts anywhere begin at 0.
    """

    def __init__(
        self,
        source: str,
        shown: str,
        options: Mapping[str, str],
        opening_error: Callable[[], CameraError],
        timeout_seconds: float | None = None,
    ) -> None:
        """Open the file or address `source`, which messages name as `shown`, with FFmpeg's `options`.

        Raises CameraError: `opening_error()` if it is no video.
        """
        self.shown = shown
        self._source = source
        self._options = {**options, "format_whitelist": FORMATS}
        self._opening_error = opening_error
        self._timeout_seconds = timeout_seconds
        self.undecoded_seconds = 0.0
        """What the last reading left out because it is damaged or missing."""
        with self._opened() as (container, stream):
            rate = float(stream.average_rate or 0)
            self.fps = rate if 0 < rate <= MAX_FPS else DEFAULT_FPS
            """Pictures a second, on average."""
            self.start_seconds = _start_seconds(container)
            """The second of the container's clock that counts as 0."""
            self.duration_seconds = _end_seconds(container, stream, self.start_seconds)
            """When it ends by its own clock; None where the file does not say."""
            self.began_at = _creation_time(container)
            """When it was filmed, UTC; None where the file does not say."""
        with closing(self.frames()) as frames:
            first = next(frames, None)
        if first is None:
            raise self.damage_error()
        self.size = first.image.shape[1], first.image.shape[0]
        """Width and height in pixels, upright."""

    def frames(
        self, from_seconds: float = 0.0, is_wanted: Callable[[float], bool] = lambda seconds: True
    ) -> Iterator[TimedImage]:
        """Yield the pictures from `from_seconds` on whose time `is_wanted`; the others cost less.

        Damaged ones are left out. Raises CameraError if decoding one would take too much time or memory.
        """
        self.undecoded_seconds = 0.0
        leads = [lead for lead in SEEK_LEADS_SECONDS if lead < from_seconds]
        for lead in (*leads, None):
            with self._opened() as (container, stream):
                pictures = VideoPictures(container, stream, self.start_seconds, self.fps, self.shown)
                if lead is None:
                    yield from self._decoded(pictures, iter(pictures), from_seconds, is_wanted)
                elif found := _found(pictures, from_seconds - lead, from_seconds):
                    yield from self._decoded(pictures, found, from_seconds, is_wanted)
                    return

    def _decoded(
        self,
        pictures: VideoPictures,
        found: Iterator[Picture | None],
        from_seconds: float,
        is_wanted: Callable[[float], bool],
    ) -> Iterator[TimedImage]:
        """Decode what is `found` of the pictures, and note what is damaged or missing."""
        due = max(from_seconds, pictures.first_seconds)
        is_smeared = False
        for picture in found:
            if picture is None:
                is_smeared = True
                continue
            if is_smeared and not (picture.is_key or picture.seconds - due > MAX_SMEARED_SECONDS):
                continue
            if picture.seconds < from_seconds:
                is_smeared = False
                continue
            is_due = is_wanted(picture.seconds)
            image = picture.decode() if is_due else None
            if is_due and image is None:
                is_smeared = True
                continue
            if is_smeared:
                self.undecoded_seconds += max(0.0, picture.seconds - due)
                is_smeared = False
            due = picture.seconds + picture.duration
            if image is not None:
                yield TimedImage(picture.seconds, image)
        self.undecoded_seconds += max(0.0, self._end_of(pictures, is_smeared) - due)

    @contextmanager
    def opened_again(self) -> Iterator[InputContainer]:
        """Open the container, for what else it holds. Raises CameraError."""
        with self._opened() as (container, _):
            yield container

    def damage_error(self) -> CameraError:
        """Say that no picture can be decoded."""
        return CameraError(
            Reason.UNREADABLE,
            Translatable(
                "No picture in %(name)s can be decoded: it is cut off or damaged. Copy it again.",
                name=self.shown,
            ),
        )

    def _end_of(self, pictures: VideoPictures, is_smeared: bool) -> float:
        """The second at which the last picture should have ended; 0 where nothing is missing at the end."""
        claimed = self.duration_seconds or 0.0
        if pictures.last_packet_seconds < claimed - MIN_MISSING_SECONDS:
            return claimed
        return pictures.last_picture_seconds if is_smeared else 0.0

    @contextmanager
    def _opened(self) -> Iterator[tuple[InputContainer, VideoStream]]:
        """Open the file and the best of its videos. Raises CameraError."""
        try:
            container = av.open(
                self._source,
                options={"max_pixels": str(MAX_PIXELS)},
                container_options=self._options,
                metadata_errors="replace",
                timeout=self._timeout_seconds,
            )
        except av.error.FFmpegError:
            raise self._opening_error() from None
        with container:
            films = [stream for stream in container.streams.video if not stream.disposition & NO_FILMS]
            films = [stream for stream in films if stream.codec_context]
            if not films:
                raise self._opening_error()
            best = container.streams.best("video")
            stream = best if best in films else films[0]
            self._check_size(stream)
            stream.thread_type = "AUTO"
            stream.codec_context.thread_count = THREADS
            stream.codec_context.options = {"max_pixels": str(MAX_PIXELS)}
            yield container, stream

    def _check_size(self, stream: VideoStream) -> None:
        if not (stream.width and stream.height):
            return
        try:
            check_size(stream.width, stream.height, MAX_SIDE, MAX_PIXELS)
        except InvalidJpeg as error:
            raise refusal_error(self.shown, error.words) from None


def _found(
    pictures: VideoPictures, search_seconds: float, from_seconds: float
) -> Iterator[Picture | None] | None:
    """The pictures from the key frame before `search_seconds` on; None if they begin after `from_seconds`."""
    if not pictures.seek(search_seconds):
        return None
    following = iter(pictures)
    first = next((picture for picture in following if picture and picture.is_key), None)
    return chain([first], following) if first and first.seconds <= from_seconds else None


def _start_seconds(container: InputContainer) -> float:
    """The second of the container's clock that counts as 0."""
    start = (container.start_time or 0) / av.time_base
    starts_anywhere = container.format.flags & Flags.ts_discont.value
    return start if starts_anywhere else min(0.0, start)


def _end_seconds(container: InputContainer, stream: VideoStream, start_seconds: float) -> float | None:
    if not container.duration or container.format.flags & Flags.no_timestamps.value:
        return None
    seconds = container.duration / av.time_base
    match container.format.name:
        case "avi" if stream.average_rate:  # FFmpeg shortens an AVI that was cut off
            return max(seconds, float(stream.frames / stream.average_rate))
        case "matroska,webm":  # the others state the time from the first picture on
            return seconds
    return (container.start_time or 0) / av.time_base + seconds - start_seconds


def _creation_time(container: InputContainer) -> datetime | None:
    """What the container says of its beginning, if that can be; iPhones keep it under Apple's own name."""
    metadata = container.metadata
    for name in ("com.apple.quicktime.creationdate", "creation_time"):
        try:
            created = datetime.fromisoformat(metadata.get(name, "").strip())
        except ValueError:
            continue
        if created.tzinfo and created > EARLIEST_CREATION:
            return created.astimezone(UTC)
    return None
