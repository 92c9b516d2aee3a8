"""Searches a single picture for faces, once: a camera sees a face many times, a picture only this time."""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from app.vision.detection.cascade_detector import CascadeDetector
from app.vision.detection.detection import Detection, non_maximum_suppression
from app.vision.detection.sweep import frontal_tiles, further_tiles
from app.vision.detection.yunet import YuNet
from app.vision.frame import Box
from app.vision.geometry import scale


def search_picture(
    image: np.ndarray,
    grey: np.ndarray,
    detector: CascadeDetector | YuNet,
    accept: Callable[[Sequence[Detection]], Sequence[Detection]],
    sides: tuple[int, int],
) -> list[Detection]:
    """Give the faces in a picture, BGR uint8 `image` and the same in grey, the largest first.

    `accept` says which proposals of a detector are faces. `sides` are pixels to which the longer side of a
    larger picture is shrunk for the first cascade, and for the others, which are five.
    """
    if isinstance(detector, YuNet):
        return non_maximum_suppression(accept(detector.propose_in_picture(image)))
    height, width = grey.shape
    found: list[Detection] = []
    for side, tiles in zip(sides, (frontal_tiles, partial(further_tiles, min_size=0)), strict=True):
        small = scale(grey, min(1.0, side / max(height, width)))
        factor = width / small.shape[1]
        proposals = [
            _enlarged(proposal, factor)
            for tile in tiles(small.shape[1], small.shape[0])
            for proposal in detector.propose(small, tile)
        ]
        found += accept(proposals)
    return non_maximum_suppression(found)


def _enlarged(detection: Detection, factor: float) -> Detection:
    """The detection in the picture that is `factor` times as large."""
    return detection._replace(box=Box(*(round(side * factor) for side in detection.box)))
