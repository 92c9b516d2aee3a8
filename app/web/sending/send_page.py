"""The page that sends this computer's camera or window, and the WebSocket that it sends through."""

import json
import time
from dataclasses import dataclass
from uuid import uuid4

from flask import Blueprint, current_app, render_template, request
from flask_login import current_user
from websockets.frames import CloseCode

from app.camera.jpeg import MAX_BYTES, InvalidJpeg, check_jpeg
from app.camera.spec import NO_BROWSER, CameraKind
from app.language import Words, language, say
from app.store.effective_settings import effective_settings
from app.store.tables import db
from app.web.access import bearer_token, hub, limiter, relay
from app.web.problems import problem
from app.web.sending.relay import AlreadySending, DisconnectReason, FrameSender, Relay
from app.web.sending.requested_format import FormatChooser
from app.web.sending.websocket import ConnectionClosed, Upgrade, WebSocket
from app.web.stream.hub import Hub, TooManyViewers

pages = Blueprint("send", __name__)

PROMPT_SECONDS = 0.25  # how soon a waiting sender notices that the server ends, or that its turn is over
SIGN_SECONDS = 2.0  # between two signs of life while no picture is asked for
SILENT_SECONDS = 10.0  # a page that sends no byte for so long, though it was asked, is gone
PICTURE_SECONDS = 60.0  # one that takes longer for one picture sends it byte by byte

OTHER_CAMERA = Words("This room has another camera. An administrator can change that under Settings.")
FULL = Words("Too many people watch this room at the moment. Try again later.")
UNASKED = Words("A picture was sent that was not asked for.")
TEXT = Words("A picture is sent as binary, not as text.")


@pages.get("/send")
def page():
    """Choose what to send, look at it, start and stop."""
    refusal = _refusal()
    return render_template("send.html", refusal=refusal and say(refusal))


@pages.get("/send/frames", websocket=True)
@limiter.limit("120/minute")
def frames():
    """Take pictures through a WebSocket: each is asked for, and answered by one JPEG."""
    if "gunicorn.socket" not in request.environ:
        return problem(501, "Only gunicorn takes pictures from browsers here.")
    turn = SendingSession(
        hub(),
        relay(),
        name=current_user.name,
        key=f"{current_user.name} {request.args.get('page', '')[:64] or uuid4().hex}",
        take_over=request.args.get("take-over") == "yes",
        refusal=_refusal(),
        language=language(),
    )
    upgrade = Upgrade(turn.run, MAX_BYTES, without_origin=bearer_token() is not None)
    db.session.remove()  # for as long as pictures come nobody asks the database here
    return upgrade


def _refusal() -> Words | None:
    """Why no browser's pictures are taken here; None where they are."""
    if current_app.config["SETTINGS"].redis_url is not None:
        return NO_BROWSER
    return None if effective_settings().camera == CameraKind.BROWSER else OTHER_CAMERA


class SenderRefused(Exception):
    """What the page did is not taken."""

    def __init__(self, code: int, words: Words) -> None:
        super().__init__(str(words))
        self.code = code
        self.words = words


