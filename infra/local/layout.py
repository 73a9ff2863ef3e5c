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
    Function("collect", routes=("/v1/events",)),
    Function("update_profile", topic="events"),
    Function("recommend", routes=("/v1/recommendations",)),
    Function("retrain", routes=("/v1/retrain",)),
    Function("sweep", routes=("/v1/sweep",)),
)

TOPICS = ("events", "decisions", "persona-changes", "dead-letters")

TABLES = {"events": "events", "decisions": "decisions"}
"""Topic → table that a BigQuery subscription (locally: the bridge) fills with its messages."""

DEAD_LETTERS = "dead-letters"
MAX_ATTEMPTS = 5
STATUS = "/stack/status"
"""Local stacks only: what has been processed."""
