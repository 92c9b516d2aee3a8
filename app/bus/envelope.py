"""What travels through Redis: one message in a signed, versioned envelope, as MessagePack.

A field that is added with a default changes nothing for older programs: they ignore it. Whatever they would
misread needs another VERSION, which they refuse.
"""

import msgspec

from app.bus.messages import (
    MonitorStatus,
    MonitorUnavailable,
    PictureOnItsWay,
    RoomChanged,
)
from app.bus.subscription import Subscription
from app.camera.frame_request import FrameRequest, NoFrame, SenderPresence, SentFrame
from app.language import Translatable

VERSION = 1

MESSAGES = (
    PictureOnItsWay,
    MonitorStatus,
    MonitorUnavailable,
    Subscription,
    RoomChanged,
    FrameRequest,
    SentFrame,
    NoFrame,
    SenderPresence,
)
"""Every type of message; its name says in an envelope which one it is."""

_by_kind = {each.__name__: each for each in MESSAGES}
_encoder = msgspec.msgpack.Encoder()


class Envelope(msgspec.Struct, frozen=True):
    """A message with its address and number, all of which are signed."""

    version: int
    topic: str
    """Where it was published: nobody can send it again elsewhere."""
    sender: str
    """The id of the process, new with each of its subscriptions."""
    number: int
    """Another one for each message of a sender."""
    sent_at: float
    """By Redis's clock, Unix seconds."""
    room_id: int
    lease_number: int
    """Of the lease under which a monitor's message is sent; 0 in a web process's."""
    kind: str
    body: msgspec.Raw
    """The encoded message."""


class Unreadable(ValueError):
    """A message that this version of the program doesn't know; its argument, `Translatable`, says why."""


def encode_body(message: object) -> tuple[str, msgspec.Raw]:
    """The kind of a message, and the message encoded."""
    return type(message).__name__, msgspec.Raw(_encoder.encode(message))


def encode(envelope: Envelope) -> bytes:
    """Encode an envelope."""
    return _encoder.encode(envelope)


def decode(packed: bytes) -> Envelope:
    """Decode an envelope, not yet its message. Raises Unreadable."""
    try:
        version = msgspec.msgpack.decode(packed, type=_Version).version
        if version != VERSION:
            raise Unreadable(
                Translatable(
                    "Another machine sends messages of version %(theirs)s, and this one reads version "
                    "%(ours)s. Run the same version of Aula on every machine.",
                    theirs=version,
                    ours=VERSION,
                )
            )
        return msgspec.msgpack.decode(packed, type=Envelope)
    except msgspec.MsgspecError as error:
        raise _damaged(error) from None


def decode_body(envelope: Envelope) -> object:
    """Decode the message in an envelope. Raises Unreadable."""
    message_type = _by_kind.get(envelope.kind)
    if message_type is None:
        raise _damaged(f"unknown kind {envelope.kind}")
    try:
        return msgspec.msgpack.decode(envelope.body, type=message_type)
    except msgspec.MsgspecError as error:
        raise _damaged(error) from None


def _damaged(why: object) -> Unreadable:
    return Unreadable(Translatable("A message of another machine can't be read: %(why)s", why=str(why)))


class _Version(msgspec.Struct):
    """What every version of an envelope begins with."""

    version: int
