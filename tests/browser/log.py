"""A stack to send to, and what its log holds in the end."""

import time
from pathlib import Path
from typing import Any

import httpx

from infra.local.layout import STATUS
from infra.local.process import Stack
from shared.stores.embedded.warehouse import EmbeddedWarehouse

KEY = "site-key"
PATIENCE_S = 30.0

Row = dict[str, Any]


class Log:
    """What a running stack takes."""

    def __init__(self, stack: Stack, data: Path):
        self.url = stack.url
        self._stack = stack
        self._data = data

    def tag(self, attributes: str = "", endpoint: str = "") -> str:
        """The script tag of the README, and where another endpoint is meant, that."""
        more = f'data-endpoint="{endpoint}" ' if endpoint else ""
        return f'<script src="{self.url}/collector.js" data-write-key="{KEY}" {more}{attributes} async></script>'

    def rows(self, expected: int) -> list[Row]:
        """Wait for so many different events, stop the stack, and read the table: one row of each event, in order."""
        self.await_taken(expected)
        assert self._stack.stop() == 0
        warehouse = EmbeddedWarehouse(self._data / "warehouse.duckdb")
        found = warehouse.query("SELECT * FROM events ORDER BY occurred_at, received_at").to_pylist()
        warehouse.close()
        return list({row["event_id"]: row for row in reversed(found)}.values())[::-1]

    def await_taken(self, expected: int) -> None:
        """Wait for so many different events; in vain, the test's own assertion says what is missing."""
        deadline = time.monotonic() + PATIENCE_S
        while self._taken() < expected and time.monotonic() < deadline:
            time.sleep(0.05)

    def _taken(self) -> int:
        """Different events that profiles have seen, once nothing waits: repetitions are counted apart there."""
        status = httpx.get(self.url + STATUS).json()
        outcomes = status["outcomes"]
        return -1 if any(status["waiting"].values()) else outcomes.get("applied", 0) + outcomes.get("no_consent", 0)


def kinds(rows: list[Row]) -> list[str]:
    return sorted(row["kind"] for row in rows)


def one(rows: list[Row], kind: str, **wanted: object) -> Row:
    """The only row of that kind with these values."""
    found = [row for row in rows if row["kind"] == kind and all(row[name] == value for name, value in wanted.items())]
    assert len(found) == 1, f"{len(found)} rows of {kind} with {wanted}"
    return found[0]
