"""Finds the faces of one picture within a second, and says which parts of a face mattered."""

import base64
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from app.camera.jpeg import InvalidJpeg
from app.camera.picture import decode_picture
from app.language import Translatable
from app.vision.annotate import encode
from app.vision.crop import SIDE
from app.vision.detection.cascade_detector import CascadeDetector
from app.vision.detection.detection import Detection
from app.vision.detection.yunet import PROPOSAL_SCORE, YuNet
from app.vision.detector_choice import CASCADES
from app.vision.emotion import EMOTIONS, UNCERTAIN
from app.vision.expression_network import ExpressionClassifier
from app.vision.face_judge import faces_among
from app.vision.frame import MIN_READABLE_SIDE
from app.vision.geometry import scale
from app.vision.model_card import MODELS, read_model_card
from app.vision.palette import rgb
from app.vision.picture_search import search_picture
from app.vision.track import TURNED_AWAY

SIDES = 1280, 640
"""As in `search_picture`: an answer takes about a second."""
SHOWN_SIDE, SHOWN_QUALITY = 1600, 85  # of the JPEG for the page
MAX_FACES = 100  # shown; the largest
PATCH, STRIDE = 6, 3
"""Pixels of the crop: a grey square of PATCH covers it at every STRIDE (Zeiler, Fergus 2014, section 4.2)."""
MAP_SCALE = 6  # pixels of the map for one of the crop
FALLS, RISES = "#e8590c", "#1c7ed6"
"""Where covering lowers the score, and where it raises it."""
MAX_OPACITY = 0.7

NO_CROP = Translatable("This is not the crop of a face.")


class PictureAnalyser:
    """Analyses single pictures with the cascades, or YuNet, and the served network. Not thread-safe."""

    def __init__(self, detector: str = CASCADES, network: Path = MODELS) -> None:
        """Load detector and network: values of the settings DETECTOR and NETWORK.

        Raises RuntimeError (the detector) or ValueError (the weights), each with one clear sentence.
        """
        self._detector = (
            CascadeDetector() if detector == CASCADES else YuNet(Path(detector).expanduser(), PROPOSAL_SCORE)
        )
        self._classifier = ExpressionClassifier.load(network)
        self._model = read_model_card(network).sha256

    def warm_up(self) -> None:
        """Load what is loaded late: Pillow's formats, the network's memory."""
        grey = np.full((64, 64, 3), 128, np.uint8)
        self.analyse(decode_picture(encode(grey, SHOWN_QUALITY)), with_pictures=True)
        self.explain(grey[:SIDE, :SIDE])

    def analyse(self, image: np.ndarray, *, with_pictures: bool) -> dict:
        """The faces of a picture, BGR uint8, as `/api/v1/analyse` gives them.

        `with_pictures` adds the picture itself as a JPEG and each face's crop as a PNG, in base64.
        """
        grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)

        def accept(proposals: Sequence[Detection]) -> list[Detection]:
            accepted = faces_among(grey, proposals, self._classifier, in_picture=True)
            return [each.detection for each in accepted]

        detections = search_picture(image, grey, self._detector, accept, SIDES)
        found = faces_among(grey, detections, self._classifier)
        faces = [self._face(*each, with_crop=with_pictures) for each in found[:MAX_FACES]]
        height, width = grey.shape
        answer = {"width": width, "height": height, "model": self._model, "faces": faces}
        if with_pictures:
            shown = scale(image, min(1.0, SHOWN_SIDE / max(width, height)))
            answer["picture"] = _text(encode(shown, SHOWN_QUALITY))
        return answer

    def explain(self, crop: np.ndarray) -> dict:
        """Which parts of a crop mattered, BGR uint8 (48, 48, 3): the expression with the highest score, how
        far a covered part lowers that score at most, and a map as a PNG in base64. Raises InvalidJpeg."""
        if crop.shape != (SIDE, SIDE, 3):
            raise InvalidJpeg(NO_CROP)
        face = cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY)
        drops, top = self._occlusion(face)
        return {
            "expression": EMOTIONS[top],
            "largest": round(float(drops.max()), 4),
            "map": _text(cv2.imencode(".png", _drawn_map(face, drops))[1].tobytes()),
        }

    def _face(
        self,
        detection: Detection,
        crop: np.ndarray,
        scores: np.ndarray,
        probability: float,
        *,
        with_crop: bool,
    ) -> dict:
        cascade, top = detection.cascade, int(scores.argmax())
        is_turned_away = (detection.turn or 0.0) >= TURNED_AWAY
        is_named = scores[top] >= self._classifier.uncertain_below and not is_turned_away
        if detection.box.width < MIN_READABLE_SIDE:
            expression, why = None, "too-small"
        elif is_named:
            expression, why = EMOTIONS[top], None
        else:
            is_from_the_side = cascade.is_profile or is_turned_away
            expression, why = UNCERTAIN, "from-the-side" if is_from_the_side else "unsure"
        has_scores = why not in ("too-small", "from-the-side")
        face = {
            "box": list(detection.box),
            "detector": "yunet" if detection.is_from_yunet else cascade.name.lower().replace("_", "-"),
            "rotation": cascade.roll_degrees,
            "face_probability": round(float(probability), 4),
            "scores": _named(scores) if has_scores else None,
            "expression": expression,
            "why": why,
        }
        return face | ({"crop": _text(cv2.imencode(".png", crop)[1].tobytes())} if with_crop else {})

    def _occlusion(self, face: np.ndarray) -> tuple[np.ndarray, int]:
        """How far the top score falls where each pixel is covered, float (48, 48), and the score's number."""
        corners = [
            (y, x) for y in range(0, SIDE - PATCH + 1, STRIDE) for x in range(0, SIDE - PATCH + 1, STRIDE)
        ]
        covered = np.repeat(face[np.newaxis], len(corners) + 1, axis=0)
        for picture, (y, x) in zip(covered[1:], corners, strict=True):
            picture[y : y + PATCH, x : x + PATCH] = round(face.mean())
        scores, _ = self._classifier.classify(covered)
        top = int(scores[0].argmax())
        drops, counts = np.zeros((2, SIDE, SIDE))
        for (y, x), score in zip(corners, scores[1:, top], strict=True):
            drops[y : y + PATCH, x : x + PATCH] += scores[0, top] - score
            counts[y : y + PATCH, x : x + PATCH] += 1
        return drops / counts, top


def _named(scores: np.ndarray) -> dict[str, float]:
    return {emotion: round(float(score), 4) for emotion, score in zip(EMOTIONS, scores, strict=True)}


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _drawn_map(face: np.ndarray, drops: np.ndarray) -> np.ndarray:
    """The crop with the drops as colours over it: BGR uint8 (288, 288, 3)."""
    strength = np.abs(drops) / max(float(np.abs(drops).max()), 1e-6) * MAX_OPACITY
    colours = np.where(drops[..., np.newaxis] > 0, rgb(FALLS)[::-1], rgb(RISES)[::-1])
    size = (SIDE * MAP_SCALE, SIDE * MAP_SCALE)
    shown = cv2.cvtColor(cv2.resize(face, size, interpolation=cv2.INTER_CUBIC), cv2.COLOR_GRAY2BGR)
    layer = cv2.resize(colours.astype(np.float32), size, interpolation=cv2.INTER_NEAREST)
    opacity = cv2.resize(strength.astype(np.float32), size)[..., np.newaxis]
    return (shown * (1 - opacity) + layer * opacity).astype(np.uint8)
