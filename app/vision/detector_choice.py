"""The values of DETECTOR, which settings parse, the program stores and detectors are loaded by."""

CASCADES = "haar"
"""OpenCV's cascades. Any other value is the path of YuNet's file."""
