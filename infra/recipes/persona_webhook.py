"""A subscriber of `persona-changes`: takes Pub/Sub's pushes, keeps each change once, says so on standard output.

Start it with `python infra/recipes/persona_webhook.py --port 8090 --file changes.sqlite`; put in `act` what shall
happen to whoever has changed. Python's standard library is all that it needs.
"""

import argparse
import json
import sqlite3
from base64 import b64decode
from collections.abc import Callable, Mapping
from contextlib import closing
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

SCHEMA = "CREATE TABLE IF NOT EXISTS changes (change_id TEXT PRIMARY KEY, change TEXT NOT NULL)"
KEEP = "INSERT OR IGNORE INTO changes VALUES (?, ?)"
LONGEST_BODY = 100_000

Change = Mapping[str, Any]


def act(change: Change) -> None:
    """Here somebody gets an e-mail, moves to another audience, sees another page."""
    why = ", ".join(change["why"]["features"])
    print(f"{change['user']}: {change['from']} -> {change['to']} ({change['why']['cause']}: {why})", flush=True)


class Webhook(BaseHTTPRequestHandler):
    """POST, any path. 204: kept now or before. 400: no change at all. 500, or no answer: Pub/Sub sends it again."""

    def __init__(self, file: Path, act: Callable[[Change], None], *connection: Any) -> None:
        self._file = file
        self._act = act
        super().__init__(*connection)

    def do_POST(self) -> None:
        length = min(int(self.headers.get("content-length", 0)), LONGEST_BODY)
        try:
            change = json.loads(b64decode(json.loads(self.rfile.read(length))["message"]["data"]))
            change_id = str(change["change_id"])
        except (ValueError, KeyError, TypeError):
            self._answer(400)
            return
        self.keep(change_id, change)
        self._answer(204)

    def keep(self, change_id: str, change: Change) -> None:
        """Act, then remember, in one transaction: what fails in between comes again; what is remembered never does."""
        with closing(sqlite3.connect(self._file, timeout=10)) as connection, connection:
            if connection.execute(KEEP, (change_id, json.dumps(change))).rowcount:
                self._act(change)

    def _answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Not a line for each request: they carry people's ids."""


def make_server(host: str, port: int, file: Path, act: Callable[[Change], None] = act) -> ThreadingHTTPServer:
    """A server that keeps changes in the file. Port 0 takes a free one."""
    with closing(sqlite3.connect(file)) as connection:
        connection.execute(SCHEMA)
    return ThreadingHTTPServer((host, port), partial(Webhook, file, act))


def main() -> None:
    parser = argparse.ArgumentParser(description="a subscriber of persona-changes")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8090)
    parser.add_argument("--file", type=Path, default=Path("changes.sqlite"))
    options = parser.parse_args()
    with make_server(options.host, options.port, options.file) as server:
        server.serve_forever()


if __name__ == "__main__":
    main()
