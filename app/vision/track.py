"""The same face from frame to frame: a track holds its box over short misses and smooths its scores."""

import itertools
import math
from collections.abc import Sequence

import numpy as np

from app.vision.detection.detection import Detection, are_one_face
from app.vision.detection.motion import FacePatch
from app.vision.emotion import EMOTIONS, Emotion
from app.vision.frame import MIN_READABLE_SIDE, Box, Face

CLASSIFY_SECONDS = 0.35
"""A face is classified again after this time, so in every second frame at 5 frames a second: an expression
lasts longer, and scores are smoothed over a second anyway."""
CLASSIFY_SMALL_SECONDS = 1.0
"""The same for a face too small to have an expression: the network only says whether it is a face."""
MIN_HITS = 2
"""Frames in which a face must be detected before it counts: most false positives appear in one frame."""
HOLD_SECONDS = 1.0
"""How long a face that is not detected stays where it was: the cascade misses a face that blinks or nods."""
MAX_HOLD_SECONDS = 3.0
"""How long after a single miss. At one frame a second, one miss lasts longer than HOLD_SECONDS."""
SCORE_SMOOTHING_SECONDS = 1.0
"""Time constant of the scores: an expression lasts from half a second to four (Ekman 2003)."""
BOX_SMOOTHING_SECONDS = 0.1
"""Time constant of the box: enough to calm its jitter of a few pixels, too little to trail behind a head."""
REJECT_BELOW = 0.5
"""A track whose face probability falls below this ends. It is lower than the card's `face_below`, which a new
face needs, since a face that turns away is still one."""
NAME_MARGIN = 0.2
"""A face keeps its name until its score falls this far below the one that a new name needs, or another score
is this much higher (`python -m benchmarks.names`)."""
FRONTAL_TURN = 0.25
"""A face with a smaller `Detection.turn` is turned to the camera. So 224 of 239 faces from the front count as
such, 8 of 43 that are turned and none of 32 in profile (FairFace, `python -m benchmarks.presence`)."""
TURNED_AWAY, TURNED_BACK = 0.5, 0.4
"""From the first `Detection.turn` on, and until it falls below the second, a face is uncertain. Of 66 faces
over 0.5, 1 is from the front (FairFace); of those that were named 82 % were right, of the others 91 %."""
MIN_IOU = 0.2
"""Intersection over union of two boxes of one track. A head that moves by half its width between two frames
still has a third."""

_ids = itertools.count(1)


class Track:
    """A face over time."""

    def __init__(self, detection: Detection, monotonic: float, uncertain_below: float) -> None:
        """A new name needs a score of `uncertain_below`."""
        box = detection.box
        self.id = next(_ids)
        """Never used again in this process."""
        self.detected_box: Box | None = box
        """Where it was detected in the last frame; None if it was not."""
        self.last_detected_box = box
        self.detection = detection
        """The last one."""
        self.cascade = detection.cascade
        """The cascade that detected it last."""
        self.turn = detection.turn
        """As in `Detection`, smoothed."""
        self.is_turned_away = detection.turn is not None and detection.turn >= TURNED_AWAY
        self.detected_at = monotonic
        self.hits = 1
        """Frames in which it was detected."""
        self.misses = 0
        """Frames since then in which it was not."""
        self.patch: FacePatch | None = None
        """What it looked like when the last search around it found it; None if that search failed."""
        self.scores: np.ndarray | None = None
        """float32 (7,), smoothed; None until it is classified."""
        self.face_probability: float | None = None
        """Smoothed; None until it is classified."""
        self.emotion: Emotion | None = None
        """What it is named; None while no score is high enough."""
        self._uncertain_below = uncertain_below
        self._smooth_box = np.array(box, np.float64)
        self._classified_at = monotonic

    @property
    def box(self) -> Box:
        """Where to show it: smoothed, and held over short misses."""
        return Box(*(int(side) for side in self._smooth_box.round()))

    @property
    def is_in_view(self) -> bool:
        """Whether it was detected often enough to count."""
        return self.hits >= MIN_HITS

    @property
    def is_frontal(self) -> bool | None:
        """Whether it is turned to the camera; None where the detector can't tell."""
        return None if self.turn is None else self.turn <= FRONTAL_TURN

    def is_due(self, monotonic: float, pace: float = 1.0) -> bool:
        """Whether to classify it in this moment's frame: detected there, and not classified just before.

        At a `pace` of 0.5 it is classified half as often.
        """
        if self.detected_box is None:
            return False
        is_readable = self.detected_box.width >= MIN_READABLE_SIDE
        interval = CLASSIFY_SECONDS if is_readable else CLASSIFY_SMALL_SECONDS
        return self.scores is None or monotonic - self._classified_at >= interval / pace

    def is_rejected(self, below: float) -> bool:
        """Whether it was classified and its face probability is below `below`."""
        return self.face_probability is not None and self.face_probability < below

    def update_scores(self, scores: np.ndarray, face_probability: float, monotonic: float) -> None:
        """Take in a classification: `scores` (7,) that add up to 1, and the probability that it is a face.

        The smoothing is over time, not over frames, so that 5 and 30 frames a second give the same.
        """
        if self.scores is None or self.face_probability is None:
            self.scores = np.array(scores, np.float32)
            self.face_probability = float(face_probability)
        else:
            weight = _weight(monotonic - self._classified_at, SCORE_SMOOTHING_SECONDS)
            mixed = self.scores + weight * (np.asarray(scores, np.float32) - self.scores)
            self.scores = (mixed / mixed.sum()).astype(np.float32)
            self.face_probability += weight * (float(face_probability) - self.face_probability)
        self.emotion = self._name(self.scores)
        self._classified_at = monotonic

    def _name(self, scores: np.ndarray) -> Emotion | None:
        """Give the name for `scores`: the one it has, unless that is clearly wrong by now."""
        top = int(scores.argmax())
        if self.emotion is not None:
            own = scores[EMOTIONS.index(self.emotion)]
            if own >= max(self._uncertain_below, scores[top]) - NAME_MARGIN:
                return self.emotion
        return EMOTIONS[top] if scores[top] >= self._uncertain_below else None

    def hit(self, detection: Detection, monotonic: float) -> None:
        """Take in that it was detected."""
        weight = _weight(monotonic - self.detected_at, BOX_SMOOTHING_SECONDS)
        self._smooth_box += weight * (np.array(detection.box) - self._smooth_box)
        self.detected_box = self.last_detected_box = detection.box
        self.detection = detection
        self.cascade = detection.cascade
        if detection.turn is not None and self.turn is not None:
            turn_weight = _weight(monotonic - self.detected_at, SCORE_SMOOTHING_SECONDS)
            self.turn += turn_weight * (detection.turn - self.turn)
            self.is_turned_away = self.turn >= (TURNED_BACK if self.is_turned_away else TURNED_AWAY)
        self.detected_at = monotonic
        self.hits += 1
        self.misses = 0

    def miss(self) -> None:
        """Take in that it was not detected."""
        self.detected_box = None
        self.misses += 1

    def has_ended(self, monotonic: float) -> bool:
        """Whether it has been missed for too long."""
        silence = monotonic - self.detected_at
        return silence >= (HOLD_SECONDS if self.misses > 1 else MAX_HOLD_SECONDS)


