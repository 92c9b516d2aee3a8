"""The command `analyse`: one recording after another, and what is wrong with one stops none of the others."""

from collections.abc import Sequence
from pathlib import Path

import click

from app.camera.errors import CameraError
from app.camera.files import is_picture, silence_decoder
from app.offline.paths import Recording, RecordingError, outputs, recordings
from app.offline.picture import analyse_picture
from app.offline.rules import PublicationRules
from app.offline.video import RecordedVideo, analyse_video
from app.vision.face_analyser import FaceAnalyser


def analyse(paths: Sequence[Path], out: Path, analyser: FaceAnalyser, rules: PublicationRules) -> bool:
    """Analyse the files, and those in the folders, at `paths`; gives whether all of them could be."""
    silence_decoder()
    all_well = True
    for path in paths:
        try:
            for recording in recordings(path, out):
                all_well &= _analyse(recording, analyser, rules)
        except RecordingError as error:
            all_well = _refuse(error)
    return all_well


def _analyse(recording: Recording, analyser: FaceAnalyser, rules: PublicationRules) -> bool:
    try:
        picture = is_picture(recording.path)
        made = outputs(recording, is_picture=picture)
        recording.folder.mkdir(parents=True, exist_ok=True)
        if picture:
            said = analyse_picture(recording.path, made, analyser, rules)
        else:
            video = RecordedVideo(recording.path)
            with click.progressbar(video, video.count or None, recording.path.name) as frames:
                said = analyse_video(video, frames, made, analyser, rules)
    except (CameraError, RecordingError) as error:
        return _refuse(error)
    except OSError as error:
        return _refuse(f"{error.filename} can't be written: {error.strerror}.")
    click.echo(f"{made.copy}: {said}")
    return True


def _refuse(why: object) -> bool:
    click.echo(f"Error: {why}", err=True)
    return False
