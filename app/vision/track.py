"""The same face from frame to frame: a track holds its box over short misses and smooths its scores."""

import itertools
import math
from collections.abc import Sequence

import numpy as np

from app.vision.crop import SMALLEST_READABLE
from app.vision.detection.cascade_detector import Detection
from app.vision.detection.motion import StillPatch
from app.vision.emotion import EMOTIONS
from app.vision.frame import Box, Face

READ_SECONDS = 0.15
"""A face is read again after this time, at 5 frames a second in each: an expression lasts longer."""
JUDGE_SECONDS = 1.0
"""The same for one that is too small to have an expression: the network only says whether it is one."""
FRAMES_TO_SHOW = 2
"""Frames in which a face must be found before it counts: most false boxes flash up once."""
HOLD_SECONDS = 1.0
"""How long a face that is not found stays where it was: the cascade misses a face that blinks or nods."""
LONGEST_HOLD_SECONDS = 3.0
"""Where one frame a second is read, one miss lasts longer than HOLD_SECONDS; it is forgiven until then."""
SCORE_SECONDS = 1.0
"""Time constant of the scores: an expression lasts from half a second to four (Ekman 2003)."""
BOX_SECONDS = 0.1
"""Time constant of the box: enough to calm its jitter of a few pixels, too little to trail behind a head."""
REFUSED_BELOW = 0.5
"""Probability. More (the card's `face_below`) is asked for at first; a face that turns away is still one."""
LEAST_OVERLAP = 0.2
"""Of two boxes' union. A head that moves by half its width between two frames still overlaps by a third."""

_numbers = itertools.count(1)


class Track:
    """A face over time."""

    def __init__(self, found: Detection, monotonic: float):
        box = found.box
        self.number = next(_numbers)
        """Never used again in this process."""
        self.found: Box | None = box
        """Where the detector found it in the frame of the last update; None when it did not."""
        self.scores: np.ndarray | None = None
        """float32 (7,), smoothed; None until it was read."""
        self.face_probability: float | None = None
        """Smoothed; None until it was read."""
        self.frames = 1
        self.misses = 0
        self.last_found = box
        self.cascade = found.cascade
        """The one that found it last."""
        self.still: StillPatch | None = None
        """What the picture showed where it was last looked for and found."""
        self.found_at = monotonic
        self._smooth_box = np.array(box, np.float64)
        self._read_at = monotonic

    @property
    def box(self) -> Box:
        """Where it is shown: smoothed, and held over a short miss."""
        return Box(*(int(side) for side in self._smooth_box.round()))

    def is_due(self, monotonic: float) -> bool:
        """Whether this moment's frame holds a crop worth reading: found, and not just read."""
        if self.found is None:
            return False
        pause = READ_SECONDS if self.found.width >= SMALLEST_READABLE else JUDGE_SECONDS
        return self.scores is None or monotonic - self._read_at >= pause

    def is_refused(self, below: float) -> bool:
        """Whether the network has read it, and takes it for a face with less probability than `below`."""
        return self.face_probability is not None and self.face_probability < below

    def update_scores(self, scores: np.ndarray, face_probability: float, monotonic: float) -> None:
        """Take in what the network says of it: `scores` (7,) that add up to 1, and how likely it is a face.

        Smoothed over time, not over frames, so that 5 and 30 frames a second give the same.
        """
        if self.scores is None or self.face_probability is None:
            self.scores = np.array(scores, np.float32)
            self.face_probability = float(face_probability)
        else:
            weight = _weight(monotonic - self._read_at, SCORE_SECONDS)
            mixed = self.scores + weight * (np.asarray(scores, np.float32) - self.scores)
            self.scores = (mixed / mixed.sum()).astype(np.float32)
            self.face_probability += weight * (float(face_probability) - self.face_probability)
        self._read_at = monotonic

    def _move(self, found: Detection, monotonic: float) -> None:
        """Take in where it was found."""
        weight = _weight(monotonic - self.found_at, BOX_SECONDS)
        self._smooth_box += weight * (np.array(found.box) - self._smooth_box)
        self.found = self.last_found = found.box
        self.cascade = found.cascade
        self.found_at = monotonic
        self.frames += 1
        self.misses = 0

    def _miss(self) -> None:
        """Take in that it was not found."""
        self.found = None
        self.misses += 1

    def _is_over(self, monotonic: float) -> bool:
        silence = monotonic - self.found_at
        return silence >= (HOLD_SECONDS if self.misses > 1 else LONGEST_HOLD_SECONDS)


