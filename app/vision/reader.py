"""Reads the faces of frame after frame: detect, track, classify."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from app import PROJECT
from app.vision.classify import Classifier
from app.vision.crop import crop_faces
from app.vision.detect import Detector, Found, one_box_a_face
from app.vision.frame import Box, Face, Frame
from app.vision.motion import Motion, Still
from app.vision.sweep import Sweep
from app.vision.track import Track, Tracker
from app.vision.yunet import YuNet

MODEL = PROJECT / "models"


class FaceReader:
    """Finds the faces of one camera and says what expression each shows."""

    def __init__(self, threads: int = 1, detector: str = "haar") -> None:
        """Load detector and network; `detector` is as the setting DETECTOR.

        Raises RuntimeError (the detector) or ValueError (the weights), as one clear sentence.
        """
        self._detector = Detector()
        self._yunet = None if detector == "haar" else YuNet(Path(detector).expanduser())
        self._classifier = Classifier.load(MODEL, threads)
        self._view: tuple = ()
        self._tracker = Tracker()

    def read(self, frame: Frame) -> tuple[Face, ...]:
        """Give the faces in view. Frames must come in the order in which the camera gave them."""
        grey = cv2.cvtColor(frame.image, cv2.COLOR_BGR2GRAY)
        if (grey.shape, frame.blanked) != self._view:
            self._view = grey.shape, frame.blanked
            self._begin(*grey.shape)
        found = self._yunet.detect(frame.image) if self._yunet else self._find(grey, frame.monotonic)
        tracks = self._tracker.update(found, frame.monotonic)
        due = [track for track in tracks if track.is_due(frame.monotonic)]
        crops = crop_faces(grey, [track.found for track in due])
        for track, scores, is_face in zip(due, *self._classifier.read(crops), strict=True):
            track.read(scores, is_face, frame.monotonic)
        return self._tracker.faces(self._classifier.uncertain_below, self._classifier.face_below)

    def forget(self) -> None:
        """Forget every face: the next frame is of something else."""
        self._view = ()

    def _begin(self, height: int, width: int) -> None:
        """Forget every face: the picture has another size or other parts are left out, so it shows others."""
        self._tracker = Tracker()
        self._sweep = Sweep(width, height)
        self._motion = Motion()

    def _find(self, grey: np.ndarray, monotonic: float) -> list[Box]:
        """Where faces are: around each known one, and in what changed in the pieces whose turn it is."""
        found, known = [], []
        for track in self._tracker.tracks:
            here = self._look(grey, track, monotonic)
            if track.is_face(self._classifier.face_below):
                known += [box for _, box in here]
            found += here
        pieces = self._sweep.due(monotonic)
        rest = _without(grey, known) if pieces else grey
        for piece in pieces:
            part = self._motion.part(piece, grey, known)
            found += self._detector.search(rest, part) if part else []
        return one_box_a_face(found)

    def _look(self, grey: np.ndarray, track: Track, monotonic: float) -> list[Found]:
        """Where a known face is now: where it was, unless the picture has changed there."""
        if track.still is None or not track.still.holds(grey, monotonic):
            found = self._detector.look(grey, track.last_found)
            track.still = Still.of(grey, found, monotonic) if found else None
        return track.still.found if track.still else []


def _without(grey: np.ndarray, known: Sequence[Box]) -> np.ndarray:
    """The picture with one grey where a face is known: a search spends most of its time on faces."""
    rest = grey.copy()
    for box in known:
        face = rest[box.y : box.y + box.height, box.x : box.x + box.width]
        face[:] = face.mean()
    return rest
