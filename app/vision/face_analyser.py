"""Analyses a camera's frames one after the other: detect, track, classify."""

import math
from collections.abc import Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from app.purpose import Purpose
from app.vision.crop import crop_faces
from app.vision.detection.cascade import Cascade
from app.vision.detection.cascade_detector import MIN_NEIGHBOURS, PROPOSAL_NEIGHBOURS, CascadeDetector
from app.vision.detection.detection import Detection, are_one_face, non_maximum_suppression
from app.vision.detection.motion import FacePatch, MotionDetector, shrink
from app.vision.detection.sweep import Tile, all_sweeps
from app.vision.detection.yunet import MIN_SCORE, PROPOSAL_SCORE, YuNet
from app.vision.detector_choice import CASCADES
from app.vision.face_judge import face_probability, faces_among
from app.vision.film_cut import CutDetector
from app.vision.frame import Box, Face, Frame
from app.vision.picture_search import search_picture
from app.vision.picture_watch import PictureWatch
from app.vision.track import MIN_HITS, Track, Tracker

if TYPE_CHECKING:
    from app.vision.expression_network import ExpressionClassifier

PICTURE_SIDES = 1920, 1920
"""As in `search_picture`. A picture takes as long as it takes."""


class FaceAnalyser:
    """Finds the faces of one camera and, unless the purpose is presence, names the expression of each."""

    def __init__(
        self, detector: str = CASCADES, purpose: Purpose = Purpose.EXPRESSIONS, network: Path | None = None
    ) -> None:
        """Load detector and network: the settings DETECTOR and NETWORK, by default what is shipped.

        For presence the network is not loaded, and its code isn't either. Nothing rejects a proposal then,
        so one needs more votes.
        Raises RuntimeError (the detector) or ValueError (the weights), each with one clear sentence.
        """
        self._classifier = _load_classifier(network) if purpose is Purpose.EXPRESSIONS else None
        if detector == CASCADES:
            neighbours = PROPOSAL_NEIGHBOURS if self._classifier else MIN_NEIGHBOURS
            self._detector, self._yunet = CascadeDetector(proposal_neighbours=neighbours), None
        else:
            min_score = PROPOSAL_SCORE if self._classifier else MIN_SCORE
            self._detector, self._yunet = None, YuNet(Path(detector).expanduser(), min_score)
        self._view: tuple = ()
        self._cuts = CutDetector()
        self._tracker, self._pictures = Tracker(), PictureWatch()
        self._picture_ids: set[int] = set()
        """Of the tracks whose faces are pictures."""

    @property
    def pictures(self) -> tuple[Box, ...]:
        """Where faces keep so still that they are pictures, such as posters, and aren't given as faces."""
        return self._pictures.boxes

    @property
    def turned(self) -> float | None:
        """The share of the people's faces that only the cascades for turned and leaning faces find.

        None without faces, and for YuNet.
        """
        in_view = [
            track for track in self._tracker.tracks if track.is_in_view and track.id not in self._picture_ids
        ]
        if self._yunet or not in_view:
            return None
        return sum(not track.cascade.is_frontal for track in in_view) / len(in_view)

    def analyse(self, frame: Frame, longest_step: float = math.inf, pace: float = 1.0) -> tuple[Face, ...]:
        """Give the faces of people in view. Frames must come in the order in which the camera gave them.

        `longest_step` as in `Sweep.next_tiles`, `pace` as there and in `Track.is_due`.
        """
        grey = cv2.cvtColor(frame.image, cv2.COLOR_BGR2GRAY)
        view = frame.view, grey.shape, frame.blanked_areas
        if self._cuts.is_cut(grey) or view != self._view:
            self._view = view
            self._start_view(*grey.shape)
        if self._yunet:
            detections = self._detect_with_yunet(frame.image, grey)
        else:
            sweeps = (sweep.next_tiles(frame.monotonic, longest_step, pace) for sweep in self._sweeps)
            detections = self._detect(grey, frame.monotonic, list(chain.from_iterable(sweeps)))
        tracks = self._tracker.update(detections, frame.monotonic)
        if self._classifier is not None:
            due = [track for track in tracks if track.is_due(frame.monotonic, pace)]
            self._classify(grey, due, frame.monotonic)
            self._tracker.drop_rejected()
        faces = self._tracker.faces()
        boxes = {face.track_id: face.box for face in faces}
        self._picture_ids = self._pictures.update(grey, boxes, frame.monotonic)
        return tuple(face for face in faces if face.track_id not in self._picture_ids)

    def _classify(self, grey: np.ndarray, tracks: Sequence[Track], monotonic: float) -> None:
        crops = crop_faces(
            grey, [track.detected_box for track in tracks], [track.cascade.roll_degrees for track in tracks]
        )
        for track, scores, probability in zip(tracks, *self._classifier.classify(crops), strict=True):
            track.update_scores(scores, face_probability(track.detection, probability), monotonic)

    def analyse_picture(self, image: np.ndarray) -> tuple[Face, ...]:
        """Give the faces in one picture, BGR uint8 (height, width, 3); every cascade searches it once."""
        grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
        found = search_picture(
            image,
            grey,
            self._yunet or self._detector,
            partial(self._without_false_positives, grey, in_picture=True),
            PICTURE_SIDES,
        )
        tracker = self._new_tracker()
        for _ in range(MIN_HITS):
            tracks = tracker.update(found, 0.0)
        if self._classifier is not None:
            self._classify(grey, tracks, 0.0)
        return tracker.faces()

    def reset(self) -> None:
        """Forget every face: the next frame is of something else."""
        self._view = ()

    def _start_view(self, height: int, width: int) -> None:
        """Forget every face: a frame after a cut, or with another camera, size or areas, shows others."""
        self._tracker = self._new_tracker()
        self._sweeps = all_sweeps(width, height)
        self._motion = MotionDetector()
        self._pictures = PictureWatch()

    def _new_tracker(self) -> Tracker:
        return Tracker(self._classifier.uncertain_below) if self._classifier else Tracker()

    def _detect(self, grey: np.ndarray, monotonic: float, tiles: Sequence[Tile]) -> list[Detection]:
        """Search around each known face, and in what has changed in the tiles that are due."""
        searches = [(track, self._detect_again(grey, track, monotonic)) for track in self._tracker.tracks]
        detections = [detection for _, detection in searches if detection]
        known = [detection.box for track, detection in searches if detection and self._is_known(track)]
        proposals: list[Detection] = []
        if tiles:
            rest, shrunk = _without_faces(grey, known), shrink(grey)
        for tile in tiles:
            for part in self._motion.changed_parts(tile, shrunk, known):
                proposals += self._detector.propose(rest, part)
        return non_maximum_suppression(detections + self._without_false_positives(grey, proposals))

    def _detect_with_yunet(self, image: np.ndarray, grey: np.ndarray) -> list[Detection]:
        """Search all of the image; the network judges what isn't a known face."""
        known = [track.last_detected_box for track in self._tracker.tracks if self._is_known(track)]
        again, new = [], []
        for detection in self._yunet.detect(image):
            is_known = any(are_one_face(detection.box, box) for box in known)
            (again if is_known else new).append(detection)
        return again + self._without_false_positives(grey, new)

    def _is_known(self, track: Track) -> bool:
        """Whether a track surely is a face: the network has seen it or, without one, it was found again."""
        return track.scores is not None if self._classifier else track.is_in_view

    def _detect_again(self, grey: np.ndarray, track: Track, monotonic: float) -> Detection | None:
        """Find a known face again: by what it looks like or, from time to time, by a search."""
        track.patch = track.patch.follow(grey, monotonic) if track.patch else None
        if track.patch is not None:
            return track.patch.detection
        detection = self._detector.detect_near(grey, track.last_detected_box, track.cascade)
        if detection and detection.cascade is Cascade.FRONTAL:  # the others find a turned head's hair, too
            track.patch = FacePatch.from_detection(grey, detection, monotonic)
        return detection

    def _without_false_positives(
        self, grey: np.ndarray, proposals: Sequence[Detection], *, in_picture: bool = False
    ) -> list[Detection]:
        """Give the proposals that the network takes for a face; without a network all."""
        if self._classifier is None:
            return list(proposals)
        looks = faces_among(grey, proposals, self._classifier, in_picture=in_picture)
        return [look.detection for look in looks]


def _load_classifier(network: Path | None) -> "ExpressionClassifier":
    # imported here, so that a process that reads no expressions has neither LiteRT nor the thresholds
    from app.vision.expression_network import ExpressionClassifier
    from app.vision.model_card import MODELS

    return ExpressionClassifier.load(network or MODELS)


def _without_faces(grey: np.ndarray, known: Sequence[Box]) -> np.ndarray:
    """Paint each known face over with its mean grey: the cascade spends most of its time on faces."""
    rest = grey.copy()
    for box in known:
        face = box.crop(rest)
        face[:] = face.mean()
    return rest
