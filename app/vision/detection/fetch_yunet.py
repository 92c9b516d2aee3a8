"""Fetches YuNet's file, which is not part of the project, and installs it completely or not at all."""

import http.client
import urllib.error
import urllib.request
from pathlib import Path

from app.vision.detection.yunet import YUNET_FILE, YUNET_SHA256, is_published

PUBLISHED_URL = f"https://huggingface.co/opencv/face_detection_yunet/resolve/main/{YUNET_FILE}"
"""The OpenCV Zoo keeps its large files there since its account on GitHub ran out of traffic (opencv_zoo,
issue 294)."""
TIMEOUT_SECONDS = 30.0  # without a byte
MAX_BYTES = 1_000_000  # the file has 232,589; a larger one is another file


class FetchError(Exception):
    """The file can't be fetched or written: one sentence that says why and what to do."""


def fetch_yunet(folder: Path, url: str = PUBLISHED_URL) -> Path:
    """Fetch the file into `folder`, unless it is there, and give its path. Raises FetchError."""
    target = folder / YUNET_FILE
    if target.is_file() and is_published(target.read_bytes()):
        return target
    weights = _download(url)
    if not is_published(weights):
        raise FetchError(
            f"What {url} gave ({len(weights):,} bytes) is not {YUNET_FILE} as it was published (sha256 "
            f"{YUNET_SHA256}). Nothing was installed; try again later, or another address with --from."
        )
    _install(weights, target)
    return target


def _download(url: str) -> bytes:
    if not url.startswith(("https://", "http://")):
        raise FetchError(f"{url} is no address of a file; expected https://… or http://….")
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS) as response:
            return response.read(MAX_BYTES)
    except urllib.error.HTTPError as error:
        error.close()
        cause = f"the server says {error}"
    except (OSError, http.client.HTTPException, ValueError) as error:
        cause = getattr(error, "reason", error)
    raise FetchError(
        f"{url} can't be fetched: {cause}. Nothing was installed; try again later, or another address with "
        "--from."
    )


def _install(weights: bytes, target: Path) -> None:
    """Write a partial file first and rename it, so that a reader of `target` finds all of it or nothing."""
    partial = target.with_suffix(".part")
    try:
        partial.write_bytes(weights)
        partial.replace(target)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise FetchError(f"{target} can't be written: {error.strerror}.") from None
