"""Servers that Google's IAM lets in: who asks, by the identity token that Cloud Run has checked.

A service that not everybody may invoke is reached only by whom IAM allows. Cloud Run checks the token's signature,
audience and times, and hands it on with its signature taken off; of two headers it checks X-Serverless-Authorization
alone (https://cloud.google.com/run/docs/authenticating/service-to-service). Where everybody may invoke the service it
checks nothing, and anybody can write such a token: whom to believe is therefore a setting, and empty by default.
"""

from base64 import urlsafe_b64decode
from collections.abc import Mapping

import msgspec

CHECKED = "x-serverless-authorization"
REMOVED = "SIGNATURE_REMOVED_BY_GOOGLE"
ISSUERS = ("https://accounts.google.com", "accounts.google.com")


class Claims(msgspec.Struct):
    """What is read of the token."""

    iss: str
    email: str


def is_let_in(known: frozenset[str], headers: Mapping[str, str]) -> bool:
    """Whether the request's only credential is the checked token of one of the known service accounts.

    With a credential of Attune's beside it, that one says who asks: a gateway passes on the token of a page.
    """
    checked, own = headers.get(CHECKED), headers.get("authorization")
    if not known or (checked and own):
        return False
    scheme, _, token = (checked or own or "").partition(" ")
    parts = token.strip().split(".")
    if scheme.lower() != "bearer" or len(parts) != 3 or parts[2] != REMOVED:
        return False
    try:
        claims = msgspec.json.decode(urlsafe_b64decode(parts[1] + "=="), type=Claims)
    except (ValueError, RecursionError):  # msgspec's errors and those of base64 are ValueErrors
        return False
    return claims.iss in ISSUERS and claims.email in known
