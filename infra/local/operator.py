"""How an operator's commands speak to a stack that serves: an address, a key, and what is wrong in words."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import msgspec

from shared.errors import PermanentError, Problem, RetryableError
from shared.settings import PREFIX

TIMEOUT_S = 1_800


@contextmanager
def calling(url: str, key: str | None) -> Iterator[httpx.Client]:
    """A client that shows the operator's key. Raises RetryableError where nobody answers."""
    key = key or first_key("OPERATOR_KEYS")
    headers = {"authorization": f"Bearer {key}"} if key else {}
    try:
        with httpx.Client(base_url=url, headers=headers, timeout=TIMEOUT_S) as client:
            yield client
    except httpx.TransportError as error:
        hint = "start a stack with make serve, or name its address with --url"
        raise RetryableError(f"{url} does not answer ({error}); {hint}") from None


def first_key(setting: str) -> str:
    """The first key of a setting, as OPERATOR_KEYS, of this command's own environment; empty without any."""
    return os.environ.get(f"{PREFIX}{setting}", "").partition(",")[0].strip()


def check(answer: httpx.Response) -> dict[str, Any]:
    """The answer's JSON. Raises what the stack says is wrong."""
    try:
        found: dict[str, Any] = msgspec.json.decode(answer.content)
    except msgspec.DecodeError:
        told = f"{answer.status_code}: {answer.text[:100]}"
        raise PermanentError(f"{answer.url} does not answer as Attune", (Problem("body", "JSON", told),)) from None
    if answer.status_code in (409, 429, 503):
        raise RetryableError(f"{answer.status_code}: {found['error']}")
    if answer.is_error:
        problems = tuple(Problem(**problem) for problem in found.get("problems", ()))
        raise PermanentError(found["error"], problems)
    return found


def whom(user: str | None, device: str | None) -> dict[str, str]:
    """The person that the options name, as the functions call them."""
    return {"user_id": user} if user is not None else {"anonymous_id": device or ""}
