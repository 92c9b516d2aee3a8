"""How steadily faces are named in real clips: changes a second and a face, and how many faces are shown.

`python -m benchmarks.names`. A change is another name, or a name that comes or goes, between two readings of
one track. Each clip is read at DETECT_FPS, with the cascades and with YuNet.
"""

from collections.abc import Iterator

from app.vision.detection.yunet import YUNET_FILE
from app.vision.detector_choice import CASCADES
from app.vision.face_analyser import FaceAnalyser
from app.vision.frame import Frame
from benchmarks.films import CLIPS, SCENES, clip
from benchmarks.table import show

YUNET = SCENES.parents[1] / "weights" / YUNET_FILE
MORE_CLIPS = ("intel_two_headpose.gif", "intel_three_walk_and_pause.gif", "intel_man_headpose.gif")
FPS, SECONDS = 5, 30


def measure(name: str, detector: str, frames: Iterator[Frame]) -> dict:
    """One row for a clip and a value of the setting DETECTOR."""
    analyser = FaceAnalyser(detector)
    names: dict[int, object] = {}
    changes, face_seconds, named, faces, readings, before = 0, 0.0, 0, 0, 0, None
    for frame in frames:
        seen = analyser.analyse(frame)
        readings += 1
        faces += len(seen)
        named += sum(face.emotion is not None for face in seen)
        stayed = [face for face in seen if face.track_id in names]
        if before is not None:
            face_seconds += len(stayed) * (frame.monotonic - before)
        changes += sum(names[face.track_id] is not face.emotion for face in stayed)
        names = {face.track_id: face.emotion for face in seen}
        before = frame.monotonic
    return {
        "clip": name,
        "detector": "cascades" if detector == CASCADES else "YuNet",
        "faces a reading": faces / readings,
        "named": named / max(1, faces),
        "changes a second and face": changes / max(1e-9, face_seconds),
    }


if __name__ == "__main__":
    clips = [clip(SCENES / name, SECONDS, FPS) for name in CLIPS + MORE_CLIPS]
    detectors = (CASCADES, str(YUNET))
    show("names", [measure(film.name, each, film.frames()) for film in clips for each in detectors])
