"""Installs YuNet's file, completely or not at all: from an address, from a file, or as somebody sent it."""

import errno
import http.client
import secrets
import socket
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime
from pathlib import Path

import cv2

from app.demo import Classroom
from app.language import Translatable
from app.purpose import Purpose
from app.vision.detection.yunet_file import YUNET_BYTES, YUNET_FILE, is_published
from app.vision.face_analyser import FaceAnalyser

TIMEOUT_SECONDS = 8.0  # without a byte, for each address that the name has
MAX_BYTES = 1_000_000  # a larger file is another one
STUDENTS = 6
DRAWN_AT = datetime(2026, 11, 21, 10, 6, 10, tzinfo=UTC)  # when nobody hides behind a hand

NOT_AN_ADDRESS = Translatable("expected https://… or http://…, or the path of a file")
NO_WAY = Translatable("there is no way to it from this server, which may have no internet")
NO_ANSWER = Translatable("no answer within %(seconds)s s", seconds=round(TIMEOUT_SECONDS))
DISK_FULL = Translatable("the disk is full")


class InstallError(Exception):
    """Nothing was installed; its argument, `Translatable`, says why and what to do."""


def install_from(source: str, folder: Path) -> Path:
    """Install the file from an address or a path into `folder`, unless it is there; gives where it is.

    Raises InstallError.
    """
    target = folder / YUNET_FILE
    if target.is_file() and is_published(target.read_bytes()):
        return target
    weights = _download(source) if "://" in source else _read(Path(source))
    return install(weights, source, folder)


def install(weights: bytes, source: object, folder: Path) -> Path:
    """Install what `source` gave into `folder`, unless it is another file. Gives where it is.

    The file is written beside its place, tried, and renamed: whoever looks there finds all of it or nothing.
    Raises InstallError.
    """
    if not is_published(weights):
        raise InstallError(
            Translatable(
                "%(source)s (%(bytes)s bytes) is not %(file)s as it was published, with %(right)s bytes: "
                "it was altered or cut, or is another file. Nothing was changed.",
                source=source,
                bytes=len(weights),
                file=YUNET_FILE,
                right=YUNET_BYTES,
            )
        )
    target = folder / YUNET_FILE
    partial = folder / f"{time.time():.0f}-{secrets.token_hex(8)}"  # as `uploads.delete_old` knows files
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        partial.write_bytes(weights)
        _try(partial)
        partial.replace(target)
    except OSError as error:
        raise InstallError(
            Translatable(
                "%(path)s can't be written: %(cause)s. Nothing was changed.",
                path=target,
                cause=DISK_FULL if error.errno == errno.ENOSPC else error.strerror,
            )
        ) from None
    finally:
        partial.unlink(missing_ok=True)
    return target


def _try(path: Path) -> None:
    """Load the file, and find the faces of the drawn classroom. Raises InstallError."""
    try:
        analyser = FaceAnalyser(str(path), Purpose.PRESENCE)
        found = len(analyser.analyse_picture(Classroom(STUDENTS, (960, 720)).draw(DRAWN_AT)))
    except (RuntimeError, cv2.error) as error:
        raise InstallError(
            Translatable(
                "The file is the right one, but this machine's OpenCV can't use it: %(cause)s. Nothing was "
                "changed.",
                cause=" ".join(str(error).split()),
            )
        ) from None
    if not found:
        raise InstallError(
            Translatable("The file is the right one, but finds no face on this machine. Nothing was changed.")
        )


def _download(url: str) -> bytes:
    if not url.startswith(("https://", "http://")):
        raise _not_fetched(url, NOT_AN_ADDRESS)
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS) as response:
            return response.read(MAX_BYTES)
    except urllib.error.HTTPError as error:
        error.close()
        raise _not_fetched(url, Translatable("the server says %(answer)s", answer=str(error))) from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise _not_fetched(url, _cause(getattr(error, "reason", error))) from None


def _cause(error: object) -> object:
    """What went wrong, in words where there are better ones than the system's."""
    if isinstance(error, socket.gaierror) or getattr(error, "errno", None) in (
        errno.ENETUNREACH,
        errno.EHOSTUNREACH,
    ):
        return NO_WAY
    return NO_ANSWER if isinstance(error, TimeoutError) else error


def _not_fetched(url: str, cause: object) -> InstallError:
    return InstallError(
        Translatable(
            "%(url)s can't be fetched: %(cause)s. Nothing was changed. If this server has no internet, fetch "
            "the file on another computer and give it to this one.",
            url=url,
            cause=cause,
        )
    )


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES)
    except OSError as error:
        raise InstallError(
            Translatable("%(path)s can't be read: %(cause)s.", path=path, cause=error.strerror)
        ) from None
