"""Which functions there are, which routes they own, and which topics feed them. Terraform declares the same."""

from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]


class Function(NamedTuple):
    """A deployed function: its HTTP routes, and the topic that is pushed to it."""

    name: str
    routes: tuple[str, ...] = ()
    topic: str | None = None

    @property
    def source(self) -> Path:
        return ROOT / "functions" / self.name / "main.py"


FUNCTIONS = (
    Function(
        "collect",
        routes=(
            "/v1/events",
            *(f"/v1/{name}" for name in ("track", "identify", "page", "screen", "group", "alias", "batch", "import")),
            *(f"/v1/{letter}" for letter in "tipsgabm"),
            "/v1/projects",
            "/v1/segment/webhook",
            "/v1/segment/function",
            "/mp/collect",
            "/debug/mp/collect",
            "/v1/items",
            "/v1/ingest/stats",
            "/v1/openapi.json",
            "/collector.js",
        ),
    ),
    Function("normalize", routes=("/v1/firebase",), topic="segment-raw"),
    Function("pull", routes=("/v1/pull",)),
    Function(
        "privacy",
        routes=tuple(f"/v1/privacy/{name}" for name in ("export", "erase", "verify")),
        topic="privacy-requests",
    ),
    Function("update_profile", topic="events"),
    Function("update_items", topic="items"),
    Function("profiles", routes=("/v1/profiles",), topic="refolds"),
    Function("recommend", routes=("/v1/recommendations", "/v1/tokens", "/v1/rules", "/recommend.js")),
    Function("retrain", routes=("/v1/retrain", "/v1/models", "/v1/paths")),
    Function("sweep", routes=("/v1/sweep",)),
)

TOPICS = (
    "events",
    "segment-raw",
    "items",
    "decisions",
    "persona-changes",
    "refolds",
    "privacy-requests",
    "dead-letters",
)

TABLES = {"events": "events", "items": "items", "decisions": "decisions"}
"""Topic → table that a BigQuery subscription (locally: the bridge) fills with its messages."""

DEAD_LETTERS = "dead-letters"
MAX_ATTEMPTS = 8
STATUS = "/stack/status"
"""Local stacks only: what has been processed."""
