"""One page that sends frames through a WebSocket, from its handshake to its end."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass

from websockets.frames import CloseCode

from app.camera.jpeg import InvalidJpeg, check_jpeg
from app.camera.spec import CameraKind
from app.language import Translatable, translate
from app.web.sending.relay import AlreadySending, DisconnectReason, FrameSender, Relay
from app.web.sending.requested_format import FormatChooser
from app.web.sending.websocket import ConnectionClosed, WebSocket
from app.web.stream.hub import Hub
from app.web.stream.viewer import TooManyStreams

POLL_SECONDS = 0.25  # how soon a session notices that the server is ending, or that another page took over
KEEPALIVE_SECONDS = 2.0  # between two pings while no frame is requested
SILENCE_TIMEOUT_SECONDS = 10.0  # a page that sends no byte for this long is gone
FRAME_TIMEOUT_SECONDS = 60.0  # a page that takes longer for one frame trickles it byte by byte

OTHER_CAMERA = Translatable("This room uses another camera. An administrator can change that under Settings.")
TOO_MANY_STREAMS = Translatable("Too many people are watching this room at the moment. Try again later.")
NO_LONGER_ALLOWED = Translatable("You may not send pictures of this room any more.")
NOT_REQUESTED = Translatable("The page sent a picture that was not asked for.")
NOT_BINARY = Translatable("Send a picture as a binary message, not as text.")


class SenderRefused(Exception):
    """The page is disconnected because of what it did or asked for."""

    def __init__(self, code: CloseCode, detail: Translatable) -> None:
        super().__init__(str(detail))
        self.code = code
        self.detail = detail


@dataclass(frozen=True, slots=True)
class SendingSession:
    """Requests a page's frames and passes them to the relay."""

    hub: Hub
    relay: Relay
    name: str
    key: str
    """Recognises the page when it reconnects."""
    take_over: bool
    refusal: Translatable | None
    """Why this server takes no frames from browsers."""
    language: str
    may_send: Callable[[], bool]
    """Whether whoever opened the page may still use the room."""

    def run(self, websocket: WebSocket) -> None:
        """Serve the page until it leaves or is disconnected. Takes a slot of the streams meanwhile."""
        try:
            self.hub.slots.acquire()
        except TooManyStreams:
            detail = translate(TOO_MANY_STREAMS, self.language)
            _close(websocket, CloseCode.TRY_AGAIN_LATER, "refused", detail=detail)
            return
        try:
            self._connect(websocket)
        except SenderRefused as refused:
            _close(websocket, refused.code, "refused", detail=translate(refused.detail, self.language))
        finally:
            self.hub.slots.release()

    def _connect(self, websocket: WebSocket) -> None:
        """Connect the page to the relay for as long as it sends."""
        if self.refusal:
            raise SenderRefused(CloseCode.POLICY_VIOLATION, self.refusal)
        try:
            sender = self.relay.connect(self.name, self.key, take_over=self.take_over)
        except AlreadySending as other:
            since = other.sender.since.isoformat()
            _close(websocket, CloseCode.POLICY_VIOLATION, "taken", by=other.sender.name, since=since)
            return
        reason = DisconnectReason.LOST
        try:
            self._request_frames(websocket, sender)
        except SenderRefused:
            reason = DisconnectReason.REFUSED
            raise
        except ConnectionClosed as closed:
            reason = _disconnect_reason(closed.code)
        finally:
            self.relay.disconnect(sender, reason)

    def _request_frames(self, websocket: WebSocket, sender: FrameSender) -> None:
        """Request frames until the server ends, another page takes over, or this one falls silent."""
        pinged_at, formats = 0.0, FormatChooser()
        while not self.hub.is_ending():
            if not self.relay.is_sending(sender):
                other = self.relay.sender
                _close(websocket, CloseCode.POLICY_VIOLATION, "over", by=other.name if other else "")
                return
            self._check(websocket)
            if self.relay.wait_for_request(sender, POLL_SECONDS):
                if not self._request_frame(websocket, sender, formats):
                    return
            elif time.monotonic() - pinged_at > KEEPALIVE_SECONDS:
                pinged_at = time.monotonic()
                _send(websocket, "wait", paused_by=self.hub.pause.by if self.hub.pause else None)
                websocket.ping()
            if time.monotonic() - websocket.received_at > SILENCE_TIMEOUT_SECONDS:
                return

    def _check(self, websocket: WebSocket) -> None:
        """Raise SenderRefused when there is a reason to disconnect the page."""
        if websocket.has_message():
            raise SenderRefused(CloseCode.POLICY_VIOLATION, NOT_REQUESTED)
        if not self.may_send():
            raise SenderRefused(CloseCode.POLICY_VIOLATION, NO_LONGER_ALLOWED)
        if fault := self.relay.pop_fault():
            raise SenderRefused(CloseCode.INVALID_DATA, fault)
        if self.hub.camera not in (None, CameraKind.BROWSER):
            raise SenderRefused(CloseCode.POLICY_VIOLATION, OTHER_CAMERA)

    def _request_frame(self, websocket: WebSocket, sender: FrameSender, formats: FormatChooser) -> bool:
        """Request one frame and pass it on; False when the page sends none."""
        requested_at = time.monotonic()
        face_width = self.hub.status.face_width if self.hub.status else None
        requested = formats.choose(face_width, requested_at)
        _send(websocket, "ask", width=requested.width, quality=requested.quality)
        while not self.hub.is_ending() and self.relay.is_sending(sender):
            match websocket.receive(POLL_SECONDS):
                case bytes() as jpeg:
                    _check_jpeg(jpeg)
                    self.relay.put_frame(sender, jpeg, requested_at)
                    return True
                case str():
                    raise SenderRefused(CloseCode.UNSUPPORTED_DATA, NOT_BINARY)
            now = time.monotonic()
            silence_seconds = now - max(websocket.received_at, requested_at)
            if silence_seconds > SILENCE_TIMEOUT_SECONDS or now - requested_at > FRAME_TIMEOUT_SECONDS:
                return False
        return True


def _check_jpeg(jpeg: bytes) -> None:
    try:
        check_jpeg(jpeg)
    except InvalidJpeg as error:
        raise SenderRefused(CloseCode.INVALID_DATA, error.words) from None


def _send(websocket: WebSocket, message_type: str, **fields: object) -> None:
    websocket.send(json.dumps({"type": message_type, **fields}))


def _close(websocket: WebSocket, code: CloseCode, message_type: str, **fields: object) -> None:
    """Send a last message and close the connection."""
    _send(websocket, message_type, **fields)
    websocket.close(code, message_type)


def _disconnect_reason(code: int) -> DisconnectReason:
    """Why a page left that closed the connection with `code`."""
    match code:
        case CloseCode.NORMAL_CLOSURE:
            return DisconnectReason.STOPPED
        case CloseCode.GOING_AWAY:
            return DisconnectReason.CLOSED
        case CloseCode.MESSAGE_TOO_BIG | CloseCode.PROTOCOL_ERROR | CloseCode.INVALID_DATA:
            return DisconnectReason.REFUSED
    return DisconnectReason.LOST
