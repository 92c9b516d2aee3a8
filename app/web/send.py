"""The page that sends this computer's camera or window, and the WebSocket it sends through."""

import json
import time

from flask import Blueprint, current_app, request
from flask_login import current_user
from websockets.frames import CloseCode

from app.camera.jpeg import MOST_BYTES, BadPicture, check_jpeg
from app.camera.spec import NO_BROWSER, Kind
from app.records.in_force import in_force
from app.records.tables import db
from app.web.access import bearer_token, hub, limiter, relay
from app.web.hub import Hub, TooManyViewers
from app.web.problems import problem
from app.web.relay import Left, Relay, Sender, Taken
from app.web.websocket import Closed, Upgrade, WebSocket

pages = Blueprint("send", __name__)

PROMPT_SECONDS = 0.25  # how soon a waiting sender notices that the server ends, or that its turn is over
SIGN_SECONDS = 2.0  # between two signs of life while no picture is asked for
SILENT_SECONDS = 10.0  # a page that sends no byte for so long, though it was asked, is gone
PICTURE_SECONDS = 60.0  # one that takes longer for one picture sends it byte by byte
OTHER_CAMERA = "This room looks through another camera. An administrator can change that under Settings."


class Refused(Exception):
    """What the page did is not taken; the message says why, in a sentence for people."""

    def __init__(self, code: int, detail: str) -> None:
        super().__init__(detail)
        self.code = code


@pages.get("/send/frames", websocket=True)
@limiter.limit("120/minute")
def frames():
    """Take pictures through a WebSocket: each is asked for, and answered by one JPEG."""
    if "gunicorn.socket" not in request.environ:
        return problem(501, "Only gunicorn takes pictures from browsers here.")
    turn = Turn(hub(), relay(), current_user.name, request.args.get("page", "")[:64])
    turn.take_over = request.args.get("take-over") == "yes"
    turn.refusal = _refusal()
    upgrade = Upgrade(turn.run, MOST_BYTES, without_origin=bearer_token() is not None)
    db.session.remove()  # for as long as pictures come nobody asks the database here
    return upgrade


def _refusal() -> str | None:
    """Why no browser's pictures are taken here, as a sentence; None where they are."""
    if current_app.config["SETTINGS"].redis_url is not None:
        return NO_BROWSER
    return None if in_force().camera == Kind.BROWSER else OTHER_CAMERA


class Turn:
    """One page's turn at sending, from the handshake to its end."""

    def __init__(self, hub: Hub, relay: Relay, name: str, key: str) -> None:
        self._hub = hub
        self._relay = relay
        self._name = name
        self._key = key
        self.take_over = False
        self.refusal: str | None = None

    def run(self, websocket: WebSocket) -> None:
        """Ask for pictures and pass them on, until the page goes or is sent away."""
        try:
            self._hub.enter_sender()
        except TooManyViewers as error:
            return self._say_goodbye(websocket, CloseCode.TRY_AGAIN_LATER, "refused", detail=str(error))
        try:
            self._begin(websocket)
        finally:
            self._hub.leave_sender()

    def _begin(self, websocket: WebSocket) -> None:
        if self.refusal:
            return self._say_goodbye(websocket, CloseCode.POLICY_VIOLATION, "refused", detail=self.refusal)
        try:
            sender = self._relay.enter(self._name, self._key, take_over=self.take_over)
        except Taken as taken:
            other = taken.sender
            since = other.since.isoformat()
            return self._say_goodbye(
                websocket, CloseCode.POLICY_VIOLATION, "taken", by=other.name, since=since
            )
        left = Left.LOST
        try:
            self._pass_on(websocket, sender)
        except Refused as refused:
            left = Left.REFUSED
            self._say_goodbye(websocket, refused.code, "refused", detail=str(refused))
        except Closed as closed:
            left = _left(closed.code)
        finally:
            self._relay.leave(sender, left)

    def _pass_on(self, websocket: WebSocket, sender: Sender) -> None:
        """Ask, take, hand over. Returns where the server ends, or where the page is gone without a word."""
        signed_at = 0.0
        while not self._hub.closing():
            if not self._relay.is_sending(sender):
                other = self._relay.sender
                by = other.name if other else ""
                return self._say_goodbye(websocket, CloseCode.POLICY_VIOLATION, "over", by=by)
            if fault := self._relay.take_fault():
                raise Refused(CloseCode.INVALID_DATA, fault)
            if self._hub.camera not in (None, Kind.BROWSER):
                raise Refused(CloseCode.POLICY_VIOLATION, OTHER_CAMERA)
            if websocket.receive(0) is not None:
                raise Refused(CloseCode.POLICY_VIOLATION, "Send a picture only when it is asked for.")
            if self._relay.wait_for_ask(sender, PROMPT_SECONDS):
                asked_at = time.monotonic()
                _say(websocket, "ask", width=1280, quality=0.8)
                if not self._take(websocket, sender, asked_at):
                    return
            elif time.monotonic() - signed_at > SIGN_SECONDS:
                signed_at = time.monotonic()
                _say(websocket, "wait", paused_by=self._hub.pause.by if self._hub.pause else None)
                websocket.ping()
            if time.monotonic() - websocket.heard > SILENT_SECONDS:
                return

    def _take(self, websocket: WebSocket, sender: Sender, asked_at: float) -> bool:
        """Take the picture that was asked for; False where none comes."""
        while not self._hub.closing() and self._relay.is_sending(sender):
            match websocket.receive(PROMPT_SECONDS):
                case bytes() as jpeg:
                    _check(jpeg)
                    self._relay.give(sender, jpeg, asked_at)
                    return True
                case str():
                    raise Refused(CloseCode.UNSUPPORTED_DATA, "A picture is sent as binary, not as text.")
            now = time.monotonic()
            if now - max(websocket.heard, asked_at) > SILENT_SECONDS or now - asked_at > PICTURE_SECONDS:
                return False
        return True

    def _say_goodbye(self, websocket: WebSocket, code: int, kind: str, **facts: object) -> None:
        _say(websocket, kind, **facts)
        websocket.close(code, kind)


def _check(jpeg: bytes) -> None:
    try:
        check_jpeg(jpeg)
    except BadPicture as error:
        raise Refused(CloseCode.INVALID_DATA, str(error)) from None


def _say(websocket: WebSocket, kind: str, **facts: object) -> None:
    websocket.send(json.dumps({"type": kind, **facts}))


def _left(code: int) -> Left:
    """What a page that closes the connection with this code did."""
    match code:
        case CloseCode.NORMAL_CLOSURE:
            return Left.STOPPED
        case CloseCode.GOING_AWAY:
            return Left.CLOSED
        case CloseCode.MESSAGE_TOO_BIG | CloseCode.PROTOCOL_ERROR | CloseCode.INVALID_DATA:
            return Left.REFUSED
    return Left.LOST
