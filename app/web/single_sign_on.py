"""Single sign-on with OpenID Connect: who the provider says that somebody is, and which role that gives.

Authlib checks the answer: state, nonce, signature, issuer, audience and expiry.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

from flask import Flask, current_app, session

from app.language import Translatable
from app.role import Role
from app.settings import Settings

TIMEOUT_SECONDS = 10
MAX_BEGUN = 3  # sign-ins in one browser; each needs room in the cookie
STATE_PREFIX = "_state_provider_"  # Authlib's, for the client of this name
MAX_IDENTITY_LENGTH = 255

RANKS = (Role.ADMINISTRATOR, Role.TEACHER, Role.VIEWER)
"""Of several roles, the first of these holds."""


class SignOnError(Exception):
    """The provider's answer signs nobody in; its argument, `Translatable`, says why."""


NOT_BEGUN_HERE = Translatable("This sign-in was not begun in this browser, or too long ago. Start again.")
AWAY = Translatable("The sign-in service can't be reached. Try again in a moment.")
NOT_OPENID = Translatable("The sign-in service does not answer as OpenID Connect asks. Check OIDC_ISSUER.")
REFUSED = Translatable("The sign-in service refused.")
WRONG_SECRET = Translatable(
    "The sign-in service does not accept this server. Check OIDC_CLIENT_ID and OIDC_CLIENT_SECRET."
)
EXPIRED = Translatable("The sign-in service's answer has expired. Check the clocks of both machines.")
FORGED = Translatable("The sign-in service's answer is not signed by it. Nobody was signed in.")
WRONG_CLAIMS = {
    "iss": Translatable("The answer comes from another sign-in service than OIDC_ISSUER names."),
    "aud": Translatable("The sign-in service's answer is meant for another program."),
    "azp": Translatable("The sign-in service's answer is meant for another program."),
    "nonce": Translatable("The sign-in service's answer belongs to another sign-in. Start again."),
}
INCOMPLETE = Translatable("The sign-in service's answer is not complete.")
NO_ROLE = Translatable("Your account has no role here. Ask an administrator for one.")


def init_app(app: Flask) -> None:
    """Prepare the client if OIDC_ISSUER is set. Nothing is fetched before somebody signs in."""
    settings: Settings = app.config["SETTINGS"]
    if settings.oidc_issuer is None:
        return
    from authlib.integrations.flask_client import OAuth  # imports requests and cryptography

    app.extensions["provider"] = OAuth(app).register(
        "provider",
        client_id=settings.oidc_client_id,
        client_secret=settings.oidc_client_secret,
        server_metadata_url=f"{settings.oidc_issuer.rstrip('/')}/.well-known/openid-configuration",
        client_kwargs={
            "scope": "openid profile email",
            "code_challenge_method": "S256",
            "default_timeout": TIMEOUT_SECONDS,
        },
    )


def begin(callback: str):
    """The redirect to the provider, which sends the browser back to `callback`. Raises SignOnError."""
    for key in [key for key in session if key.startswith(STATE_PREFIX)][: 1 - MAX_BEGUN]:
        session.pop(key)
    return _checked(lambda provider: provider.authorize_redirect(callback))


def complete() -> Mapping[str, Any]:
    """What the provider says about whoever comes back from it. Raises SignOnError."""

    def ask(provider):
        token = provider.authorize_access_token()
        claims = token.get("userinfo")
        if claims is None:
            raise SignOnError(INCOMPLETE)
        return claims

    return _checked(ask)


def _checked(ask):
    """What `ask` gets from the provider. Raises SignOnError, with a sentence for each thing that can fail."""
    from authlib.integrations.base_client.errors import MismatchingStateError, OAuthError
    from joserfc.errors import ClaimError, ExpiredTokenError, JoseError
    from requests import RequestException

    provider = current_app.extensions["provider"]
    try:
        _check_issuer(provider.load_server_metadata())
        return ask(provider)
    except MismatchingStateError:
        raise SignOnError(NOT_BEGUN_HERE) from None
    except OAuthError as error:
        _log(error)
        raise SignOnError(WRONG_SECRET if error.error == "invalid_client" else REFUSED) from None
    except ExpiredTokenError:
        raise SignOnError(EXPIRED) from None
    except ClaimError as error:
        raise SignOnError(WRONG_CLAIMS.get(error.claim, INCOMPLETE)) from None
    except JoseError as error:
        _log(error)
        raise SignOnError(FORGED) from None
    except RequestException as error:
        _log(error)
        raise SignOnError(AWAY) from None
    except (RuntimeError, ValueError, KeyError, TypeError) as error:  # no JSON, or fields are missing
        _log(error)
        raise SignOnError(NOT_OPENID) from None


def _log(error: Exception) -> None:
    current_app.logger.warning("sign-in with OpenID Connect: %s: %.300s", type(error).__name__, error)


def _check_issuer(metadata: Mapping[str, Any]) -> None:
    """Authlib compares the answer with the metadata's issuer; compare that with the setting."""
    if str(metadata.get("issuer", "")).rstrip("/") != current_app.config["SETTINGS"].oidc_issuer.rstrip("/"):
        raise SignOnError(WRONG_CLAIMS["iss"])


def identity_of(claims: Mapping[str, Any]) -> str:
    """What an account is found by: issuer and subject, never a name that somebody can choose."""
    identity = f"{claims['iss']} {claims['sub']}"
    if len(identity) > MAX_IDENTITY_LENGTH:
        return hashlib.sha256(identity.encode()).hexdigest()
    return identity


def name_of(claims: Mapping[str, Any]) -> str:
    """A name for a new account."""
    for claim in ("name", "preferred_username", "email", "sub"):
        name = "".join(letter for letter in str(claims.get(claim) or "") if letter.isprintable()).strip()
        if name:
            return name[:80]
    return "?"


def role_of(claims: Mapping[str, Any]) -> Role | None:
    """The role that the configured claim gives; None if no claim is configured. Raises SignOnError."""
    settings: Settings = current_app.config["SETTINGS"]
    if settings.oidc_roles_claim is None:
        return None
    values = _values(claims, settings.oidc_roles_claim)
    given = {role for value, role in settings.oidc_roles.items() if value in values}
    role = next((role for role in RANKS if role in given), None)
    if role is None:
        raise SignOnError(NO_ROLE)
    return role


def _values(claims: Mapping[str, Any], name: str) -> set[str]:
    """The values of a claim: one text or a list. Dots lead into nested claims, as in Keycloak's."""
    found: Any = claims.get(name)
    if found is None:
        found = claims
        for part in name.split("."):
            found = found.get(part) if isinstance(found, Mapping) else None
    values = found if isinstance(found, list) else [found]
    return {str(value) for value in values if isinstance(value, str | int)}
