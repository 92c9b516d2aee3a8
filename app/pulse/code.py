"""The code of a lecture's pulse, and the pseudonyms of devices."""

import hmac
import secrets

ALPHABET = "BCDFGHJKMNPQRSTVWXYZ23456789"
"""No sign looks like another one (0 O, 1 I L), and without vowels no code is a word."""
LENGTH = 6
"""482 million codes."""


def new_code() -> str:
    """A random code."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def normalised_code(text: str) -> str:
    """A typed code in its stored form: capitals, without blanks and hyphens."""
    return "".join(letter for letter in text.upper() if letter.isalnum())[: LENGTH + 1]


def new_device() -> str:
    """A random name for a device, which only the device keeps."""
    return secrets.token_urlsafe(16)


def device_hash(key: bytes, device: str) -> str:
    """The pseudonym under which a device's answers are stored: its HMAC-SHA-256 as hex.

    Once the lecture's key is deleted, at its end, nobody can link it to the device.
    """
    return hmac.digest(key, device.encode(), "sha256").hex()
