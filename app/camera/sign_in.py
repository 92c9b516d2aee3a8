"""Signs in to a camera over HTTP or RTSP: Basic (RFC 7617) and Digest (RFC 7616)."""

import hashlib
import os
from base64 import b64encode
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from urllib.parse import SplitResult, unquote
from urllib.request import parse_http_list, parse_keqv_list

HASHES = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}
FFMPEG_ALGORITHMS = frozenset({"MD5"})
"""Those of FFmpeg, which reads RTSP."""


class UnknownSignIn(Exception):
    """The camera offers no way to sign in that is known here; its text names the one it offers."""


@dataclass(frozen=True, slots=True)
class Challenge:
    """One way to sign in that a camera offers, in one header WWW-Authenticate."""

    scheme: str
    values: dict[str, str]

    @property
    def algorithm(self) -> str:
        return self.values.get("algorithm", "MD5").upper()

    def is_known(self, algorithms: Collection[str]) -> bool:
        qop = self.values.get("qop", "auth").replace(" ", "").split(",")
        return self.scheme == "basic" or (
            self.scheme == "digest" and self.algorithm in algorithms and "auth" in qop
        )


def authorization(
    headers: Sequence[str],
    parts: SplitResult,
    method: str,
    uri: str,
    algorithms: Collection[str] = tuple(HASHES),
) -> str:
    """Give the header Authorization that answers the headers WWW-Authenticate of a camera.

    `parts` is its address with user and password. Raises UnknownSignIn.
    """
    challenges = [_challenge(header) for header in headers]
    known = [challenge for challenge in challenges if challenge.is_known(algorithms)]
    if not known:
        names = (f"{each.scheme.title()} {each.values.get('algorithm', '')}".strip() for each in challenges)
        raise UnknownSignIn(", ".join(names)[:100])
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    chosen = max(known, key=lambda challenge: challenge.scheme == "digest")
    if chosen.scheme == "digest":
        return _digest(chosen, user, password, method, uri)
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode()


def _challenge(header: str) -> Challenge:
    scheme, _, rest = header.strip().partition(" ")
    values = parse_keqv_list(item for item in parse_http_list(rest) if "=" in item)
    return Challenge(scheme.lower(), {name.lower(): value for name, value in values.items()})


def _digest(challenge: Challenge, user: str, password: str, method: str, uri: str) -> str:
    """RFC 7616, 3.4; without qop as RFC 2069, which old cameras speak."""

    def hashed(*fields: str) -> str:
        return HASHES[challenge.algorithm](":".join(fields).encode()).hexdigest()

    realm, nonce = challenge.values.get("realm", ""), challenge.values.get("nonce", "")
    secret, request = hashed(user, realm, password), hashed(method, uri)
    fields = {"username": user, "realm": realm, "nonce": nonce, "uri": uri}
    if "qop" in challenge.values:
        cnonce = os.urandom(8).hex()
        fields["response"] = hashed(secret, nonce, "00000001", cnonce, "auth", request)
        fields["cnonce"] = cnonce
    else:
        fields["response"] = hashed(secret, nonce, request)
    if "opaque" in challenge.values:
        fields["opaque"] = challenge.values["opaque"]
    quoted = [f'{name}="{_escaped(value)}"' for name, value in fields.items()]
    bare = [f"algorithm={challenge.values['algorithm']}"] if "algorithm" in challenge.values else []
    if "qop" in challenge.values:
        bare += ["qop=auth", "nc=00000001"]
    return "Digest " + ", ".join(quoted + bare)


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')
