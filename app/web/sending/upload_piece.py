"""Receives a file piece by piece, each where the one before ended, as tus does (https://tus.io, core 1.0)."""

import errno
import threading

from flask import request

from app.language import Translatable
from app.store import uploads
from app.store.tables import LectureRecording
from app.web.access import MAX_PIECE_BYTES
from app.web.request_body import CHUNK_BYTES, drop_body, time_limit

PIECE_SECONDS = 60.0  # for one piece, on the slowest connection
MAX_PIECES = 4  # at once: each holds one of gunicorn's spare threads while it arrives
DISK_IS_FULL = Translatable(
    "The server's disk is full. Ask an administrator to free some space; "
    "the upload then goes on where it stopped."
)

_pieces = threading.BoundedSemaphore(MAX_PIECES)


class PieceRefused(Exception):
    """A piece can't be taken; its arguments are the status and `Translatable`, which says why."""


def receive_piece(recording: LectureRecording) -> int:
    """Append the request's body to the file; gives how many bytes it has now. Raises PieceRefused.

    What has arrived is kept where the connection breaks off, PIECE_SECONDS pass, or the disk is full.
    """
    with time_limit(PIECE_SECONDS):
        return _receive(recording)


def _receive(recording: LectureRecording) -> int:
    if request.mimetype != "application/offset+octet-stream":
        raise PieceRefused(415, Translatable("Send pieces as application/offset+octet-stream."))
    length = request.content_length or 0
    if length > MAX_PIECE_BYTES:
        raise PieceRefused(413, Translatable("A piece may have %(most)s MB.", most=MAX_PIECE_BYTES // 2**20))
    if not _pieces.acquire(blocking=False):
        drop_body(MAX_PIECE_BYTES)
        raise PieceRefused(503, Translatable("Too many recordings are on their way. Try again in a moment."))
    try:
        with uploads.opened_to_append(recording.file_key) as file:
            offset = file.tell() if file is not None else None
            if offset is None or request.headers.get("Upload-Offset") != str(offset):
                drop_body(MAX_PIECE_BYTES)
                raise PieceRefused(409, Translatable("Another piece comes next."))
            if offset + length > recording.file_bytes:
                drop_body(MAX_PIECE_BYTES)
                raise PieceRefused(413, Translatable("The file is larger than was said."))
            _check_space(length)
            _append_body(file)
            return file.tell()
    except FileNotFoundError:
        raise PieceRefused(410, Translatable("The file was deleted. Add the recording again.")) from None
    finally:
        _pieces.release()


def _check_space(length: int) -> None:
    """Refuse a piece that would take what the disk keeps for live lectures."""
    try:
        uploads.check_space(length)
    except uploads.UploadRefused:
        drop_body(MAX_PIECE_BYTES)
        raise PieceRefused(507, DISK_IS_FULL) from None


def _append_body(file) -> None:
    try:
        while chunk := request.stream.read(CHUNK_BYTES):
            while chunk:  # a disk that is nearly full takes a part
                chunk = chunk[file.write(chunk) :]
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise PieceRefused(507, DISK_IS_FULL) from None
        raise
