"""The colour of each expression in the stream, on pages, in charts and in exports."""

from app.vision.emotion import Emotion

COLOURS = {
    Emotion.ANGRY: "#d24035",
    Emotion.DISGUST: "#a3cb9a",
    Emotion.FEAR: "#a581f7",
    Emotion.HAPPY: "#f2b22b",
    Emotion.SAD: "#2e49a4",
    Emotion.SURPRISE: "#b34963",
    Emotion.NEUTRAL: "#5999b1",
}
"""Hex codes, found by a search: any two within three places of `STACK_ORDER` differ in luminance by a factor
of 1.5, so a stack can be read in greyscale, and every pair stays apart for eyes without one kind of cone.
tests/test_palette.py computes both. Still, a colour never stands alone: show the word beside it."""

STACK_ORDER = (
    Emotion.NEUTRAL,
    Emotion.HAPPY,
    Emotion.SURPRISE,
    Emotion.SAD,
    Emotion.FEAR,
    Emotion.DISGUST,
    Emotion.ANGRY,
)
"""From the bottom up, wherever shares are stacked or listed: neutral carries the others, then by meaning."""

UNCERTAIN = "#83888c"
"""For a face whose top score is too low, or that has no scores. In a stack it lies above all others."""

DARK, LIGHT = "#14171c", "#ffffff"


def rgb(colour: str) -> tuple[int, int, int]:
    """The red, green and blue of "#rrggbb", 0 to 255."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def ink_on(colour: str) -> str:
    """DARK or LIGHT: the one with more contrast on `colour`."""
    return max((LIGHT, DARK), key=lambda ink: contrast(ink, colour))


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours, 1 to 21 (WCAG 2.2, "contrast ratio")."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    """The relative luminance of "#rrggbb", 0 to 1 (WCAG 2.2)."""
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (value / 255 for value in rgb(colour))
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
