"""Signed webhooks, as https://www.standardwebhooks.com specifies them."""

import base64
import hmac
import json
import time
from http.client import HTTPException
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, Request, build_opener

from app.language import Translatable
from app.notify.address import webhook_key, webhook_url

TIMEOUT_SECONDS = 10.0


class _StayOnHost(HTTPRedirectHandler):
    """Follows no redirect: it could lead to a host that nobody chose."""

    def redirect_request(self, *_: object) -> None:
        return None


def post_event(address: str, event_id: str, event: dict) -> Translatable | None:
    """POST an event as signed JSON; gives None, or why it didn't arrive."""
    body = json.dumps(event, ensure_ascii=False).encode()
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Aula",
        **signature_headers(webhook_key(address), event_id, int(time.time()), body),
    }
    try:
        request = Request(webhook_url(address), body, headers)
        with build_opener(_StayOnHost).open(request, timeout=TIMEOUT_SECONDS):
            return None
    except HTTPError as error:
        error.close()
        return Translatable("It answered %(status)s.", status=f"{error.code} {error.reason}")
    except (OSError, HTTPException, UnicodeError) as error:  # UnicodeError: a name that DNS can't hold
        return Translatable("It can't be reached: %(reason)s.", reason=str(getattr(error, "reason", error)))


def signature_headers(key: bytes, event_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The headers that let a receiver check who sent `body`, and when (`timestamp`, Unix seconds)."""
    signed = f"{event_id}.{timestamp}.".encode() + body
    signature = base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": f"v1,{signature}",
    }
