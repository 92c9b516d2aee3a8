"""Tells faces on posters from people: a face that keeps still while others move is a picture.

Nobody sits so still that the image of their head stays the same for long: even somebody asleep breathes.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np

from app.vision.detection.detection import are_one_face
from app.vision.detection.motion import face_cells
from app.vision.frame import Box

PICTURE_SECONDS = 20.0
"""How long a face must keep still to be a picture. A sleeper breathes four times in this time."""
MOVED_CELLS = 0.1
"""A face has moved where more than this part of its 12 × 12 cells has. The cells at a poster's edge may show
somebody who passes."""
NOISE_FACTOR, NOISE_OFFSET = 1.5, 2.5
"""A cell has moved where its mean grey has varied by more than the factor times what the still part of the
image varies by, plus the offset: a face has more edges than a wall."""
MAX_VARIATION = 7.0
"""Grey levels that it may be at most. So in a noisy or shaking camera every face moves: posters are counted
there, and nobody is left out. Real posters vary by 3 to 6, the stillest real person by 7 within 2 s."""
BACKGROUND_CELL = 8  # pixels; a cell of a face of 96 pixels
STILL_SHARE = 0.25  # of the image; that much of it is wall
MOVED_LATELY_SECONDS = 5.0
"""Somebody must have moved so recently when a face is said to be a picture: in a frozen camera nobody has."""
FORGET_SECONDS = 120.0
"""A place where no face is detected for so long is forgotten. Some posters are detected now and then."""


class Variation:
    """By how much the mean grey of some cells has varied since a moment."""

    def __init__(self, cells: np.ndarray, monotonic: float) -> None:
        self.since = monotonic
        self._lowest = self._highest = cells

    def add(self, cells: np.ndarray) -> None:
        """Take in how the cells look now."""
        self._lowest = np.minimum(self._lowest, cells)
        self._highest = np.maximum(self._highest, cells)

    @property
    def levels(self) -> np.ndarray:
        """Grey levels, int16, of each cell."""
        return self._highest - self._lowest


@dataclass(slots=True)
class WatchedPlace:
    """Where a face was detected."""

    box: Box
    variation: Variation
    seen_at: float
    """When a face was last detected there, monotonic seconds."""
    track_id: int | None = None
    """The face that is there now."""
    is_picture: bool = False
    moved_at: float = -math.inf
    """When a face there last moved, monotonic seconds."""


class PictureWatch:
    """Watches the places in one camera's image where faces were detected."""

    def __init__(self) -> None:
        self._places: list[WatchedPlace] = []
        self._background: Variation | None = None
        self._limit: float | None = None
        """Grey levels by which the cells of something still vary at most; None until the noise is known."""

    @property
    def boxes(self) -> tuple[Box, ...]:
        """The pictures that are known, whether or not they are detected in this moment."""
        return tuple(place.box for place in self._places if place.is_picture)

    def update(self, grey: np.ndarray, faces: Mapping[int, Box], monotonic: float) -> set[int]:
        """Take in a frame, grey uint8 (height, width), and the faces in it by their tracks' ids.

        Gives the ids of those that are pictures.
        """
        self._measure_noise(grey, monotonic)
        self._match(grey, faces, monotonic)
        self._places = [place for place in self._places if self._is_kept(place, grey, faces, monotonic)]
        for place in self._places:
            self._judge(place, grey, monotonic)
        return {place.track_id for place in self._places if place.is_picture and place.track_id is not None}

    def _measure_noise(self, grey: np.ndarray, monotonic: float) -> None:
        """Measure by how much the still part of the image varies in PICTURE_SECONDS."""
        size = tuple(max(1, side // BACKGROUND_CELL) for side in grey.shape[::-1])
        cells = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
        if self._background is None:
            self._background = Variation(cells, monotonic)
        self._background.add(cells)
        if monotonic - self._background.since >= PICTURE_SECONDS:
            noise = float(np.quantile(self._background.levels, STILL_SHARE))
            self._limit = min(MAX_VARIATION, NOISE_FACTOR * noise + NOISE_OFFSET)
            self._background = Variation(cells, monotonic)

    def _match(self, grey: np.ndarray, faces: Mapping[int, Box], monotonic: float) -> None:
        """Say of each place which face is there; a face elsewhere gets a place of its own."""
        for place in self._places:
            place.track_id = None
        for track_id, box in faces.items():
            place = next((each for each in self._places if are_one_face(each.box, box)), None)
            if place is None:
                place = WatchedPlace(box, Variation(face_cells(grey, box), monotonic), monotonic)
                self._places.append(place)
            place.track_id, place.seen_at = track_id, monotonic

    def _is_kept(
        self, place: WatchedPlace, grey: np.ndarray, faces: Mapping[int, Box], monotonic: float
    ) -> bool:
        """Take in how a place looks now. Gives False where there is nothing left to watch."""
        place.variation.add(face_cells(grey, place.box))
        limit = MAX_VARIATION if self._limit is None else self._limit
        if (place.variation.levels > limit).mean() > MOVED_CELLS:
            if place.track_id is None:
                return False
            place.is_picture, place.moved_at = False, monotonic
            place.box = faces[place.track_id]
            place.variation = Variation(face_cells(grey, place.box), monotonic)
        return monotonic - place.seen_at < FORGET_SECONDS

    def _judge(self, place: WatchedPlace, grey: np.ndarray, monotonic: float) -> None:
        """Where a place has been still for PICTURE_SECONDS while others moved, there is a picture."""
        if self._limit is None or monotonic - place.variation.since < PICTURE_SECONDS:
            return
        others = (other.moved_at for other in self._places if other is not place)
        if place.is_picture or any(monotonic - moved_at <= MOVED_LATELY_SECONDS for moved_at in others):
            place.is_picture = True
            place.variation = Variation(face_cells(grey, place.box), monotonic)
