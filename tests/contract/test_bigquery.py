"""What only BigQuery does: its emulator has no streaming buffer."""

import asyncio
import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
from google.api_core.exceptions import BadRequest

from shared import wiring
from shared.errors import RetryableError
from tests.contract.conftest import gcp_settings

TOO_NEW = (
    "UPDATE or DELETE statement over table p.d.events would affect rows in the streaming buffer, which is not supported"
)


@pytest.fixture(params=[TOO_NEW, "Syntax error: Unexpected end of script"])
def refusing(request: pytest.FixtureRequest) -> Iterator[tuple[str, str]]:
    """An address that answers each query as BigQuery does one that it refuses, and why."""
    message: str = request.param

    class Refuses(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            error = {"code": 400, "message": message, "errors": [{"reason": "invalidQuery", "message": message}]}
            body = json.dumps({"error": error}).encode()
            self.send_response(400)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: object) -> None:
            """Silent."""

    with HTTPServer(("127.0.0.1", 0), Refuses) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", message
        server.shutdown()


def test_rows_too_new_to_be_deleted_are_tried_again_later(refusing: tuple[str, str]) -> None:
    url, message = refusing
    warehouse = wiring.warehouse(gcp_settings(url))
    with pytest.raises(RetryableError if message == TOO_NEW else BadRequest):
        warehouse.run("DELETE FROM events WHERE TRUE")
    asyncio.run(wiring.close_all())
