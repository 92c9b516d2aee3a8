"""What is in force for what is written about a recording."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.vision.frame import Face

TOO_FEW = "fewer than MINIMUM_GROUP, so no expressions are shown or kept"


@dataclass(frozen=True, slots=True)
class PublicationRules:
    """The settings that a recording is read by, and the network that reads it."""

    minimum_group: int
    hide_faces: bool
    detect_fps: float
    jpeg_quality: int
    network_sha256: str

    def may_show(self, faces: Sequence[Face]) -> tuple[Face, ...]:
        """The faces as they may be drawn and written: of too few people nobody's expression."""
        if len(faces) >= self.minimum_group:
            return tuple(faces)
        return tuple(replace(face, scores=None, emotion=None) for face in faces)
