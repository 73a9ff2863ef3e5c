"""GET /collector.js: the collector."""

from pathlib import Path

from ingest.call import Call
from shared import http
from shared.scripts import Script

COLLECTOR = Script(Path(__file__).resolve().parents[1] / "collector.js")


async def serve(call: Call) -> http.Reply:
    """The script."""
    return COLLECTOR.serve(call.headers)
