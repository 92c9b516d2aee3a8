"""Fetches YuNet, the detector that is not part of the project, and puts it in place whole or not at all."""

import http.client
import urllib.error
import urllib.request
from pathlib import Path

from app.vision.detection.yunet import NAME, SHA256, is_published

SOURCE = f"https://huggingface.co/opencv/face_detection_yunet/resolve/main/{NAME}"
"""The OpenCV Zoo keeps its large files there since its account on GitHub ran out of traffic (opencv_zoo,
issue 294)."""
SECONDS = 30.0  # without a byte
MOST_BYTES = 1_000_000  # it has 232,589; what is larger is something else


class FetchError(Exception):
    """It can't be fetched or kept: one sentence that says why and what to do."""


def fetch_detector(folder: Path, source: str = SOURCE) -> Path:
    """Fetch the file into `folder`, unless it is there, and give its path. Raises FetchError."""
    target = folder / NAME
    if target.is_file() and is_published(target.read_bytes()):
        return target
    weights = _download(source)
    if not is_published(weights):
        raise FetchError(
            f"What {source} gave ({len(weights):,} bytes) is not {NAME} as it was published (sha256 "
            f"{SHA256}). Nothing was kept; try again later, or another place with --from."
        )
    _keep(weights, target)
    return target


def _download(source: str) -> bytes:
    if not source.startswith(("https://", "http://")):
        raise FetchError(f"{source} is no address of a file; expected https://… or http://….")
    try:
        with urllib.request.urlopen(source, timeout=SECONDS) as answer:
            return answer.read(MOST_BYTES)
    except urllib.error.HTTPError as error:
        error.close()
        why = f"the server says {error}"
    except (OSError, http.client.HTTPException, ValueError) as error:
        why = getattr(error, "reason", error)
    raise FetchError(
        f"{source} can't be fetched: {why}. Nothing was kept; try again later, or another place with --from."
    )


def _keep(weights: bytes, target: Path) -> None:
    """Write it beside its place first: whoever reads that finds all of it or nothing."""
    beside = target.with_suffix(".part")
    try:
        beside.write_bytes(weights)
        beside.replace(target)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise FetchError(f"{target} can't be written: {error.strerror}.") from None
