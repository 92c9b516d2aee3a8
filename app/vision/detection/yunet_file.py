"""YuNet's file as it was published. It is no part of the project: an administrator installs it."""

import hashlib

YUNET_FILE = "face_detection_yunet_2023mar.onnx"
YUNET_BYTES = 232_589
YUNET_SHA256 = "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4"
PUBLISHED_URL = f"https://huggingface.co/opencv/face_detection_yunet/resolve/main/{YUNET_FILE}"
"""The OpenCV Zoo keeps its large files there since its account on GitHub ran out of traffic (opencv_zoo,
issue 294)."""


def is_published(weights: bytes) -> bool:
    """Whether `weights` are the file as it was published."""
    return hashlib.sha256(weights).hexdigest() == YUNET_SHA256
