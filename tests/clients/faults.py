"""A proxy between a client and collect that fails as networks and platforms do, on a script; then it only forwards."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Condition, Thread
from typing import Literal
from urllib.parse import urlsplit

Refusal = Literal[429, 503]
Loss = Literal["answer", "connection"]
"""What is lost once collect has taken a request: the client is told 503, or nothing. Exactly-once depends on these:
the client must send again what has been taken.
"""

HOP_HEADERS = frozenset(("connection", "transfer-encoding", "content-length", "keep-alive"))
FORWARD_WITHIN_S = 30


class FaultProxy:
    """Forwards POST to the upstream. The first requests are refused; of the first taken, the answer is lost."""

    def __init__(self, upstream: str, refusals: Sequence[Refusal], losses: Sequence[Loss]) -> None:
        self._upstream = urlsplit(upstream)
        self._refusals = list(reversed(refusals))
        self._losses = list(reversed(losses))
        self._changed = Condition()
        self.answers: Counter[int] = Counter()
        """Statuses that collect itself answered."""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    @property
    def is_spent(self) -> bool:
        """Whether every fault has happened."""
        return not self._refusals and not self._losses

    def next_refusal(self) -> Refusal | None:
        with self._changed:
            return self._refusals.pop() if self._refusals else None

    def next_loss(self) -> Loss | None:
        with self._changed:
            return self._losses.pop() if self._losses else None

    def forward(self, path: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        connection = HTTPConnection(str(self._upstream.hostname), self._upstream.port, timeout=FORWARD_WITHIN_S)
        try:
            connection.request("POST", path, body, headers)
            answer = connection.getresponse()
            status, read = answer.status, answer.read()
        finally:
            connection.close()
        with self._changed:
            self.answers[status] += 1
            self._changed.notify_all()
        kept = {name: value for name, value in answer.getheaders() if name.lower() not in HOP_HEADERS}
        return status, kept, read

    def wait_for_answer(self, status: int, times: int) -> None:
        """Return when collect has answered so, so often."""
        with self._changed:
            self._changed.wait_for(lambda: self.answers[status] >= times)

    @contextmanager
    def serving(self) -> Iterator["FaultProxy"]:
        thread = Thread(target=self._server.serve_forever, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()


def _handler(proxy: FaultProxy) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if refusal := proxy.next_refusal():
                self._answer(refusal, {"retry-after": "1"}, b'{"code":"later","message":"come again"}')
                return
            status, headers, answer = proxy.forward(self.path, dict(self.headers.items()), body)
            loss = proxy.next_loss() if status in (200, 202) else None
            if loss == "connection":
                self.close_connection = True
            elif loss == "answer":
                self._answer(503, {}, b"upstream connect error")
            else:
                self._answer(status, headers, answer)

        def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing: tests read counters."""

    return Handler
