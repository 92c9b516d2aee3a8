"""The seven expressions of FER-2013, in the order of its labels."""

from enum import StrEnum


class Emotion(StrEnum):
    """A facial expression that the network names. It is how a face looks, not what a person feels."""

    ANGRY = "angry"
    DISGUST = "disgust"
    FEAR = "fear"
    HAPPY = "happy"
    SAD = "sad"
    SURPRISE = "surprise"
    NEUTRAL = "neutral"


EMOTIONS = tuple(Emotion)
UNPLEASANT = (Emotion.ANGRY, Emotion.DISGUST, Emotion.FEAR, Emotion.SAD)
"""Those that lower the valence; surprise is neither pleasant nor unpleasant."""

UNCERTAIN = "uncertain"
"""In place of an expression where the network is not sure enough to name one."""

EXPRESSIONS = (*EMOTIONS, UNCERTAIN)
"""All that a face in view can count as, in the order of columns and JSON."""
