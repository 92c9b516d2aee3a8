"""Examples for the fields of schemas, which fit together: a minute of a lecture."""

SHARES = {
    "angry": 0.02,
    "disgust": 0.01,
    "fear": 0.02,
    "happy": 0.24,
    "sad": 0.05,
    "surprise": 0.04,
    "neutral": 0.5,
}
SHARE_INTERVALS = {
    "angry": [0.0, 0.06],
    "disgust": [0.0, 0.04],
    "fear": [0.0, 0.07],
    "happy": [0.17, 0.32],
    "sad": [0.0, 0.12],
    "surprise": [0.01, 0.08],
    "neutral": [0.4, 0.61],
}
SAID = {"clear": 14, "lost": 4, "too_fast": 3, "too_slow": 0}
SAID_SHARES = {"clear": 0.67, "lost": 0.19, "too_fast": 0.14, "too_slow": 0.0}
SAID_INTERVALS = {
    "clear": [0.45, 0.83],
    "lost": [0.08, 0.4],
    "too_fast": [0.05, 0.35],
    "too_slow": [0.0, 0.15],
}
