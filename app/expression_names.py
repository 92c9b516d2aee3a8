"""What the expressions are called in the reader's language: on pages, in the picture and in files."""

from app.language import Translatable, translate
from app.pulse.choice import CHOICE_NAMES
from app.vision.emotion import UNCERTAIN, Emotion

EXPRESSION_NAMES = {
    Emotion.ANGRY: Translatable("angry"),
    Emotion.DISGUST: Translatable("disgust"),
    Emotion.FEAR: Translatable("fear"),
    Emotion.HAPPY: Translatable("happy"),
    Emotion.SAD: Translatable("sad"),
    Emotion.SURPRISE: Translatable("surprise"),
    Emotion.NEUTRAL: Translatable("neutral"),
    UNCERTAIN: Translatable("uncertain"),
}


PRESENCE_NAMES = {
    "facing": Translatable("turned to the front"),
    "turned": Translatable("turned away"),
    "in-view": Translatable("in view"),
}


def expression_name(expression: str) -> str:
    """What an expression, "uncertain", a part of presence or a choice of the pulse is called in the language
    of this request."""
    return translate((EXPRESSION_NAMES | PRESENCE_NAMES | CHOICE_NAMES)[expression])