class Tracker:
    """The faces in view."""

    def __init__(self) -> None:
        self.tracks: list[Track] = []
        """All faces that are followed, also those that aren't in view yet."""

    def update(self, found: Sequence[Detection], monotonic: float) -> list[Track]:
        """Take in what was found in a frame, and give the tracks now in view.

        A track is in view once it was found in FRAMES_TO_SHOW frames, until it was missed twice and not found
        for HOLD_SECONDS.
        """
        for track in self.tracks:
            track._miss()
        unmatched = set(range(len(found)))
        for track, index in _match(self.tracks, [one.box for one in found]):
            track._move(found[index], monotonic)
            unmatched.remove(index)
        self.tracks = [track for track in self.tracks if not track._is_over(monotonic)]
        self.tracks += [Track(found[index], monotonic) for index in sorted(unmatched)]
        return self._in_view()

    def forget_refused(self, below: float = REFUSED_BELOW) -> None:
        """Follow no longer what the network takes for a face with less probability than `below`.

        By default that is what is more likely none: it was one, and has gone.
        """
        self.tracks = [track for track in self.tracks if not track.is_refused(below)]

    def faces(self, uncertain_below: float) -> tuple[Face, ...]:
        """The faces in view now. A top score under `uncertain_below` names no emotion."""
        return tuple(_face(track, uncertain_below) for track in self._in_view())

    def _in_view(self) -> list[Track]:
        return [track for track in self.tracks if track.frames >= FRAMES_TO_SHOW]


def _face(track: Track, uncertain_below: float) -> Face:
    box = track.box
    if track.scores is None or box.width < SMALLEST_READABLE:
        return Face(track.number, box, scores=None, emotion=None)
    top = int(track.scores.argmax())
    if track.scores[top] >= uncertain_below:
        return Face(track.number, box, track.scores, EMOTIONS[top])
    return Face(track.number, box, None if track.cascade.sideways else track.scores, emotion=None)


def _match(tracks: Sequence[Track], boxes: Sequence[Box]) -> list[tuple[Track, int]]:
    """Pair tracks with box indices, those that overlap most first; what overlaps too little stays alone."""
    overlaps = sorted(
        (
            (_overlap(track.last_found, box), t, b)
            for t, track in enumerate(tracks)
            for b, box in enumerate(boxes)
        ),
        reverse=True,
    )
    pairs, used_tracks, used_boxes = [], set(), set()
    for overlap, t, b in overlaps:
        if overlap < LEAST_OVERLAP:
            break
        if t not in used_tracks and b not in used_boxes:
            pairs.append((tracks[t], b))
            used_tracks.add(t)
            used_boxes.add(b)
    return pairs


def _overlap(a: Box, b: Box) -> float:
    """Intersection over union, 0 to 1."""
    width = min(a.x + a.width, b.x + b.width) - max(a.x, b.x)
    height = min(a.y + a.height, b.y + b.height) - max(a.y, b.y)
    if width <= 0 or height <= 0:
        return 0.0
    both = width * height
    return both / (a.width * a.height + b.width * b.height - both)


def _weight(seconds: float, constant: float) -> float:
    """The weight of a new value, `seconds` after the last one, in an exponential mean."""
    return 1 - math.exp(-max(0.0, seconds) / constant)
