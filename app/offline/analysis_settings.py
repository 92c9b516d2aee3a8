"""The settings that pictures and videos from files are analysed with."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.vision.frame import Face

SUPPRESSED_REMARK = "fewer than MINIMUM_GROUP, so no expressions are shown or kept"


@dataclass(frozen=True, slots=True)
class AnalysisSettings:
    """The effective settings, and the network's checksum for the results."""

    minimum_group: int
    hide_faces: bool
    detect_fps: float
    jpeg_quality: int
    network_sha256: str

    def without_suppressed(self, faces: Sequence[Face]) -> tuple[Face, ...]:
        """The faces, without scores and expressions where they are fewer than MINIMUM_GROUP."""
        if len(faces) >= self.minimum_group:
            return tuple(faces)
        return tuple(replace(face, scores=None, emotion=None) for face in faces)
