"""Reads the faces of frame after frame: detect, track, classify."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from app import PROJECT
from app.vision.crop import crop_faces
from app.vision.detection.cascade_detector import CascadeDetector, Detection, one_box_a_face
from app.vision.detection.motion import MotionDetector, StillPatch
from app.vision.detection.sweep import sweeps
from app.vision.detection.yunet import YuNet
from app.vision.expression_network import ExpressionClassifier
from app.vision.frame import Box, Face, Frame
from app.vision.track import Track, Tracker

MODEL = PROJECT / "models"


class FaceAnalyser:
    """Finds the faces of one camera and says what expression each shows."""

    def __init__(self, threads: int = 1, detector: str = "haar") -> None:
        """Load detector and network; `detector` is as the setting DETECTOR.

        Raises RuntimeError (the detector) or ValueError (the weights), as one clear sentence.
        """
        if detector == "haar":
            self._detector, self._yunet = CascadeDetector(), None
        else:
            self._detector, self._yunet = None, YuNet(Path(detector).expanduser())
        self._classifier = ExpressionClassifier.load(MODEL, threads)
        self._view: tuple = ()
        self._tracker = Tracker()

    def analyse(self, frame: Frame) -> tuple[Face, ...]:
        """Give the faces in view. Frames must come in the order in which the camera gave them."""
        grey = cv2.cvtColor(frame.image, cv2.COLOR_BGR2GRAY)
        if (grey.shape, frame.blanked) != self._view:
            self._view = grey.shape, frame.blanked
            self._begin(*grey.shape)
        found = self._yunet.detect(frame.image) if self._yunet else self._find(grey, frame.monotonic)
        tracks = self._tracker.update(found, frame.monotonic)
        due = [track for track in tracks if track.is_due(frame.monotonic)]
        crops = crop_faces(grey, [track.found for track in due], [track.cascade.degrees for track in due])
        for track, scores, is_face in zip(due, *self._classifier.classify(crops), strict=True):
            track.update_scores(scores, is_face, frame.monotonic)
        self._tracker.forget_refused()
        return self._tracker.faces(self._classifier.uncertain_below)

    def sure_faces(self) -> tuple[Face, ...]:
        """The faces in the last frame of which the network is as sure, all looks together, as of a new one.

        For a picture that stands still: what seemed a face in one of many looks is given up.
        """
        self._tracker.forget_refused(self._classifier.face_below)
        return self._tracker.faces(self._classifier.uncertain_below)

    def forget(self) -> None:
        """Forget every face: the next frame is of something else."""
        self._view = ()

    def _begin(self, height: int, width: int) -> None:
        """Forget every face: the picture has another size or other parts are left out, so it shows others."""
        self._tracker = Tracker()
        self._sweeps = sweeps(width, height)
        self._motion = MotionDetector()

    def _find(self, grey: np.ndarray, monotonic: float) -> list[Detection]:
        """Where faces are: around each known one, and in what changed in the pieces whose turn it is."""
        looks = [(track, self._look(grey, track, monotonic)) for track in self._tracker.tracks]
        found = [here for _, here in looks if here]
        known = [here.box for track, here in looks if here and track.scores is not None]
        proposed: list[Detection] = []
        due = [piece for sweep in self._sweeps for piece in sweep.due(monotonic)]
        rest = _without(grey, known) if due else grey
        for piece in due:
            part = self._motion.part(piece, grey, known)
            proposed += self._detector.search(rest, part) if part else []
        return one_box_a_face(found + self._judged(grey, proposed))

    def _look(self, grey: np.ndarray, track: Track, monotonic: float) -> Detection | None:
        """Where a known face is now: where it was, unless the picture has changed there."""
        if track.still is None or not track.still.holds(grey, monotonic):
            found = self._detector.look(grey, track.last_found, track.cascade)
            track.still = StillPatch.of(grey, found, monotonic) if found else None
        return track.still.found if track.still else None

    def _judged(self, grey: np.ndarray, proposed: Sequence[Detection]) -> list[Detection]:
        """What of it the network takes for a face."""
        crops = crop_faces(grey, [one.box for one in proposed], [one.cascade.degrees for one in proposed])
        _, is_face = self._classifier.classify(crops)
        below = self._classifier.face_below
        return [one for one, probability in zip(proposed, is_face, strict=True) if probability >= below]


def _without(grey: np.ndarray, known: Sequence[Box]) -> np.ndarray:
    """The picture with one grey where a face is known: a search spends most of its time on faces."""
    rest = grey.copy()
    for box in known:
        face = box.of(rest)
        face[:] = face.mean()
    return rest
