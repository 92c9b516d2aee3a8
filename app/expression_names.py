"""What the expressions are called in the reader's language: on pages, in the picture and in files."""

from app.language import Words, say
from app.vision.emotion import UNCERTAIN, Emotion

EXPRESSION_NAMES = {
    Emotion.ANGRY: Words("angry"),
    Emotion.DISGUST: Words("disgust"),
    Emotion.FEAR: Words("fear"),
    Emotion.HAPPY: Words("happy"),
    Emotion.SAD: Words("sad"),
    Emotion.SURPRISE: Words("surprise"),
    Emotion.NEUTRAL: Words("neutral"),
    UNCERTAIN: Words("uncertain"),
}


def expression_name(expression: str) -> str:
    """What an expression, or "uncertain", is called in the language of this request."""
    return say(EXPRESSION_NAMES[expression])