@dataclass(frozen=True, slots=True)
class SendingSession:
    """One page's turn at sending, from the handshake to its end."""

    hub: Hub
    relay: Relay
    name: str
    key: str
    """By which the page is known again after a lost line."""
    take_over: bool
    refusal: Words | None
    """Why no browser's pictures are taken here."""
    language: str

    def run(self, websocket: WebSocket) -> None:
        """Ask for pictures and pass them on, until the page goes or is sent away."""
        try:
            self.hub.enter_sender()
        except TooManyViewers:
            _send_away(websocket, CloseCode.TRY_AGAIN_LATER, "refused", detail=say(FULL, self.language))
            return
        try:
            self._begin(websocket)
        except SenderRefused as refused:
            _send_away(websocket, refused.code, "refused", detail=say(refused.words, self.language))
        finally:
            self.hub.leave_sender()

    def _begin(self, websocket: WebSocket) -> None:
        if self.refusal:
            raise SenderRefused(CloseCode.POLICY_VIOLATION, self.refusal)
        try:
            sender = self.relay.enter(self.name, self.key, take_over=self.take_over)
        except AlreadySending as taken:
            facts = {"by": taken.sender.name, "since": taken.sender.since.isoformat()}
            _send_away(websocket, CloseCode.POLICY_VIOLATION, "taken", **facts)
            return
        left = DisconnectReason.LOST
        try:
            self._pass_on(websocket, sender)
        except SenderRefused:
            left = DisconnectReason.REFUSED
            raise
        except ConnectionClosed as closed:
            left = _left(closed.code)
        finally:
            self.relay.leave(sender, left)

    def _pass_on(self, websocket: WebSocket, sender: FrameSender) -> None:
        """Ask, take, hand over. Returns where the server ends, or where the page is gone without a word."""
        signed_at, wishes = 0.0, FormatChooser()
        while not self.hub.closing():
            if not self.relay.is_sending(sender):
                other = self.relay.sender
                _send_away(websocket, CloseCode.POLICY_VIOLATION, "over", by=other.name if other else "")
                return
            self._check(websocket)
            if self.relay.wait_for_ask(sender, PROMPT_SECONDS):
                if not self._take(websocket, sender, wishes):
                    return
            elif time.monotonic() - signed_at > SIGN_SECONDS:
                signed_at = time.monotonic()
                _tell(websocket, "wait", paused_by=self.hub.pause.by if self.hub.pause else None)
                websocket.ping()
            if time.monotonic() - websocket.heard > SILENT_SECONDS:
                return

    def _check(self, websocket: WebSocket) -> None:
        """Raise Refused where there is a reason to send the page away."""
        if websocket.is_spoken_to():
            raise SenderRefused(CloseCode.POLICY_VIOLATION, UNASKED)
        if fault := self.relay.take_fault():
            raise SenderRefused(CloseCode.INVALID_DATA, fault)
        if self.hub.camera not in (None, CameraKind.BROWSER):
            raise SenderRefused(CloseCode.POLICY_VIOLATION, OTHER_CAMERA)

    def _take(self, websocket: WebSocket, sender: FrameSender, wishes: FormatChooser) -> bool:
        """Ask for a picture and pass it on; False where none comes."""
        asked_at = time.monotonic()
        wanted = wishes.next(self.hub.status.face_width if self.hub.status else None, asked_at)
        _tell(websocket, "ask", width=wanted.width, quality=wanted.quality)
        while not self.hub.closing() and self.relay.is_sending(sender):
            match websocket.receive(PROMPT_SECONDS):
                case bytes() as jpeg:
                    _check_jpeg(jpeg)
                    self.relay.give(sender, jpeg, asked_at)
                    return True
                case str():
                    raise SenderRefused(CloseCode.UNSUPPORTED_DATA, TEXT)
            now = time.monotonic()
            if now - max(websocket.heard, asked_at) > SILENT_SECONDS or now - asked_at > PICTURE_SECONDS:
                return False
        return True


def _check_jpeg(jpeg: bytes) -> None:
    try:
        check_jpeg(jpeg)
    except InvalidJpeg as error:
        raise SenderRefused(CloseCode.INVALID_DATA, error.words) from None


def _tell(websocket: WebSocket, kind: str, **facts: object) -> None:
    websocket.send(json.dumps({"type": kind, **facts}))


def _send_away(websocket: WebSocket, code: int, kind: str, **facts: object) -> None:
    _tell(websocket, kind, **facts)
    websocket.close(code, kind)


def _left(code: int) -> DisconnectReason:
    """What a page that closes the connection with this code did."""
    match code:
        case CloseCode.NORMAL_CLOSURE:
            return DisconnectReason.STOPPED
        case CloseCode.GOING_AWAY:
            return DisconnectReason.CLOSED
        case CloseCode.MESSAGE_TOO_BIG | CloseCode.PROTOCOL_ERROR | CloseCode.INVALID_DATA:
            return DisconnectReason.REFUSED
    return DisconnectReason.LOST
