"""Reads the faces of frame after frame: detect, track, classify."""

from pathlib import Path

import cv2

from app.vision.classify import Classifier
from app.vision.crop import crop_faces
from app.vision.detect import Detector
from app.vision.frame import Face, Frame
from app.vision.track import Tracker

MODEL = Path(__file__).resolve().parents[2] / "models"


class FaceReader:
    """Finds the faces of one camera and says what expression each shows."""

    def __init__(self, threads: int = 1) -> None:
        """Load cascade and network.

        Raises RuntimeError (the cascade) or ValueError (the weights), as one clear sentence.
        """
        self._detector = Detector()
        self._classifier = Classifier.load(MODEL, threads)
        self._tracker = Tracker()

    def read(self, frame: Frame) -> tuple[Face, ...]:
        """Give the faces in view. Frames must come in the order in which the camera gave them."""
        grey = cv2.cvtColor(frame.image, cv2.COLOR_BGR2GRAY)
        boxes = self._detector.detect(grey)
        tracks = self._tracker.update(boxes, frame.monotonic, grey.shape)
        readable = [track for track in tracks if track.readable]
        crops = crop_faces(grey, [track.found for track in readable])
        for track, scores, is_face in zip(readable, *self._classifier.read(crops), strict=True):
            track.read(scores, is_face, frame.monotonic)
        return self._tracker.faces(self._classifier.uncertain_below, self._classifier.face_below)
