"""Analyses a video as fast as possible, in its own time: a minute is a minute of the video."""

from collections.abc import Iterable

from app.clock import EPOCH
from app.monitor.minute_aggregator import MinuteAggregator
from app.offline.analysis_settings import SUPPRESSED_REMARK, AnalysisSettings
from app.offline.paths import OutputFiles
from app.offline.results import of_minute, write_minutes
from app.offline.video_reader import VideoReader
from app.offline.video_writer import annotated_video
from app.store.counted_minute import CountedMinute
from app.throttle import Throttle
from app.vision.face_analyser import FaceAnalyser
from app.vision.frame import Frame, Reading

MIN_REPORTED_SECONDS = 0.05  # of what could not be decoded: 0.1 s, rounded


def analyse_video(
    video: VideoReader,
    frames: Iterable[Frame],
    outputs: OutputFiles,
    analyser: FaceAnalyser,
    settings: AnalysisSettings,
) -> str:
    """Write an annotated copy, and the minutes; gives a summary in words.

    `frames` are those of `video`; the copy has their times, and the video's sound. Raises RecordingError, and
    then leaves no file behind.
    """
    minutes = _analyse_frames(video, frames, outputs, analyser, settings)
    about = {
        "file": video.path.name,
        "width": video.size[0],
        "height": video.size[1],
        "seconds": round(video.seconds, 3),
        "frames": video.frames_read,
        "undecoded_seconds": round(video.undecoded_seconds, 3),
        "minimum_group": settings.minimum_group,
        "network_sha256": settings.network_sha256,
    }
    rows = [of_minute(minute, EPOCH) for minute in minutes]
    write_minutes(outputs, about, rows)
    return _summary(video, minutes, any(row["suppressed"] for row in rows))


def _analyse_frames(
    video: VideoReader,
    frames: Iterable[Frame],
    outputs: OutputFiles,
    analyser: FaceAnalyser,
    settings: AnalysisSettings,
) -> list[CountedMinute]:
    """Analyse DETECT_FPS of the frames a second, and write all of them annotated."""
    aggregator, throttle, faces = MinuteAggregator(), Throttle(settings.detect_fps), ()
    analyser.reset()
    with annotated_video(outputs.annotated, video.video) as annotated:
        for frame in frames:
            if throttle.is_due(frame.monotonic):
                found = analyser.analyse(frame)
                reading = Reading(frame.captured_at, frame.monotonic, found)
                aggregator.add(reading, None, settings.minimum_group)
                faces = settings.without_suppressed(found)
            annotated.add(frame, faces, settings.hide_faces)
    return aggregator.unwritten_minutes()


def _summary(video: VideoReader, minutes: list[CountedMinute], suppressed: bool) -> str:
    online_seconds = sum(minute.online_seconds for minute in minutes)
    face_seconds = sum(minute.face_seconds for minute in minutes)
    faces_mean = face_seconds / online_seconds if online_seconds else 0.0
    faces_max = max(minute.faces_max for minute in minutes)
    summary = f"{video.seconds:.0f} s, {faces_mean:.1f} faces on average, at most {faces_max}"
    if suppressed:
        summary += f"; {SUPPRESSED_REMARK}"
    if video.undecoded_seconds >= MIN_REPORTED_SECONDS:
        summary += f"; {video.undecoded_seconds:.1f} s could not be decoded"
    return summary