class Tracker:
    """The tracks of one camera."""

    def __init__(self, uncertain_below: float = 1.0) -> None:
        """A face needs a score of `uncertain_below` to be named."""
        self._uncertain_below = uncertain_below
        self.tracks: list[Track] = []
        """All tracks, including those with too few hits to be in view."""

    def update(self, detections: Sequence[Detection], monotonic: float) -> list[Track]:
        """Take in the detections of a frame, and give the tracks in view.

        A track comes into view with MIN_HITS hits. It ends HOLD_SECONDS after its last hit, or
        MAX_HOLD_SECONDS after it if only one frame has missed it.
        """
        for track in self.tracks:
            track.miss()
        unmatched = set(range(len(detections)))
        for track, index in _match(self.tracks, [detection.box for detection in detections]):
            track.hit(detections[index], monotonic)
            unmatched.remove(index)
        self.tracks = [
            track
            for track in self.tracks
            if not track.has_ended(monotonic) and not self._has_moved_to_another(track)
        ]
        self.tracks += [
            Track(detections[index], monotonic, self._uncertain_below) for index in sorted(unmatched)
        ]
        return self._in_view()

    def _has_moved_to_another(self, track: Track) -> bool:
        """Whether a face that was missed is where another one was detected: it is the same person."""
        return track.detected_box is None and any(
            other.detected_box is not None
            and other.is_in_view
            and are_one_face(track.last_detected_box, other.detected_box)
            for other in self.tracks
        )

    def drop_rejected(self, below: float = REJECT_BELOW) -> None:
        """End the tracks whose face probability is below `below`.

        By default those that are more likely no face than one: the face has gone.
        """
        self.tracks = [track for track in self.tracks if not track.is_rejected(below)]

    def faces(self) -> tuple[Face, ...]:
        """Give the faces in view."""
        return tuple(_face(track) for track in self._in_view())

    def _in_view(self) -> list[Track]:
        return [track for track in self.tracks if track.is_in_view]


def _face(track: Track) -> Face:
    box = track.box
    if track.scores is None or box.width < MIN_READABLE_SIDE:
        return Face(track.id, box, scores=None, emotion=None, is_frontal=track.is_frontal)
    emotion = None if track.is_turned_away else track.emotion
    scores = None if emotion is None and track.cascade.is_profile else track.scores
    return Face(track.id, box, scores, emotion, track.is_frontal)


def _match(tracks: Sequence[Track], boxes: Sequence[Box]) -> list[tuple[Track, int]]:
    """Pair tracks with the indices of boxes, greedily by the highest IoU; none below MIN_IOU."""
    ious = _ious([track.last_detected_box for track in tracks], boxes)
    candidates = sorted(((ious[t, b], t, b) for t, b in np.argwhere(ious >= MIN_IOU)), reverse=True)
    pairs, used_tracks, used_boxes = [], set(), set()
    for _, t, b in candidates:
        if t not in used_tracks and b not in used_boxes:
            pairs.append((tracks[t], int(b)))
            used_tracks.add(t)
            used_boxes.add(b)
    return pairs


def _ious(a: Sequence[Box], b: Sequence[Box]) -> np.ndarray:
    """Intersection over union of each box of `a` with each of `b`: (len(a), len(b)), 0 to 1."""
    first, second = np.array(a, float).reshape(-1, 1, 4), np.array(b, float).reshape(1, -1, 4)
    begin = np.maximum(first[..., :2], second[..., :2])
    end = np.minimum(first[..., :2] + first[..., 2:], second[..., :2] + second[..., 2:])
    intersection = np.maximum(end - begin, 0).prod(-1)
    return intersection / (first[..., 2:].prod(-1) + second[..., 2:].prod(-1) - intersection)


def _weight(seconds: float, constant: float) -> float:
    """The weight of a new value in an exponential mean, `seconds` after the last one."""
    return 1 - math.exp(-max(0.0, seconds) / constant)
