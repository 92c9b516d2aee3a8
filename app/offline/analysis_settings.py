"""The settings that pictures and videos from files are analysed with."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.vision.frame import Face, is_group_in_view, without_expressions

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
        return tuple(faces) if is_group_in_view(faces, self.minimum_group) else without_expressions(faces)
