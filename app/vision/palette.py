"""The colour of each expression in the stream, on pages, in charts and in exports."""

from app.vision.emotion import Emotion

COLOURS = {
    Emotion.ANGRY: "#d9654c",
    Emotion.DISGUST: "#56760f",
    Emotion.FEAR: "#9148ea",
    Emotion.HAPPY: "#e2a13c",
    Emotion.SAD: "#3f95f6",
    Emotion.SURPRISE: "#c32c69",
    Emotion.NEUTRAL: "#0a7f9f",
}
"""Hex codes, found by a search in which every pair had to stay apart for eyes without red, green or blue
cones (simulated after Machado et al. 2009, distances in OKLab), on white and on black. Still, a colour never
stands alone: show the word beside it."""

UNCERTAIN = "#8b9098"
"""For a face whose top score is too low, or that has no scores."""

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
    """Relative luminance, 0 to 1 (WCAG 2.2)."""
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (value / 255 for value in rgb(colour))
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
