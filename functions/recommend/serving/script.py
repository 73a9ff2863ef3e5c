"""GET /recommend.js: what fills the slots of a page."""

from collections.abc import Mapping
from pathlib import Path

from shared import http
from shared.scripts import Script

SLOTS = Script(Path(__file__).resolve().parents[1] / "slots.js")


def serve(headers: Mapping[str, str]) -> http.Reply:
    """The script."""
    return SLOTS.serve(headers)
