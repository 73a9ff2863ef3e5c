"""A proxy before a stack that fails as networks and platforms do: 429, 503, and answers that get lost."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread

import httpx

LOST = 0
"""A fault: the request is handed on, and its answer never comes back."""

HOP = frozenset(("connection", "keep-alive", "transfer-encoding", "content-length", "content-encoding", "host"))


class Faults:
    """What the next POSTs meet, one fault each, and what has been met."""

    def __init__(self, planned: Sequence[int]):
        self.url = ""
        self.met: Counter[int] = Counter()
        self._planned = list(planned)
        self._lock = Lock()

    def next(self) -> int | None:
        with self._lock:
            if not self._planned:
                return None
            fault = self._planned.pop(0)
            self.met[fault] += 1
            return fault


@contextmanager
def faulty(stack_url: str, planned: Sequence[int], retry_after: str = "1") -> Iterator[Faults]:
    """Hand requests on to the stack; the first POSTs meet the planned faults."""
    faults = Faults(planned)

    class Proxy(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._hand_on()

        def do_OPTIONS(self) -> None:
            self._hand_on()

        def do_POST(self) -> None:
            fault = faults.next()
            if fault in (None, LOST):
                self._hand_on(is_lost=fault == LOST)
                return
            self.rfile.read(int(self.headers["content-length"]))
            headers = {"retry-after": retry_after, "access-control-expose-headers": "retry-after"}
            self._answer(fault or 0, {"access-control-allow-origin": "*", **headers}, b"")

        def _hand_on(self, is_lost: bool = False) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP}
            # The host that the browser asked for: the settings of a project name it as their apiHost.
            headers["host"] = self.headers["host"]
            answer = client.request(self.command, stack_url + self.path, content=body, headers=headers)
            if is_lost:
                self.close_connection = True
                return
            kept = {name: value for name, value in answer.headers.items() if name not in HOP}
            self._answer(answer.status_code, kept, answer.content)

        def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
            self.send_response(status)
            for name, value in {**headers, "content-length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with httpx.Client() as client, ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as server:
        server.daemon_threads = True
        faults.url = f"http://127.0.0.1:{server.server_port}"
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield faults
        finally:
            server.shutdown()
            thread.join()
