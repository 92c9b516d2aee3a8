"""The expressions of a drawn face: where brows, lids and lips are.

Lengths are in units of half a face's width.
"""

from dataclasses import astuple, dataclass

from app.vision.emotion import Emotion


@dataclass(frozen=True, slots=True)
class Expression:
    """The numbers that make an expression; the defaults are a face at rest."""

    brow_raise: float = 0.0
    brow_slope: float = 0.0
    """Above 0 the inner ends go down, as in anger; below 0 they go up, as in sadness."""
    eye_open: float = 1.0
    squint: float = 0.0
    """How far the lower lids are raised, 0 to 1."""
    mouth_width: float = 0.36
    mouth_curve: float = 0.02
    """How far the corners lie above the middle."""
    mouth_open: float = 0.0
    """Half the height of the opening."""
    teeth: float = 0.0
    cheek: float = 0.0
    """How far the cheeks are raised, 0 to 1."""
    jaw_drop: float = 0.0
    sneer: float = 0.0
    """How far the upper lip is raised and the nose wrinkled, 0 to 1."""

    def towards(self, other: "Expression", share: float) -> "Expression":
        """Interpolate: the expression `share` of the way to another."""
        pairs = zip(astuple(self), astuple(other), strict=True)
        return Expression(*(a + (b - a) * share for a, b in pairs))


EXPRESSIONS = {
    Emotion.NEUTRAL: Expression(mouth_curve=0.03, brow_slope=-0.03),
    Emotion.HAPPY: Expression(
        brow_raise=0.04,
        brow_slope=-0.03,
        squint=0.35,
        mouth_width=0.47,
        mouth_curve=0.19,
        mouth_open=0.085,
        teeth=1,
        cheek=1,
    ),
    Emotion.SURPRISE: Expression(
        brow_raise=0.08, eye_open=1.45, mouth_width=0.22, mouth_curve=0.0, mouth_open=0.15, jaw_drop=0.08
    ),
    Emotion.SAD: Expression(
        brow_raise=0.02, brow_slope=-0.16, eye_open=0.95, mouth_width=0.33, mouth_curve=-0.15
    ),
    Emotion.ANGRY: Expression(
        brow_raise=-0.1, brow_slope=0.2, eye_open=1.05, squint=0.3, mouth_width=0.34, mouth_curve=-0.1
    ),
    Emotion.FEAR: Expression(
        brow_raise=0.14,
        brow_slope=-0.12,
        eye_open=1.35,
        mouth_width=0.4,
        mouth_curve=-0.08,
        mouth_open=0.06,
        teeth=1,
    ),
    Emotion.DISGUST: Expression(
        brow_raise=-0.08,
        brow_slope=0.1,
        eye_open=0.65,
        squint=0.5,
        mouth_curve=-0.14,
        mouth_open=0.03,
        teeth=1,
        sneer=1,
    ),
}
