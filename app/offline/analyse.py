"""Analyses files one after another; an error in one does not stop the others."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import click
import cv2

from app.camera.errors import CameraError
from app.camera.files import check_name, is_picture, printable
from app.camera.video import silence_decoder
from app.offline.analysis_settings import AnalysisSettings
from app.offline.paths import Recording, RecordingError, output_files, recordings
from app.offline.picture import analyse_picture
from app.offline.video import analyse_video
from app.offline.video_reader import VideoReader
from app.vision.face_analyser import FaceAnalyser
from app.vision.frame import Frame


def analyse(paths: Sequence[Path], out: Path, analyser: FaceAnalyser, settings: AnalysisSettings) -> bool:
    """Analyse the files at `paths` and in the folders there; gives whether all of them succeeded."""
    silence_decoder()
    all_succeeded = True
    for path in paths:
        try:
            for recording in recordings(path, out):
                all_succeeded &= _analyse(recording, analyser, settings)
        except (RecordingError, OSError) as error:
            all_succeeded = _print_error(error)
    return all_succeeded


def _analyse(recording: Recording, analyser: FaceAnalyser, settings: AnalysisSettings) -> bool:
    try:
        holds_picture = is_picture(recording.path)
        outputs = output_files(recording, is_picture=holds_picture)
        if not holds_picture:
            check_name(outputs.annotated.absolute())  # FFmpeg writes it
        recording.out_folder.mkdir(parents=True, exist_ok=True)
        if holds_picture:
            summary = analyse_picture(recording.path, outputs, analyser, settings)
        else:
            video = VideoReader(recording.path)
            summary = analyse_video(video, _with_progress(video), outputs, analyser, settings)
    except (CameraError, RecordingError) as error:
        return _print_error(error)
    except (cv2.error, MemoryError) as error:
        cause = " ".join(str(error).split()) or "there is not enough memory"
        return _print_error(f"{recording.path} can't be analysed: {cause}.")
    except OSError as error:
        return _print_error(f"{error.filename} can't be written: {error.strerror}.")
    click.echo(printable(f"{outputs.annotated}: {summary}"))
    return True


def _with_progress(video: VideoReader) -> Iterator[Frame]:
    """Yield the frames of a video, and show how far it is."""
    with click.progressbar(length=round(video.duration_seconds or 1), label=video.path.name) as bar:
        for frame in video:
            bar.update(int(frame.monotonic) - bar.pos)
            yield frame


def _print_error(error: object) -> bool:
    click.echo(printable(f"Error: {error}"), err=True)
    return False
