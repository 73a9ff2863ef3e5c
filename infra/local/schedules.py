"""What Cloud Scheduler does, by hand: one POST to the function that owns the job."""

import sys
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import httpx
import msgspec

NOTHING: Mapping[str, object] = MappingProxyType({})


def train(url: str, models: Sequence[str], force: bool = False, more: Mapping[str, object] = NOTHING) -> int:
    """Retrain all models, or those named; with more fields of the order."""
    body: dict[str, object] = {**more, **({"models": models} if models else {})}
    return _post(f"{url}/v1/retrain", {**body, "force": True} if force else body)


def sweep(url: str) -> int:
    """Announce the personas that silence has changed."""
    return _post(f"{url}/v1/sweep", {})


def _post(url: str, body: dict[str, object]) -> int:
    try:
        response = httpx.post(url, json=body, timeout=1_800)
    except httpx.TransportError as error:
        print(
            f"error: {url} does not answer ({error}); start a stack with make serve, or name its address with --url",
            file=sys.stderr,
        )
        return 1
    print(msgspec.json.format(response.text, indent=2))
    return int(response.is_error)
